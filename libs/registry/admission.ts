/**
 * What is asked of every write between its decoding and its commit, and of every connection before
 * it is opened. The registry runs it in its one write path; `@kcp-ts/admission` makes it of
 * plugins.
 */
import type { KubeObject } from '@kcp-ts/api';
import type { Operation } from '@kcp-ts/storage';
import type { WriteContext } from './served-resource.ts';

/** A write as admission sees it (k8s.io/apiserver's admission.Attributes). */
export type Attributes = WriteContext &
  (
    | { readonly operation: 'CREATE'; readonly object: KubeObject; readonly oldObject: undefined }
    | { readonly operation: 'UPDATE'; readonly object: KubeObject; readonly oldObject: KubeObject }
    | { readonly operation: 'DELETE'; readonly object: undefined; readonly oldObject: KubeObject }
    /** A connection to a subresource of the named object; admission sees it before it is opened. */
    | {
        readonly operation: 'CONNECT';
        readonly name: string;
        readonly object: undefined;
        readonly oldObject: undefined;
      }
  );

export interface Admission {
  /**
   * May change the object, which is of the requested version; throws a StatusError to refuse it.
   * `complete` prunes and defaults the object again: it is called after each change of more than
   * metadata.
   */
  admit(attributes: Attributes, complete: () => void): void | Promise<void>;
  /** Sees the object as it will be stored; throws a StatusError to refuse it. */
  validate(attributes: Attributes): void | Promise<void>;
  /**
   * Completes the object by what other objects of the store say, in the turn of its commit, and
   * throws for what must not be there now: what it has read is what the returned conditions rely
   * on. Called again, with the same object, where they did not hold. Called for CREATE and UPDATE
   * alone: nothing else stores an object.
   */
  settle(attributes: Attributes): readonly Operation[];
}

/** Of a registry that takes what it is given. */
export const noAdmission: Admission = { admit: () => undefined, validate: () => undefined, settle: () => [] };

/** The attributes of a create or, where there is an old object, of an update. */
export function attributesOfWrite(
  context: WriteContext,
  object: KubeObject,
  oldObject: KubeObject | undefined,
): Attributes {
  return oldObject === undefined
    ? { ...context, operation: 'CREATE', object, oldObject }
    : { ...context, operation: 'UPDATE', object, oldObject };
}
