/**
 * A built-in kind is one value: its definition, and the code of what a definition cannot say. Each
 * states what is special about it; what most kinds of its family share is filled in here.
 */
import type { PrinterColumn, ResourceDefinition, SubresourceDefinition, Verb, WriteRules } from '@kcp-ts/api';
import { groupResourceText } from '@kcp-ts/api';
import type { SpecialHandler } from '@kcp-ts/apiserver';
import type { Message } from '@kcp-ts/k8s-protobuf';
import type { Conversion, Strategy } from '@kcp-ts/registry';
import { noStrategy } from '@kcp-ts/registry';
import type { HandlerDependencies } from '../handler-dependencies.ts';
import type { KindDependencies } from '../kind-dependencies.ts';
import { listBoundsOf } from './list-bounds.ts';

/** The code of a kind. */
interface KindCode {
  /** Makes the strategy, once for all definitions that show the same objects. */
  readonly strategy: (deps: KindDependencies) => Strategy;
  /** To and from the version that is stored; absent where versions differ in their name alone. */
  readonly conversion?: Conversion | undefined;
  /** Field numbers, for clients that speak protobuf. */
  readonly protobuf?: Message | undefined;
  /** The same of the kinds that subresources take, by the names of the subresources. */
  readonly subresourceProtobuf?: Readonly<Record<string, Message>> | undefined;
  /** Answers for what is not stored: the kind itself where it is virtual, or a subresource. */
  readonly handler?: ((deps: HandlerDependencies) => SpecialHandler) | undefined;
}

export interface Kind extends KindCode {
  /** It names the strategy by the resource that is stored. */
  readonly definition: ResourceDefinition & { readonly strategy: string };
}

type Given = Pick<ResourceDefinition, 'group' | 'version' | 'kind' | 'plural' | 'schema'> &
  Partial<Omit<ResourceDefinition, 'strategy'>> &
  KindCode;

/** The order in which built-in groups list their verbs. */
const builtinVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];
/** The order in which groups served from definitions list them. */
const customVerbs: readonly Verb[] = [
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'create',
  'update',
  'watch',
];

/** A subresource that reads and writes a part of its parent. */
export function partOf(name: string): SubresourceDefinition {
  return { name, verbs: ['get', 'patch', 'update'] };
}

/** The strategy of a kind whose definition says everything. */
export function definitionOnly(): Strategy {
  return noStrategy;
}

function kindOf(
  { strategy, conversion, protobuf, subresourceProtobuf, handler, ...given }: Given,
  family: Pick<ResourceDefinition, 'verbs' | 'dialect'>,
): Kind {
  const definition = {
    ...family,
    listKind: `${given.kind}List`,
    singular: given.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: false,
    subresources: [],
    columns: [],
    selectableFields: [],
    nameFormat: 'dns-subdomain' as const,
    ...given,
    strategy: groupResourceText({ group: given.aliasOf?.group ?? given.group, plural: given.plural }),
  };
  return { definition, strategy, conversion, protobuf, subresourceProtobuf, handler };
}

/** A kind of Kubernetes' own. */
export function builtinKind(given: Given & { readonly writeRules: WriteRules; readonly protobuf: Message }): Kind {
  return kindOf(given, { verbs: builtinVerbs, dialect: 'builtin' });
}

/** A kind that is answered and never stored. */
export function reviewKind(
  given: Omit<Given, 'strategy'> & { readonly handler: NonNullable<Kind['handler']>; readonly protobuf: Message },
): Kind {
  return kindOf({ ...given, virtual: true, strategy: definitionOnly }, { verbs: ['create'], dialect: 'builtin' });
}

/** A kind of kcp's own; it behaves like a custom kind. */
export function kcpKind(given: Given): Kind {
  const { listBounds = listBoundsOf(given.schema) } = given;
  return kindOf({ categories: ['kcp'], ...given, listBounds }, { verbs: customVerbs, dialect: 'custom' });
}

/** Another version of a kind of kcp's, whose objects are stored in the version of `kind`. */
export function kcpVersion(
  { definition, strategy }: Kind,
  given: Pick<ResourceDefinition, 'version' | 'schema'> &
    Partial<Pick<ResourceDefinition, 'columns'>> &
    Pick<KindCode, 'conversion'>,
): Kind {
  const { listBounds: _, ...shared } = definition;
  return kcpKind({ ...shared, storageVersion: definition.version, ...given, strategy });
}

/** The last column of nearly every custom kind. */
export const ageDate: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
