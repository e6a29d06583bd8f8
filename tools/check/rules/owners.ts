import type { Finding } from '../finding.ts';
import type { Project } from '../project.ts';
import { isTestSupport } from '../project.ts';
import type { GlobalName } from '../source-file.ts';

interface Owner {
  readonly modules: RegExp;
  readonly owner: RegExp;
  readonly cure: string;
}

/** Modules that one package imports, so that it alone decides how they are used. */
const owners: readonly Owner[] = [
  {
    modules: /^(node:)?(https?|http2|tls|net|dns|dgram)(\/|$)/,
    owner: /^(libs\/http\/|libs\/base\/(ip|free-ports)\.ts$|tools\/load\/)/,
    cure: 'use createHttpServer or createHttpClient of @kcp-ts/http',
  },
  {
    modules: /^(node:)?timers(\/|$)/,
    owner: /^libs\/base\//,
    cure: 'take a Clock of @kcp-ts/base as a parameter',
  },
  { modules: /^lmdb(\/|$)/, owner: /^libs\/storage\/lmdb\//, cure: 'use the Store interface of @kcp-ts/storage' },
  { modules: /^@grpc\/grpc-js(\/|$)/, owner: /^libs\/rpc\//, cure: 'use the clients and servers of @kcp-ts/rpc' },
  { modules: /^@nats-io\//, owner: /^libs\/bus\/nats\//, cure: 'use the Bus interface of @kcp-ts/bus' },
  { modules: /^prom-client$/, owner: /^libs\/observability\//, cure: 'describe the metric to @kcp-ts/observability' },
  { modules: /^jose(\/|$)/, owner: /^libs\/authn\//, cure: 'sign and verify with @kcp-ts/authn' },
  { modules: /^@peculiar\/x509$/, owner: /^libs\/pki\//, cure: 'make and read certificates with @kcp-ts/pki' },
  { modules: /^re2js$/, owner: /^libs\/schema\//, cure: 'compile the pattern with @kcp-ts/schema' },
];

const clock = { owner: /^libs\/base\//, cure: 'take a Clock of @kcp-ts/base as a parameter' };

const ownersOfGlobals: Readonly<Record<GlobalName, { readonly owner: RegExp; readonly cure: string }>> = {
  'process.env': {
    owner: /(^|\/)(config|options|main)\.ts$/,
    cure: "read it in the program's config.ts and pass the value by name",
  },
  'Date.now()': clock,
  'new Date()': clock,
  setTimeout: clock,
  setInterval: clock,
  setImmediate: { owner: clock.owner, cure: 'use nextTurn of @kcp-ts/base, or take it as a parameter' },
  'Math.random()': { owner: clock.owner, cure: 'take a Random of @kcp-ts/base as a parameter' },
};

/** Modules and globals are used by those who own them. Tests may use all of them. */
export function checkOwners(project: Project): readonly Finding[] {
  return project.files
    .filter((file) => !isTestSupport(file.path))
    .flatMap(({ path, imports, uses }): readonly Finding[] => [
      ...imports.flatMap(({ specifier, line }) =>
        owners
          .filter(({ modules, owner }) => modules.test(specifier) && !owner.test(path))
          .map(({ cure }): Finding => {
            const message = `${specifier} is imported outside the package that owns it: ${cure}`;
            return { rule: 'module-owner', path, line, message };
          }),
      ),
      ...uses
        .filter(({ what }) => !ownersOfGlobals[what].owner.test(path))
        .map(({ what, line }): Finding => {
          const message = `${what} is used outside the files that may: ${ownersOfGlobals[what].cure}`;
          return { rule: 'global', path, line, message };
        }),
    ]);
}
