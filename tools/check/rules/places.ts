import type { Finding } from '../finding.ts';
import type { Project } from '../project.ts';
import { isTestSupport } from '../project.ts';
import type { Use } from '../source-file.ts';

interface Place {
  readonly what: string;
  readonly modules: RegExp;
  readonly inside: RegExp;
  readonly cure: string;
}

const places: readonly Place[] = [
  {
    what: 'sockets',
    modules: /^(node:)?(https?|http2|tls|net|dns|dgram)(\/|$)/,
    inside: /^(libs\/http\/|libs\/base\/(ip|free-ports)\.ts$|tools\/load\/|tests\/)/,
    cure: 'use createHttpServer or createHttpClient of @kcp-ts/http',
  },
  {
    what: 'lmdb',
    modules: /^lmdb(\/|$)/,
    inside: /^libs\/storage\/lmdb\//,
    cure: 'use the Store interface of @kcp-ts/storage',
  },
  {
    what: 'gRPC',
    modules: /^@grpc\/grpc-js(\/|$)/,
    inside: /^libs\/rpc\//,
    cure: 'use the clients and servers of @kcp-ts/rpc',
  },
  {
    what: 'NATS',
    modules: /^@nats-io\//,
    inside: /^libs\/bus\/nats\//,
    cure: 'use the Bus interface of @kcp-ts/bus',
  },
];

const placesOfUses: Readonly<Record<Use['what'], { readonly inside: RegExp; readonly cure: string }>> = {
  'process.env': { inside: /(^|\/)(config|main)\.ts$/, cure: 'read it in a config.ts and pass the value by name' },
  'Date.now()': { inside: /^libs\/base\//, cure: 'take a Clock of @kcp-ts/base as a parameter' },
  'new Date()': { inside: /^libs\/base\//, cure: 'take a Clock of @kcp-ts/base as a parameter' },
  'Math.random()': { inside: /^libs\/base\//, cure: 'take a Random of @kcp-ts/base as a parameter' },
};

/** Dangerous things live in one room each. Tests may go anywhere. */
export function checkPlaces(project: Project): readonly Finding[] {
  return project.files
    .filter((file) => !isTestSupport(file.path))
    .flatMap((file) => [
      ...file.imports.flatMap((entry) =>
        places
          .filter((place) => place.modules.test(entry.specifier) && !place.inside.test(file.path))
          .map((place) => ({
            path: file.path,
            line: entry.line,
            message: `${entry.specifier} is imported outside the room for ${place.what}: ${place.cure}`,
          })),
      ),
      ...file.uses
        .filter((use) => !placesOfUses[use.what].inside.test(file.path))
        .map((use) => ({
          path: file.path,
          line: use.line,
          message: `${use.what} is used outside its place: ${placesOfUses[use.what].cure}`,
        })),
    ]);
}
