/** WorkspaceTypes: a type's author answers for the exports that its workspaces will bind. */
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Strategy, WriteContext } from '@kcp-ts/registry';
import type { PathReference, WorkspaceType } from '@kcp-ts/tenancy';
import { meantClustersAnnotation, pathAnnotation, recordMeantClusters } from '@kcp-ts/tenancy';
import type { BindCheck } from '../../common/bind-check.ts';

export interface WorkspaceTypesDependencies extends BindCheck {
  /**
   * The logical cluster of what a type refers to, as far as the user of a write may know of it:
   * undefined as well where there is none, and where the path cannot mean another.
   */
  meantBy(context: WriteContext, reference: PathReference): string | undefined;
}

const reservedNames = ['any', 'system'];

function missingPaths(object: WorkspaceType): FieldError[] {
  const { limitAllowedChildren, limitAllowedParents } = object.spec ?? {};
  const errors: FieldError[] = [];
  for (const [field, limit] of [
    ['limitAllowedChildren', limitAllowedChildren],
    ['limitAllowedParents', limitAllowedParents],
  ] as const) {
    const types: unknown = limit?.types;
    if (!Array.isArray(types)) continue;
    for (const [i, type] of (types as unknown[]).entries()) {
      if (typeof type === 'object' && type !== null && !('path' in type))
        errors.push({ kind: 'Required', field: `spec.${field}.types[${i}].path`, message: 'Required value' });
    }
  }
  return errors;
}

function checkBindings(
  deps: BindCheck,
  object: WorkspaceType,
  old: WorkspaceType | undefined,
  context: WriteContext,
): void {
  const before = new Set((old?.spec?.defaultAPIBindings ?? []).map(({ path, export: name }) => `${path}:${name}`));
  for (const { path = deps.pathOf(context.cluster), export: name } of object.spec?.defaultAPIBindings ?? []) {
    if (before.has(`${path}:${name}`) || deps.mayBind(context, path, name)) continue;
    const why = `unable to create or update WorkspaceType: no permission to bind to export ${path}:${name}`;
    throw StatusError.forbidden(context.served.definition, object.metadata.name, why);
  }
}

/** Limits without a path mean types beside this one. */
function defaultPaths(deps: BindCheck, object: KubeObject, context: WriteContext): void {
  const own = deps.pathOf(context.cluster);
  object.metadata.annotations = { ...object.metadata.annotations, [pathAnnotation]: own };
  const { spec } = object as { spec?: { [key: string]: { types?: unknown } | null } | null };
  for (const field of ['limitAllowedChildren', 'limitAllowedParents']) {
    const types = spec?.[field]?.types;
    // It has not been validated yet.
    if (!Array.isArray(types)) continue;
    for (const type of types as unknown[])
      if (typeof type === 'object' && type !== null) (type as { path?: unknown }).path ??= own;
  }
}

function setMeant(
  deps: WorkspaceTypesDependencies,
  object: KubeObject,
  old: KubeObject | undefined,
  context: WriteContext,
): void {
  const meant = recordMeantClusters(object as WorkspaceType, old as WorkspaceType | undefined, (reference) =>
    deps.meantBy(context, reference),
  );
  const { [meantClustersAnnotation]: _before, ...annotations } = object.metadata.annotations ?? {};
  object.metadata.annotations = {
    ...annotations,
    ...(meant === undefined ? {} : { [meantClustersAnnotation]: meant }),
  };
}

export function createWorkspaceTypesStrategy(deps: WorkspaceTypesDependencies): Strategy {
  return {
    prepareCreate(object, context) {
      defaultPaths(deps, object, context);
      setMeant(deps, object, undefined, context);
    },
    prepareUpdate(object, old, context) {
      defaultPaths(deps, object, context);
      setMeant(deps, object, old, context);
    },
    validateCreate(object) {
      const { name } = object.metadata;
      const reserved: FieldError[] = reservedNames.includes(name)
        ? [
            {
              kind: 'Invalid',
              field: 'metadata.name',
              message: `Invalid value: ${JSON.stringify(name)}: name is reserved`,
            },
          ]
        : [];
      return [...reserved, ...missingPaths(object as WorkspaceType)];
    },
    validateUpdate: (object) => missingPaths(object as WorkspaceType),
    admitCreate(object, context) {
      if (object.metadata.name === 'root' && context.cluster !== 'root') {
        throw StatusError.forbidden(
          context.served.definition,
          'root',
          'root workspace type can only be created in root cluster',
        );
      }
      checkBindings(deps, object as WorkspaceType, undefined, context);
    },
    admitUpdate: (object, old, context) => checkBindings(deps, object as WorkspaceType, old as WorkspaceType, context),
  };
}
