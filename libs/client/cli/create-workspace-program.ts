/** `kubectl create workspace`, which is also `kubectl ws create`. */
import { Command } from 'commander';
import { createWorkspace } from '../workspace/create-workspace.ts';
import type { RunVerb } from './run-command-line.ts';
import { withConnectionFlags, withWorkspaceFlag } from './run-command-line.ts';

interface CreateFlags {
  readonly type?: string;
  readonly enter?: boolean;
  readonly ignoreExisting?: boolean;
  readonly locationSelector?: string;
  readonly createContext?: string;
}

export function addCreateFlags(command: Command): Command {
  return command
    .option('--type <type>', "the workspace's type: a name, or path:name")
    .option('--enter', 'go there once it is ready')
    .option('--ignore-existing', 'be content with a workspace that is there already')
    .option('--location-selector <labels>', 'labels of the shard to put it on: key=value[,key=value]')
    .option('--create-context <name>', 'also write a kubeconfig context of this name');
}

export async function runCreate(run: RunVerb, name: string, command: Command): Promise<void> {
  const flags = command.optsWithGlobals<CreateFlags>();
  await run(command, async (session) => {
    await createWorkspace(session, {
      ...flags,
      name,
      enter: flags.enter === true,
      ignoreExisting: flags.ignoreExisting === true,
    });
  });
}

export function createWorkspaceProgram(run: RunVerb): Command {
  const program = withWorkspaceFlag(withConnectionFlags(new Command('kubectl create workspace')));
  return addCreateFlags(program)
    .description('Make a workspace in the current one and wait until it is ready')
    .argument('<name>')
    .action(async (name: string, _flags: unknown, command: Command) => await runCreate(run, name, command));
}
