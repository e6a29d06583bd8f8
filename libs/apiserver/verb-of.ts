import type { ApiPath, Verb } from '@kcp-ts/api';
import type { Query } from './query.ts';
import { isTrue } from './query.ts';

/** The verb that authorization is asked about, from the method and the shape of the path. */
export function verbOf(method: string, api: ApiPath, query: Query): Verb | undefined {
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (api.watch) return 'watch';
      if (api.name !== '') return 'get';
      return isTrue(query, 'watch') ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return api.name === '' ? 'deletecollection' : 'delete';
    default:
      return undefined;
  }
}
