/** Where an exchange of this package keeps the stream that its request's body comes from: for the forwarder alone. */
export const incoming: unique symbol = Symbol('incoming');
