/** `tlsCertFile` is --tls-cert-file. */
function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * The flag that the file of an error comes from. A file that is written has a draft beside it
 * first.
 */
function flagOfPath(path: string, config: object): string | undefined {
  const found = Object.entries(config).find(
    ([, value]) => typeof value === 'string' && value !== '' && (path === value || path.startsWith(`${value}.`)),
  );
  return found === undefined ? undefined : flagOf(found[0]);
}

/** The flag that says where a service listens. */
function flagOfAddress({ code, syscall }: NodeJS.ErrnoException): string | undefined {
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return undefined;
  return code === 'EADDRINUSE' || code === 'EACCES' ? '--secure-port' : '--bind-address';
}

/**
 * Why a service could not be started, with the flag that the operator has to change where one is at
 * fault.
 */
export function describeStartError(error: unknown, config: object): string {
  if (!(error instanceof Error)) return String(error);
  const { path } = error as NodeJS.ErrnoException;
  const flag = path === undefined ? flagOfAddress(error) : flagOfPath(path, config);
  return flag === undefined ? error.message : `${flag} cannot be used: ${error.message}`;
}
