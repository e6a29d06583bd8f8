/** A folder that the program must not use, said so that a person can mend it. */
export class UnusableDirectory extends Error {}
