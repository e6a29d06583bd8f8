import type { Peer } from './peer.ts';

/** Of a connection without a certificate. */
export const anonymousPeer = {} as Peer;
