import type { StatusError } from '@kcp-ts/api';
import { groupResourceText } from '@kcp-ts/api';
import type { SpecialCall } from '@kcp-ts/apiserver';
import { noStrategy, serve } from '@kcp-ts/registry';
import { compileSchema } from '@kcp-ts/schema';
import { expect, test } from 'vitest';
import type { HandlerDependencies } from '../handler-dependencies.ts';
import { builtinKinds } from '../kinds.ts';
import type { TokenRequestDependencies } from './core/serviceaccounts/token-handler.ts';

const asked: unknown[][] = [];
const answer =
  (name: string) =>
  (review: object, ...rest: unknown[]) => {
    asked.push([name, ...rest]);
    return { ...review, status: { by: name } } as never;
  };

const deps: Omit<HandlerDependencies, keyof TokenRequestDependencies> = {
  subjectAccessReview: answer('subject'),
  localSubjectAccessReview: answer('local'),
  selfSubjectAccessReview: answer('self'),
  selfSubjectRulesReview: answer('rules'),
  selfSubjectReview: answer('who'),
  tokenReview: answer('token'),
};

const user = { name: 'ann', groups: ['dev'] };

async function review(plural: string, body: unknown, headers: object = {}, groups = user.groups): Promise<unknown> {
  const kind = builtinKinds.find((candidate) => candidate.definition.plural === plural);
  const handler = kind?.handler?.(deps as HandlerDependencies);
  if (kind === undefined || handler === undefined) throw new RangeError(`Cannot find ${plural}`);
  const { definition } = kind;
  expect(handler.name).toBe(groupResourceText(definition));
  const schema = compileSchema(definition.schema, { dialect: definition.dialect, kind: definition.kind });
  const served = serve(definition, {
    identity: '-',
    origin: { kind: 'builtin' },
    schema,
    strategy: noStrategy,
    fingerprint: '0123456789abcdef',
  });
  const request = { user: { ...user, groups }, exchange: { headers } };
  const call = { request, cluster: 'here', served, namespace: 'team', objectName: '', body };
  asked.length = 0;
  return handler.handle(call as unknown as SpecialCall);
}

test.each([
  [
    'subjectaccessreviews',
    { user: 'x', resourceAttributes: { verb: 'get', resource: 'configmaps' } },
    ['subject', 'here', false],
  ],
  ['localsubjectaccessreviews', { user: 'x', resourceAttributes: { namespace: 'team' } }, ['local', 'here', 'team']],
  ['selfsubjectaccessreviews', { resourceAttributes: { verb: 'get' } }, ['self', 'here', user]],
  ['selfsubjectrulesreviews', { namespace: 'team' }, ['rules', 'here', user]],
  ['tokenreviews', { token: 'x' }, ['token']],
])('%s are answered where they are asked', async (plural, spec, question) => {
  const made = (await review(plural, { spec })) as { status: number; object: object };
  expect(made).toMatchObject({ status: 201, object: { metadata: {}, spec, status: { by: question[0] } } });
  expect(asked).toEqual([question]);
});

test('a body without a kind gets that of the URL', async () => {
  expect(await review('selfsubjectreviews', {})).toMatchObject({
    object: { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' },
  });
});

test('only masters ask past the gates of the workspace', async () => {
  const headers = { 'x-kcp-internal-deep-subjectaccessreview': 'true' };
  await review('subjectaccessreviews', { spec: { user: 'x' } }, headers);
  expect(asked[0]?.[2]).toBe(false);
  await review('subjectaccessreviews', { spec: { user: 'x' } }, headers, ['system:masters']);
  expect(asked[0]?.[2]).toBe(true);
});

test.each([
  [[], 'the body of a review must be an object'],
  [
    { spec: { user: 1 } },
    /^SubjectAccessReview in version "v1" cannot be handled as a SubjectAccessReview: json: cannot unmarshal number/,
  ],
  [{ apiVersion: 'authorization.k8s.io/v1', kind: 'TokenReview' }, /cannot be handled as a SubjectAccessReview/],
])('a body of %j is refused', async (body, message) => {
  const error = (await review('subjectaccessreviews', body).catch((thrown: StatusError) => thrown)) as StatusError;
  expect(error.code).toBe(400);
  expect(error.message).toMatch(message);
});
