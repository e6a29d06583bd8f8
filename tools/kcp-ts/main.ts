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
  'Usage: kcp-ts <command> [flags]\n\nCommands (each with --help):\n' +
  '  start                embedded: everything in one process\n' +
  '  cluster              a sharded installation on this machine, with etcd and NATS\n' +
  '  shard                one shard of a sharded installation\n' +
  '  front-proxy          what clients of a sharded installation connect to\n' +
  '  virtual-workspaces   all consumers of an export, on all shards, at one URL\n' +
  '  cache-server         keeps what shards must know of each other\n' +
  '  credentials          makes the certificates, keys and passwords of an installation\n' +
  '\nkcp-ts --version says which version this is.\n';
const { services } = await import('./services.ts');
const service = command === undefined ? undefined : services[command];
if (service !== undefined) {
  const { run } = await import('./start.ts');
  await run(await service(), args);
} else if (command === 'cluster') {
  const [{ clusterCommand }, { environment }] = await Promise.all([
    import('./cluster/command.ts'),
    import('./config.ts'),
  ]);
  await clusterCommand(environment)
    .parseAsync(args, { from: 'user' })
    .catch((error: unknown) => {
      process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
      // What it waits for keeps the process.
      process.exit(1);
    });
} else if (command === 'credentials') {
  const [{ runCredentials }, { environment }] = await Promise.all([
    import('./credentials/command.ts'),
    import('./config.ts'),
  ]);
  process.exitCode = await runCredentials(args, environment);
} else if (command === '--version' || command === 'version') {
  const { versionInfo } = await import('@kcp-ts/program');
  process.stdout.write(`kcp-ts ${versionInfo.gitVersion}\n`);
} else if (command === undefined || command === 'help' || command === '--help' || command === '-h') {
  process.stdout.write(usage);
} else {
  process.stderr.write(`error: unknown command ${JSON.stringify(command)}\n\n${usage}`);
  process.exitCode = 2;
}
