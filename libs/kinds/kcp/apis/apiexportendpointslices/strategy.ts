/** APIExportEndpointSlices: for an export that exists and may be bound, for ever the same one. */
import { StatusError } from '@kcp-ts/api';
import type { Strategy } from '@kcp-ts/registry';
import { unchanged } from '../../../common/immutable.ts';
import type { BindCheck } from '../../common/bind-check.ts';

interface Slice {
  readonly spec?: { readonly export?: { readonly path?: string; readonly name?: string } };
}

export function createApiExportEndpointSlicesStrategy(deps: BindCheck): Strategy {
  return {
    validateUpdate: (object, old) =>
      unchanged(
        'spec.export',
        (old as Slice).spec?.export,
        (object as Slice).spec?.export,
        'APIExport reference must not be changed',
      ),
    admitCreate(object, context) {
      const { path = deps.pathOf(context.cluster), name = '' } = (object as Slice).spec?.export ?? {};
      if (deps.mayBind(context, path, name)) return;
      const why = `unable to create APIExportEndpointSlice: no permission to bind to export ${path}:${name}`;
      throw StatusError.forbidden(context.served.definition, object.metadata.name, why);
    },
  };
}
