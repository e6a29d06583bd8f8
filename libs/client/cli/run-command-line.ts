/**
 * The frame of every plugin: flags, a session, one verb, and an error as one line on standard
 * error.
 */
import { createSystemClock, pauseAlive } from '@kcp-ts/base';
import type { Command } from 'commander';
import type { ConnectionOverrides } from '../kubeconfig/connection.ts';
import { kubeconfigPaths } from '../kubeconfig/kubeconfig.ts';
import type { Session, Terminal } from '../session.ts';
import { openSession } from '../session.ts';

/** The part of `process` that a plugin needs; a test passes its own. */
export interface Machine {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: {
    write(text: string): unknown;
    on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  };
  exit(code: number): void;
  readonly stderr: { write(text: string): unknown };
}

/** Runs one verb in a session made of the command's own flags. */
export type RunVerb = (command: Command, verb: (session: Session) => Promise<void>) => Promise<void>;

interface SharedFlags {
  readonly kubeconfig?: string;
  readonly workspace?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly server?: string;
  readonly token?: string;
  readonly certificateAuthority?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly requestTimeout?: string;
}

/** Adds kubectl's own flags for reaching a server. */
export function withConnectionFlags(command: Command): Command {
  return command
    .option('--kubeconfig <path>', 'path to the kubeconfig file')
    .option('--context <name>', 'the context to use')
    .option('--cluster <name>', 'the cluster entry to use')
    .option('--user <name>', 'the user entry to use')
    .option('-s, --server <url>', 'address of the server')
    .option('--token <token>', 'bearer token')
    .option('--certificate-authority <path>', 'certificates to trust')
    .option('--client-certificate <path>', 'client certificate')
    .option('--client-key <path>', 'key of the client certificate')
    .option('--tls-server-name <name>', 'name to expect in the certificate of the server')
    .option('--insecure-skip-tls-verify', 'trust any certificate')
    .option('--request-timeout <duration>', 'how long one request may take, such as 30s');
}

/** Adds `-w`, for verbs that act inside a workspace without going there. */
export function withWorkspaceFlag(command: Command): Command {
  return command.option('-w, --workspace <path>', 'workspace to act in, if not the current one');
}

/**
 * `30s`, `500ms`, `1m`, or a number of seconds; in milliseconds, undefined for "0" (no limit of
 * one's own).
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (match === null) throw new Error(`invalid duration "${text}"`);
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] ?? 's'] ?? 1000;
  const milliseconds = Number(match[1]) * unit;
  return milliseconds === 0 ? undefined : milliseconds;
}

function overridesOf(flags: SharedFlags): ConnectionOverrides {
  return { ...flags, timeout: flags.requestTimeout === undefined ? undefined : parseDuration(flags.requestTimeout) };
}

function errorText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const inner = thrown instanceof AggregateError && thrown.errors[0] instanceof Error ? thrown.errors[0] : thrown;
  const code: unknown = Reflect.get(inner, 'code');
  const fromNetwork =
    typeof code === 'string' &&
    Reflect.has(inner, 'syscall') &&
    !code.startsWith('ENOENT') &&
    !code.startsWith('EACCES');
  return fromNetwork ? `Unable to connect to the server: ${inner.message}` : inner.message;
}

/** As a shell says of a program that SIGPIPE has ended, which is how kubectl ends there. */
const closedPipeCode = 141;

/**
 * The reader of what is printed has seen enough (`| head`): there is nothing left to do, and
 * nothing to say.
 */
function endOnClosedPipe({ stdout, exit }: Machine): void {
  stdout.on('error', (error) => {
    if (error.code === 'EPIPE') exit(closedPipeCode);
    else throw error;
  });
}

/** Parses the arguments, runs the verb they name, and answers with the exit code. Never throws. */
export async function runCommandLine(
  machine: Machine,
  build: (run: RunVerb, terminal: Terminal) => Command,
): Promise<number> {
  endOnClosedPipe(machine);
  const terminal: Terminal = {
    print: (line) => machine.stdout.write(`${line}\n`),
    note: (line) => machine.stderr.write(`${line}\n`),
  };
  const clock = createSystemClock();
  const run: RunVerb = async (command, verb) => {
    const flags = command.optsWithGlobals<SharedFlags>();
    const paths = kubeconfigPaths(flags.kubeconfig, machine.env['KUBECONFIG'], machine.env['HOME'] ?? '.');
    using session = await openSession({
      paths,
      overrides: overridesOf(flags),
      workspace: flags.workspace,
      terminal,
      sleep: (milliseconds) => pauseAlive(clock, milliseconds),
    });
    await verb(session);
  };
  const program = build(run, terminal);
  try {
    await program.parseAsync(machine.argv);
    return 0;
  } catch (error) {
    terminal.note(`Error: ${errorText(error)}`);
    return 1;
  }
}
