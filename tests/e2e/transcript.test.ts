/** What a newcomer types, with every kubectl of this machine, each in a workspace of its own. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Terminal } from './kubectl.ts';
import { findKubectls } from './kubectl.ts';
import { skipIfNone } from './skip-if-none.ts';
import type { Stage } from './stage.ts';
import { openStage } from './stage.ts';

const examples = resolve(import.meta.dirname, '../../examples');
const example = (name: string) => join(examples, name);
const kubectls = await findKubectls();
skipIfNone(kubectls);

async function publish(terminal: Terminal) {
  expect(await terminal.createWorkspace('provider')).toContain('is ready to use');
  const applied = await terminal.ok(['apply', '-f', example('schema.yaml'), '-f', example('export.yaml')]);
  expect(applied).toBe(
    'apiresourceschema.apis.kcp.io/v1.widgets.factory.example.com created\napiexport.apis.kcp.io/factory.example.com created\n',
  );
}

/** The address is published once the export has a consumer. */
function virtualWorkspaceUrl(terminal: Terminal): Promise<string> {
  return terminal.until(
    'get apiexportendpointslice factory.example.com -o jsonpath={.status.endpoints[0].url}',
    (printed) => printed.startsWith('https://'),
  );
}

async function consume(terminal: Terminal, name: string, provider: string) {
  expect(await terminal.createWorkspace(name)).toContain(`Workspace "${name}"`);
  const binding = (await readFile(example('binding.yaml'), 'utf8')).replace('root:provider', provider);
  expect(await terminal.ok('apply -f -', binding)).toBe('apibinding.apis.kcp.io/factory.example.com created\n');
  await terminal.ok('wait --for=condition=Ready apibinding/factory.example.com --timeout=10s');
  expect(await terminal.ok('get apibinding factory.example.com -o jsonpath={.status.phase}')).toBe('Bound');
  expect(await terminal.ok('api-resources')).toMatch(/^widgets +wd +factory\.example\.com\/v1alpha1 +true +Widget$/m);
  expect(await terminal.ok('explain widget.spec')).toContain('What the widget is made of.');
  expect(await terminal.ok(['apply', '-f', example('widget.yaml')])).toBe(
    'widget.factory.example.com/doorbell created\n',
  );
  expect(await terminal.ok(['apply', '-f', example('widget.yaml')])).toBe(
    'widget.factory.example.com/doorbell unchanged\n',
  );
}

async function use(terminal: Terminal) {
  expect(await terminal.ok('get widgets')).toMatch(
    /^NAME +MATERIAL +WANTED +MADE +PHASE +AGE\ndoorbell +brass +3 +\d+s\n$/,
  );
  const change = () => terminal.ok('label widget doorbell seen=yes');
  expect(await terminal.follow('get widgets -w', (printed) => printed.split('doorbell').length > 2, change)).toMatch(
    /^NAME/,
  );
  const changed = (await readFile(example('widget.yaml'), 'utf8')).replace('quantity: 3', 'quantity: 4');
  const diff = await terminal.run(['diff', '-f', '-'], changed);
  expect(diff.code).toBe(1);
  expect(diff.stdout).toMatch(/^- {2}quantity: 3\n\+ {2}quantity: 4$/m);
  expect(await terminal.ok('apply -f -', changed)).toBe('widget.factory.example.com/doorbell configured\n');
  expect((await terminal.run(['diff', '-f', '-'], changed)).code).toBe(0);
  expect(await terminal.fails('apply -f -', changed.replace('brass', 'paper'))).toContain(
    'spec.material: Unsupported value: "paper"',
  );
}

describe.skipIf(kubectls.length === 0)('the transcript', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  it.for(kubectls)('works with $name', { timeout: 180_000, concurrent: true }, async (kubectl) => {
    const terminal = await stage.admin(kubectl);
    const name = kubectl.name.replaceAll('.', '-');
    const home = kubectl.name === 'kubectl' ? 'root' : `root:${name}`;
    if (home !== 'root') await terminal.createWorkspace(name);

    await publish(terminal);
    await terminal.ok(['ws', `:${home}`]);
    await consume(terminal, 'consumer-a', `${home}:provider`);
    await use(terminal);
    await terminal.ok(['ws', `:${home}`]);
    await consume(terminal, 'consumer-b', `${home}:provider`);

    await terminal.ok(['ws', `:${home}:provider`]);
    const url = await virtualWorkspaceUrl(terminal);
    await terminal.ok(['ws', `:${home}:consumer-a`]);
    const everywhere = [`--server=${url}/clusters/*`, 'get', 'widgets', '-A'];
    expect((await terminal.ok(everywhere)).match(/^default +doorbell +brass/gm)).toHaveLength(2);
    const change = () => terminal.ok('annotate widget doorbell told=yes');
    const seen = await terminal.follow(
      [...everywhere, '-w'],
      (printed) => printed.split('doorbell').length > 3,
      change,
    );
    expect(seen).toMatch(/^NAMESPACE +NAME +MATERIAL/);
    expect(await terminal.ok('delete widget doorbell')).toMatch(/^widget.factory.example.com "doorbell" deleted/);
    expect((await terminal.ok(everywhere)).match(/doorbell/g)).toHaveLength(1);
  });
});
