/** `kubectl ws`, which is also `kubectl kcp workspace`. */
import { homedir } from 'node:os';
import { Command } from 'commander';
import { createContext } from '../workspace/create-context.ts';
import { printCurrentWorkspace } from '../workspace/current-workspace.ts';
import { useWorkspace } from '../workspace/use-workspace.ts';
import { printWorkspaceTree } from '../workspace/workspace-tree.ts';
import { addCreateFlags, runCreate } from './create-workspace-program.ts';
import type { RunVerb } from './run-command-line.ts';
import { withConnectionFlags, withWorkspaceFlag } from './run-command-line.ts';

const pathHelp = 'relative (a:b), absolute (:root:a), .. (up), . (here), - (back), ~ or nothing (home)';

export function workspaceProgram(name: string, run: RunVerb): Command {
  const program = withConnectionFlags(new Command(name))
    .description('Show and change the current workspace')
    .argument('[path]', pathHelp)
    .option('--short', 'print the path alone')
    .action(async (path: string | undefined, flags: { readonly short?: boolean }, command: Command) => {
      const argument = unexpanded(path);
      await run(command, async (session) => await useWorkspace(session, argument, { short: flags.short === true }));
    });
  addUse(program, run);
  addCurrent(program, run);
  addTree(program, run);
  addContext(program, run);
  const create = withWorkspaceFlag(withConnectionFlags(program.command('create <name>')));
  addCreateFlags(create)
    .description('Make a workspace; kubectl create workspace does the same')
    .action(async (created: string, _flags: unknown, command: Command) => await runCreate(run, created, command));
  return program;
}

/**
 * The shell makes the user's home folder of an unquoted `~`: it is made `~` again, as kcp's plugin
 * does.
 */
function unexpanded(path: string | undefined): string | undefined {
  return path === homedir() ? '~' : path;
}

function addUse(program: Command, run: RunVerb): void {
  withConnectionFlags(program.command('use [path]').alias('cd'))
    .description('Go to a workspace, whatever its name')
    .option('--short', 'print the path alone')
    .action(async (path: string | undefined, _flags: unknown, command: Command) => {
      const { short } = command.optsWithGlobals<{ short?: boolean }>();
      await run(command, async (session) => await useWorkspace(session, unexpanded(path), { short: short === true }));
    });
}

function addCurrent(program: Command, run: RunVerb): void {
  withConnectionFlags(program.command('current'))
    .description('Print the current workspace')
    .option('--short', 'print the path alone')
    .action(async (_flags: unknown, command: Command) => {
      const { short } = command.optsWithGlobals<{ short?: boolean }>();
      await run(command, async (session) => await printCurrentWorkspace(session, { short: short === true }));
    });
}

function addTree(program: Command, run: RunVerb): void {
  withWorkspaceFlag(withConnectionFlags(program.command('tree')))
    .description('Print the workspaces below this one')
    .option('-f, --full', 'print whole paths')
    .action(async (flags: { readonly full?: boolean }, command: Command) => {
      await run(command, async (session) => await printWorkspaceTree(session, { full: flags.full === true }));
    });
}

function addContext(program: Command, run: RunVerb): void {
  withWorkspaceFlag(withConnectionFlags(program.command('create-context [name]')))
    .description('Write a kubeconfig context for this workspace and switch to it')
    .option('--overwrite', 'replace a context of the same name')
    .action(async (name: string | undefined, flags: { readonly overwrite?: boolean }, command: Command) => {
      await run(
        command,
        async (session) => await createContext(session, { name, overwrite: flags.overwrite === true, use: true }),
      );
    });
}
