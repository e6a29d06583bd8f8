import { healthReport, parseQuery } from '@kcp-ts/apiserver';
import { expect, it } from 'vitest';
import { createReadiness } from './readiness.ts';

it('is ready while the store and everything else is well, until it drains', () => {
  let storeFault: string | undefined;
  let clockFault: string | undefined;
  const readiness = createReadiness({ fault: () => storeFault }, [
    { name: 'clock', live: false, check: () => clockFault },
  ]);
  const report = (path: string) => healthReport(path, parseQuery('verbose'), readiness.checks);
  expect(report('/readyz')).toMatchObject({ status: 200, text: expect.stringContaining('[+]clock ok') });

  storeFault = 'the disk is full';
  expect(report('/readyz')).toMatchObject({ status: 500, text: expect.stringContaining('[-]store failed') });
  storeFault = undefined;
  clockFault = 'the clock is wrong';
  expect(report('/readyz')).toMatchObject({ status: 500, text: expect.stringContaining('[-]clock failed') });
  clockFault = undefined;
  expect(report('/readyz')).toMatchObject({ status: 200 });

  readiness.drain();
  expect(report('/readyz')).toMatchObject({ status: 500, text: expect.stringContaining('[-]shutdown failed') });
  expect(report('/livez')).toMatchObject({ status: 200 });
});
