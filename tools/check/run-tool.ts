/** Runs a program of node_modules/.bin and collects what it says. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Step {
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** What to do about a failure, beyond what the tool says itself. */
  readonly cure: string;
}

export interface StepResult {
  readonly name: string;
  readonly passed: boolean;
  readonly output: string;
}

export async function runStep(root: string, step: Step): Promise<StepResult> {
  const [program, ...args] = step.command;
  const child = spawn(join(root, 'node_modules', '.bin', program), args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const output = Buffer.concat(chunks).toString('utf8').trim();
  return { name: step.name, passed: code === 0, output: code === 0 ? '' : `${output}\n${step.cure}` };
}
