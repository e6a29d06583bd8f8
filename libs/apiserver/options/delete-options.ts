/**
 * DeleteOptions come in the body or, where there is none, in the query: never from both, as in
 * k8s.io/apiserver's handlers/delete.go. What is not decoded as what it is deletes nothing.
 */

import type { FieldError, JsonSchema } from '@kcp-ts/api';
import { invalidValue, StatusError, unsupportedValue } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import type { Propagation } from '@kcp-ts/registry';
import { compileSchema, isJsonObject } from '@kcp-ts/schema';
import type { ApiRequest } from '../api-request.ts';
import type { Query } from '../query.ts';
import type { BodyDependencies } from '../read-body.ts';
import { readOptionalBody } from '../read-body.ts';
import { integerOf, switchOf } from './query-values.ts';
import { dryRunErrors, invalidOptions } from './write-options.ts';

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly propagation: Propagation | undefined;
  /** What the object must still be. */
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/** As they are sent. */
interface SentOptions {
  readonly dryRun?: readonly string[] | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly orphanDependents?: boolean | undefined;
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined };
  readonly propagationPolicy?: string | undefined;
}

const bodyBytesMax = 1 << 20;
const policies = ['Foreground', 'Background', 'Orphan'];
const text: JsonSchema = { type: 'string' };

/** The titles are Go's types, for the texts of its decoder. */
const schema = compileSchema(
  {
    type: 'object',
    properties: {
      dryRun: { type: 'array', items: text },
      gracePeriodSeconds: { type: 'integer', format: 'int64' },
      ignoreStoreReadErrorWithClusterBreakingPotential: { type: 'boolean' },
      orphanDependents: { type: 'boolean' },
      preconditions: {
        type: 'object',
        title: 'Preconditions',
        properties: { resourceVersion: text, uid: { type: 'string', title: 'types.UID' } },
      },
      propagationPolicy: { type: 'string', title: 'v1.DeletionPropagation' },
    },
  },
  { dialect: 'builtin', kind: 'DeleteOptions' },
);

const envelopeType =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** Kubernetes reads kind and apiVersion before it knows what a body is. */
function checkEnvelope(value: unknown): asserts value is Record<string, unknown> {
  const refuse = (sent: unknown, target: string) =>
    StatusError.badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${kindOf(sent)} into Go ${target}`,
    );
  if (!isJsonObject(value)) throw refuse(value, `value of type ${envelopeType}`);
  for (const field of ['apiVersion', 'kind']) {
    const sent = value[field];
    if (sent !== undefined && sent !== null && typeof sent !== 'string')
      throw refuse(sent, `struct field .${field} of type string`);
  }
  const { kind, apiVersion } = value as { readonly kind?: string | null; readonly apiVersion?: string | null };
  if (kind === undefined || kind === null || kind === '' || kind === 'DeleteOptions') return;
  const version = JSON.stringify(apiVersion || 'v1');
  throw StatusError.badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${version}`);
}

function optionsOfBody(value: unknown): SentOptions {
  if (value === null) return {};
  checkEnvelope(value);
  const { error } = schema.decode(value);
  if (error !== undefined) throw StatusError.badRequest(error);
  return value as SentOptions;
}

function optionsOfQuery(query: Query): SentOptions {
  return {
    dryRun: query.all('dryRun'),
    gracePeriodSeconds: integerOf(query, 'gracePeriodSeconds'),
    orphanDependents: switchOf(query, 'orphanDependents'),
    preconditions: {
      uid: query.get('uid') || undefined,
      resourceVersion: query.get('resourceVersion') || undefined,
    },
    propagationPolicy: query.get('propagationPolicy'),
  };
}

function optionsErrors(sent: SentOptions): FieldError[] {
  const { propagationPolicy: policy, orphanDependents, dryRun = [] } = sent;
  const errors: FieldError[] = [];
  if (policy !== undefined && orphanDependents !== undefined) {
    const why = 'orphanDependents and deletionPropagation cannot be both set';
    errors.push(invalidValue('propagationPolicy', policy, why));
  }
  if (policy !== undefined && !policies.includes(policy))
    errors.push(unsupportedValue('propagationPolicy', policy, [...policies, 'nil']));
  return [...errors, ...dryRunErrors(dryRun)];
}

/**
 * The options of a delete or deletecollection. Throws StatusError BadRequest for what cannot be
 * decoded, UnsupportedMediaType for a body of another media type and Invalid for options that
 * contradict each other.
 */
export async function readDeleteOptions(
  request: ApiRequest,
  deps: Pick<BodyDependencies, 'yaml' | 'protobuf'>,
  slices: Slices,
): Promise<DeleteOptions> {
  const decoding = { strict: false, as: 'options' } as const;
  const body = await readOptionalBody(
    request,
    { bodyBytesMax, yaml: deps.yaml, protobuf: deps.protobuf },
    decoding,
    slices,
  );
  const sent = body === undefined ? optionsOfQuery(request.query) : optionsOfBody(body.value);
  const errors = optionsErrors(sent);
  if (errors.length > 0) throw invalidOptions('DeleteOptions', errors);
  const { propagationPolicy, orphanDependents, preconditions, dryRun = [] } = sent;
  const legacy = orphanDependents === undefined ? undefined : orphanDependents ? 'Orphan' : 'Background';
  return {
    dryRun: dryRun.length > 0,
    propagation: (propagationPolicy as Propagation | undefined) ?? legacy,
    uid: preconditions?.uid,
    resourceVersion: preconditions?.resourceVersion,
  };
}
