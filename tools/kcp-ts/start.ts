import { readConfig, startShard } from '@kcp-ts/shard';
import { environment } from './config.ts';

/** Runs until SIGINT or SIGTERM; then stops cleanly. A second signal ends it at once. */
export async function runStart(args: readonly string[]): Promise<void> {
  const result = readConfig(args, environment);
  if (result.kind === 'help') {
    process.stdout.write(result.text);
    return;
  }
  if (result.kind === 'wrong') {
    process.stderr.write(`error: ${result.message}\n`);
    process.exitCode = 2;
    return;
  }
  const stop = new Promise<void>((resolve) => {
    let asked = false;
    const onSignal = () => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
  try {
    const shard = await startShard(result.config);
    process.stdout.write(`kcp-ts is ready to serve at ${shard.externalUrl}; kubeconfig: ${shard.kubeconfigPath}\n`);
    await stop;
    await shard[Symbol.asyncDispose]();
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
