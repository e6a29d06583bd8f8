/** `kcp-ts start`: everything in one process, embedded. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 18)) {
  process.stderr.write(
    `error: kcp-ts needs Node 24.18 or later, and this is ${process.version}: start it with bin/kcp-ts, which finds the one that npm installed\n`,
  );
  process.exit(1);
}
const [command, ...args] = process.argv.slice(2);
const usage =
  'Usage: kcp-ts <command> [flags]\n\nCommands:\n  start   start kcp-ts, embedded in one process (kcp-ts start --help lists its flags)\n';
if (command === 'start') {
  const { runStart } = await import('./start.ts');
  await runStart(args);
} else if (command === undefined || command === 'help' || command === '--help' || command === '-h') {
  process.stdout.write(usage);
} else {
  process.stderr.write(`error: unknown command ${JSON.stringify(command)}\n\n${usage}`);
  process.exitCode = 2;
}
