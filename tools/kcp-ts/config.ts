/** The environment that flags are completed from, read once. */
export const environment: Readonly<Record<string, string | undefined>> = process.env;
