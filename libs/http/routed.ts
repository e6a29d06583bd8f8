/**
 * A service that hands a request on by a copy of what shards have says so. A service that does not
 * have what is asked for then answers 421 (RFC 9110, 15.5.20) instead of saying no, and the service
 * finds out where it is by now.
 */
export const routedHeader = 'x-kcp-ts-routed';
export const misdirectedStatus = 421;
