/** A flag that cannot be used, said so that a person can mend it. */
export class WrongOption extends Error {}
