/**
 * What `kcp-ts credentials` makes, as its configuration file lists it: in order, since a
 * certificate needs its authority first.
 */
import type { CertificateUsage, KeyKind } from '@kcp-ts/pki';

/** Keys: `tls.crt`, `tls.key`, `ca.crt`. */
export interface WantedAuthority {
  readonly kind: 'Authority';
  readonly name: string;
  readonly commonName: string;
  readonly key: KeyKind;
}

/** Keys: `tls.crt`, with the authority behind it, `tls.key`, `ca.crt`. */
export interface WantedCertificate {
  readonly kind: 'Certificate';
  readonly name: string;
  /** The name of an Authority. */
  readonly authority: string;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly usages: readonly CertificateUsage[];
  readonly hosts: readonly string[];
}

/**
 * The key that signs tokens of service accounts. Keys: `sa.key`, and `sa.pub` with the public half;
 * both are the operator's from then on, to rotate.
 */
export interface WantedSigningKey {
  readonly kind: 'SigningKey';
  readonly name: string;
}

/** A token file with a token for each user. Key: `tokens.csv`; lines of others are kept. */
export interface WantedTokens {
  readonly kind: 'Tokens';
  readonly name: string;
  readonly users: readonly { readonly name: string; readonly groups: readonly string[] }[];
}

/** Key: `password`. */
export interface WantedPassword {
  readonly kind: 'Password';
  readonly name: string;
}

/**
 * The users of NATS, for the configuration of its servers to include. Key: `users.conf`.
 */
export interface WantedNatsUsers {
  readonly kind: 'NatsUsers';
  readonly name: string;
  readonly users: readonly {
    readonly name: string;
    /** The name of a Password. */
    readonly password: string;
    /** Whose feed the user publishes; '' for one that only follows. */
    readonly shard: string;
  }[];
}

/** For an administrator with a token. Key: `kubeconfig`. */
export interface WantedKubeconfig {
  readonly kind: 'Kubeconfig';
  readonly name: string;
  readonly server: string;
  /** The name of what has `ca.crt`, which clients trust. */
  readonly authority: string;
  /** The name of Tokens. */
  readonly tokens: string;
  readonly user: string;
}

export type Wanted =
  | WantedAuthority
  | WantedCertificate
  | WantedSigningKey
  | WantedTokens
  | WantedPassword
  | WantedNatsUsers
  | WantedKubeconfig;

export interface WantedCredentials {
  /** Of the Secrets that are made. */
  readonly labels: Readonly<Record<string, string>>;
  readonly credentials: readonly Wanted[];
}
