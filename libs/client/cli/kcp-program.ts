/** `kubectl kcp`: the workspace plugin, and verbs for bindings and definitions. */
import { Command, Option } from 'commander';
import { bindExport } from '../binding/bind-export.ts';
import { decideClaims, printClaims } from '../binding/claims.ts';
import type { SnapshotOptions } from '../definition/snapshot.ts';
import { printSnapshots } from '../definition/snapshot.ts';
import type { Terminal } from '../session.ts';
import type { RunVerb } from './run-command-line.ts';
import { parseDuration, withConnectionFlags, withWorkspaceFlag } from './run-command-line.ts';
import { workspaceProgram } from './workspace-program.ts';

interface BindFlags {
  readonly name?: string;
  readonly timeout: string;
  readonly acceptPermissionClaim?: readonly string[];
  readonly rejectPermissionClaim?: readonly string[];
  readonly acceptAllPermissionClaims?: boolean;
  readonly rejectAllPermissionClaims?: boolean;
}

export function kcpProgram(run: RunVerb, terminal: Terminal): Command {
  const program = new Command('kubectl kcp').description('Work with workspaces and shared APIs');
  program.addCommand(workspaceProgram('workspace', run).aliases(['ws', 'workspaces']));
  addBind(program, run);
  addClaims(program, run);
  addDefinitions(program, terminal);
  return program;
}

function splitCommas(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...text.split(',').filter((part) => part !== '')];
}

function addBind(program: Command, run: RunVerb): void {
  const bind = program.command('bind').description('Bind what another workspace offers');
  withWorkspaceFlag(withConnectionFlags(bind.command('apiexport <path:name>')))
    .description('Bind an APIExport and wait until it is bound')
    .option('--name <name>', 'name of the APIBinding; that of the export if absent')
    .option('--timeout <duration>', 'how long to wait', '30s')
    .option('--accept-permission-claim <claims>', 'claims to accept: resource.group[,resource.group]', splitCommas)
    .option('--reject-permission-claim <claims>', 'claims to reject', splitCommas)
    .option('--accept-all-permission-claims', 'accept all claims')
    .option('--reject-all-permission-claims', 'reject all claims')
    .action(async (reference: string, flags: BindFlags, command: Command) => {
      await run(command, async (session) => {
        await bindExport(session, {
          reference,
          name: flags.name,
          timeout: parseDuration(flags.timeout) ?? Number.POSITIVE_INFINITY,
          accept: flags.acceptPermissionClaim ?? [],
          reject: flags.rejectPermissionClaim ?? [],
          acceptAll: flags.acceptAllPermissionClaims === true,
          rejectAll: flags.rejectAllPermissionClaims === true,
        });
      });
    });
}

function addClaims(program: Command, run: RunVerb): void {
  const claims = program.command('claims').description('See and decide what providers may do here');
  const get = claims.command('get').description('Print claims');
  withWorkspaceFlag(withConnectionFlags(get.command('apibinding [name]'))).action(
    async (name: string | undefined, _flags: unknown, command: Command) => {
      await run(command, async (session) => await printClaims(session, name));
    },
  );
  for (const action of ['accept', 'reject'] as const) {
    withWorkspaceFlag(withConnectionFlags(claims.command(`${action} <binding>`)))
      .description(`${action === 'accept' ? 'Accept' : 'Reject'} the claims of an APIBinding`)
      .option('--resource <resource.group>', 'this claim alone')
      .option('--identity-hash <hash>', 'and of this identity alone')
      .action(
        async (
          binding: string,
          flags: { readonly resource?: string; readonly identityHash?: string },
          command: Command,
        ) => {
          await run(command, async (session) => await decideClaims(session, { ...flags, binding, action }));
        },
      );
  }
}

interface SnapshotFlags {
  readonly filename: string;
  readonly prefix: string;
  readonly output: SnapshotOptions['output'];
}

function addDefinitions(program: Command, terminal: Terminal): void {
  const definitions = program.command('crd').description('CustomResourceDefinitions as what an APIExport offers');
  definitions
    .command('snapshot')
    .description('Print the APIResourceSchemas of CustomResourceDefinitions')
    .requiredOption('-f, --filename <file>', 'the definitions; - for standard input')
    .requiredOption('--prefix <prefix>', 'what the names of the schemas begin with')
    .addOption(new Option('-o, --output <form>', 'yaml or json').choices(['yaml', 'json']).default('yaml'))
    .action(async ({ filename: file, prefix, output }: SnapshotFlags) => {
      await printSnapshots({ file, prefix, output }, terminal.print);
    });
}
