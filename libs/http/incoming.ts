/**
 * Where an exchange of this package gives away the stream that its request's body comes from: for
 * the forwarder alone. Until the body has ended the request does not count as under way.
 */
export const takeIncoming: unique symbol = Symbol('takeIncoming');
