import process from 'node:process';
import { createWorkspaceProgram, runCommandLine } from '@kcp-ts/client';

process.exitCode = await runCommandLine(process, createWorkspaceProgram);
