/** Texts by file name: what a Secret or a folder holds. */
export type CredentialData = Readonly<Record<string, string>>;

/** Where credentials are kept. */
export interface CredentialStore {
  /** Undefined where there is none of that name. */
  read(name: string): Promise<CredentialData | undefined>;
  /** Puts it in place of what was read last under that name, and rejects where that has changed. */
  write(name: string, data: CredentialData): Promise<void>;
}
