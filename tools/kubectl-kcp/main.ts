import process from 'node:process';
import { kcpProgram, runCommandLine } from '@kcp-ts/client';

process.exitCode = await runCommandLine(process, kcpProgram);
