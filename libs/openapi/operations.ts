/** The calls that a definition serves, in no version of OpenAPI yet. */
import type { ResourceDefinition, SubresourceDefinition } from '@kcp-ts/api';
import { subresourceKind } from './kind-definitions.ts';
import { definitionName, documentKey, metaName, operationScope, operationTag } from './names.ts';
import type { GroupVersionKind } from './open-api-schema.ts';
import type { Parameter } from './query-parameters.ts';
import { nameParameter, namespaceParameter, queryParameters } from './query-parameters.ts';

export interface Operation {
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'patch';
  readonly action: 'get' | 'list' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection';
  readonly description: string;
  readonly operationId: string;
  readonly tag: string;
  readonly kind: GroupVersionKind;
  readonly parameters: readonly Parameter[];
  readonly body?: { readonly definition: string; readonly types: readonly string[]; readonly required: boolean };
  readonly produces: readonly string[];
  /** Status code to definition. */
  readonly responses: Readonly<Record<string, string>>;
}

export interface PathOperations {
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly operations: readonly Operation[];
}

const objectTypes = ['application/json', 'application/yaml'];
const listTypes = [...objectTypes, 'application/json;stream=watch'];
const patchTypes = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json'];
const strategicType = 'application/strategic-merge-patch+json';

/** What the operations on one path speak of. */
interface Target {
  readonly resourceDefinition: ResourceDefinition;
  readonly tag: string;
  /** `CoreV1NamespacedConfigMap`: the end of each operation's id. */
  readonly suffix: string;
  readonly kind: GroupVersionKind;
  readonly definition: string;
}

function writing(target: Target, action: 'post' | 'put', codes: readonly string[]): Operation {
  const { definition, suffix, kind, tag } = target;
  const word = action === 'post' ? 'create' : 'replace';
  return {
    method: action,
    action,
    description:
      action === 'post' ? `create an object of kind ${kind.kind}` : `replace the object of kind ${kind.kind}`,
    operationId: `${word}${suffix}`,
    tag,
    kind,
    parameters: queryParameters.write,
    body: { definition, types: objectTypes, required: true },
    produces: objectTypes,
    responses: Object.fromEntries(codes.map((code) => [code, definition])),
  };
}

function reading(target: Target): Operation {
  const { definition, suffix, kind, tag } = target;
  return {
    method: 'get',
    action: 'get',
    description: `read the object of kind ${kind.kind}`,
    operationId: `read${suffix}`,
    tag,
    kind,
    parameters: queryParameters.get,
    produces: objectTypes,
    responses: { 200: definition },
  };
}

function patching(target: Target): Operation {
  const { definition, suffix, kind, tag, resourceDefinition } = target;
  const types = resourceDefinition.dialect === 'builtin' ? [...patchTypes, strategicType] : patchTypes;
  return {
    method: 'patch',
    action: 'patch',
    description: `change a part of the object of kind ${kind.kind}`,
    operationId: `patch${suffix}`,
    tag,
    kind,
    parameters: queryParameters.patch,
    body: { definition: metaName('Patch'), types, required: true },
    produces: objectTypes,
    responses: { 200: definition, 201: definition },
  };
}

function deleting(target: Target, collection: string | undefined): Operation {
  const { suffix, kind, tag } = target;
  const status = metaName('Status');
  return {
    method: 'delete',
    action: collection === undefined ? 'delete' : 'deletecollection',
    description:
      collection === undefined ? `delete the object of kind ${kind.kind}` : `delete objects of kind ${kind.kind}`,
    operationId: collection ?? `delete${suffix}`,
    tag,
    kind,
    parameters: collection === undefined ? queryParameters.delete : queryParameters.deleteCollection,
    body: { definition: metaName('DeleteOptions'), types: objectTypes, required: false },
    produces: objectTypes,
    responses: collection === undefined ? { 200: status, 202: status } : { 200: status },
  };
}

function listing(target: Target, operationId: string): Operation {
  const { resourceDefinition, kind, tag } = target;
  return {
    method: 'get',
    action: 'list',
    description: `list or watch objects of kind ${kind.kind}`,
    operationId,
    tag,
    kind,
    parameters: queryParameters.list,
    produces: listTypes,
    responses: { 200: definitionName(resourceDefinition, resourceDefinition.listKind) },
  };
}

function collectionOperations(target: Target): Operation[] {
  const { resourceDefinition, suffix } = target;
  const operations: Operation[] = [];
  if (resourceDefinition.verbs.includes('list')) operations.push(listing(target, `list${suffix}`));
  if (resourceDefinition.verbs.includes('create')) operations.push(writing(target, 'post', ['200', '201', '202']));
  if (resourceDefinition.verbs.includes('deletecollection')) {
    const scope = operationScope(resourceDefinition);
    operations.push(deleting(target, `delete${scope}Collection${suffix.slice(scope.length)}`));
  }
  return operations;
}

function itemOperations(target: Target, verbs: readonly string[]): Operation[] {
  const operations: Operation[] = [];
  if (verbs.includes('get')) operations.push(reading(target));
  if (verbs.includes('update')) operations.push(writing(target, 'put', ['200', '201']));
  if (verbs.includes('delete')) operations.push(deleting(target, undefined));
  if (verbs.includes('patch')) operations.push(patching(target));
  return operations;
}

function subresourceOperations(target: Target, sub: SubresourceDefinition): Operation[] {
  const { group, version, kind, definition } = subresourceKind(target.resourceDefinition, sub);
  const suffix = `${target.suffix}${sub.name.charAt(0).toUpperCase()}${sub.name.slice(1)}`;
  const own: Target = { ...target, suffix, definition, kind: { group, version, kind } };
  const operations = itemOperations(own, sub.verbs);
  if (sub.verbs.includes('create')) operations.push(writing(own, 'post', ['200', '201', '202']));
  return operations;
}

export function operationsOf(resourceDefinition: ResourceDefinition): PathOperations[] {
  const root = `/${documentKey(resourceDefinition)}`;
  const base = resourceDefinition.namespaced
    ? `${root}/namespaces/{namespace}/${resourceDefinition.plural}`
    : `${root}/${resourceDefinition.plural}`;
  const scope = operationScope(resourceDefinition);
  const target: Target = {
    resourceDefinition,
    tag: operationTag(resourceDefinition),
    suffix: `${scope}${resourceDefinition.namespaced ? 'Namespaced' : ''}${resourceDefinition.kind}`,
    kind: { group: resourceDefinition.group, version: resourceDefinition.version, kind: resourceDefinition.kind },
    definition: definitionName(resourceDefinition, resourceDefinition.kind),
  };
  const outer = resourceDefinition.namespaced ? [namespaceParameter] : [];
  const onItem = [nameParameter, ...outer];
  const paths: PathOperations[] = [
    { path: base, parameters: outer, operations: collectionOperations(target) },
    { path: `${base}/{name}`, parameters: onItem, operations: itemOperations(target, resourceDefinition.verbs) },
    ...resourceDefinition.subresources.map((sub) => ({
      path: `${base}/{name}/${sub.name}`,
      parameters: onItem,
      operations: subresourceOperations(target, sub),
    })),
  ];
  if (resourceDefinition.namespaced && resourceDefinition.verbs.includes('list')) {
    const everywhere = listing(target, `list${scope}${resourceDefinition.kind}ForAllNamespaces`);
    paths.push({ path: `${root}/${resourceDefinition.plural}`, parameters: [], operations: [everywhere] });
  }
  return paths.filter(({ operations }) => operations.length > 0);
}
