import process from 'node:process';
import { runCommandLine, workspaceProgram } from '@kcp-ts/client';

process.exitCode = await runCommandLine(process, (run) => workspaceProgram('kubectl ws', run));
