/**
 * The one error class that crosses packages: a Kubernetes Status that has not been sent yet.
 * Messages are Kubernetes' own, since clients match them.
 */
import type { FieldError } from './field-error.ts';
import { causeReasonOf } from './field-error.ts';

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, never>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

const httpCode = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  NotImplemented: 501,
  ServiceUnavailable: 503,
  Timeout: 504,
} as const;

export type StatusReason = keyof typeof httpCode;

/** What a Status names: the resource (`plural`) for most reasons, the kind for Invalid. */
export interface Subject {
  readonly group: string;
  readonly plural: string;
}

function qualified(subject: Subject): string {
  return subject.group === '' ? subject.plural : `${subject.plural}.${subject.group}`;
}

function subjectDetails(subject: Subject, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(subject.group === '' ? {} : { group: subject.group }),
    kind: subject.plural,
  };
}

/**
 * Clients read what is wrong, and a list of what is wrong with three megabytes may be longer than
 * they are: texts and causes end here.
 */
const messageMax = 32 * 1024;
const causeMessageMax = 4 * 1024;
const causesMax = 256;

function shortened(text: string, max = messageMax): string {
  return text.length <= max ? text : `${text.slice(0, max)} ...`;
}

export class StatusError extends Error {
  readonly reason: StatusReason;
  readonly code: number;
  readonly details: StatusDetails | undefined;

  constructor(
    reason: StatusReason,
    message: string,
    details?: StatusDetails,
    options?: { readonly cause?: unknown; readonly code?: number },
  ) {
    super(shortened(message), options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StatusError';
    this.reason = reason;
    this.code = options?.code ?? httpCode[reason];
    this.details = details;
  }

  /** The Status as it is sent. The cause stays here: it is for the log. */
  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }

  /**
   * Anything that was thrown, as a StatusError; what is not ours becomes an InternalError whose
   * message says nothing of its cause.
   */
  static from(thrown: unknown): StatusError {
    if (thrown instanceof StatusError) return thrown;
    return new StatusError(
      'InternalError',
      'Internal error occurred: the server could not complete the request',
      undefined,
      { cause: thrown },
    );
  }

  static badRequest(message: string): StatusError {
    return new StatusError('BadRequest', message);
  }

  static notFound(subject: Subject, name: string): StatusError {
    return new StatusError(
      'NotFound',
      `${qualified(subject)} ${JSON.stringify(name)} not found`,
      subjectDetails(subject, name),
    );
  }

  /** For a path or group that is not served. */
  static pathNotFound(): StatusError {
    return new StatusError('NotFound', 'the server could not find the requested resource', {});
  }

  static alreadyExists(subject: Subject, name: string): StatusError {
    return new StatusError(
      'AlreadyExists',
      `${qualified(subject)} ${JSON.stringify(name)} already exists`,
      subjectDetails(subject, name),
    );
  }

  static conflict(
    subject: Subject,
    name: string,
    why = 'the object has been modified; please apply your changes to the latest version and try again',
  ): StatusError {
    return new StatusError(
      'Conflict',
      `Operation cannot be fulfilled on ${qualified(subject)} ${JSON.stringify(name)}: ${why}`,
      subjectDetails(subject, name),
    );
  }

  static forbidden(subject: Subject, name: string, why: string): StatusError {
    const named = name === '' ? qualified(subject) : `${qualified(subject)} ${JSON.stringify(name)}`;
    return new StatusError('Forbidden', `${named} is forbidden: ${why}`, subjectDetails(subject, name));
  }

  /** 422 with a cause for each field; `kind` is the object's kind. */
  static invalid(
    kind: { readonly group: string; readonly kind: string },
    name: string,
    found: readonly FieldError[],
  ): StatusError {
    const errors = found.slice(0, causesMax).map((error) => ({
      kind: error.kind,
      field: shortened(error.field, causeMessageMax),
      message: shortened(error.message, causeMessageMax),
    }));
    // What is said twice is read once, as Kubernetes' aggregated errors are.
    const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
    if (found.length > causesMax) texts.push(`and ${found.length - causesMax} more`);
    const summary = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
    const qualifiedKind = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
    return new StatusError('Invalid', `${qualifiedKind} ${JSON.stringify(name)} is invalid: ${summary}`, {
      ...(name === '' ? {} : { name }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      ...(kind.kind === '' ? {} : { kind: kind.kind }),
      causes: errors.map((error) => ({
        reason: causeReasonOf(error.kind),
        message: error.message,
        field: error.field,
      })),
    });
  }

  static expired(message: string): StatusError {
    return new StatusError('Expired', message);
  }

  static methodNotAllowed(message = 'the server does not allow this method on the requested resource'): StatusError {
    return new StatusError('MethodNotAllowed', message, {});
  }
}
