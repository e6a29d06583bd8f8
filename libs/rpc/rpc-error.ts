import { status } from '@grpc/grpc-js';

/** gRPC's status codes by name, as far as we use or meet them. */
export type RpcCode =
  | 'cancelled'
  | 'unknown'
  | 'invalid-argument'
  | 'deadline-exceeded'
  | 'not-found'
  | 'already-exists'
  | 'permission-denied'
  | 'resource-exhausted'
  | 'failed-precondition'
  | 'aborted'
  | 'out-of-range'
  | 'unimplemented'
  | 'internal'
  | 'unavailable'
  | 'unauthenticated';

const codes: Readonly<Record<RpcCode, number>> = {
  cancelled: status.CANCELLED,
  unknown: status.UNKNOWN,
  'invalid-argument': status.INVALID_ARGUMENT,
  'deadline-exceeded': status.DEADLINE_EXCEEDED,
  'not-found': status.NOT_FOUND,
  'already-exists': status.ALREADY_EXISTS,
  'permission-denied': status.PERMISSION_DENIED,
  'resource-exhausted': status.RESOURCE_EXHAUSTED,
  'failed-precondition': status.FAILED_PRECONDITION,
  aborted: status.ABORTED,
  'out-of-range': status.OUT_OF_RANGE,
  unimplemented: status.UNIMPLEMENTED,
  internal: status.INTERNAL,
  unavailable: status.UNAVAILABLE,
  unauthenticated: status.UNAUTHENTICATED,
};

const names = new Map(Object.entries(codes).map(([name, code]) => [code, name as RpcCode]));

/** What a call fails with, on both sides. */
export class RpcError extends Error {
  readonly code: RpcCode;

  constructor(code: RpcCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RpcError';
    this.code = code;
  }
}

/** The error that a call of the library ended with, as ours. */
export function rpcErrorOf(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown;
  const { code, details, message } = thrown as { code?: number; details?: string; message?: string };
  const name = code === undefined ? undefined : names.get(code);
  return new RpcError(name ?? 'unknown', details ?? message ?? String(thrown), { cause: thrown });
}

/** What the library wants of a handler that failed. */
export function serviceErrorOf(thrown: unknown): { readonly code: number; readonly details: string } {
  if (thrown instanceof RpcError) return { code: codes[thrown.code], details: thrown.message };
  return { code: status.INTERNAL, details: thrown instanceof Error ? thrown.message : 'internal error' };
}
