/**
 * What an exchange of either protocol is for the request queue and the accounts of unsent answers.
 */
import type { Flusher } from './coalescing-body.ts';
import type { Deadlines } from './deadlines.ts';
import type { Flow, Waiting } from './flow.ts';
import type { RequestQueue } from './request-queue.ts';
import type { UnsentAnswer, UnsentAnswers } from './unsent-answers.ts';

/** What the exchanges of one server share. */
export interface ExchangeDependencies {
  readonly flusher: Flusher;
  readonly bodies: Deadlines;
  readonly queue: RequestQueue;
  readonly unsent: UnsentAnswers;
}

export interface ServedRequest extends Waiting, UnsentAnswer {
  readonly flow: Flow;
  progress: 'none' | 'running' | 'suspended';
}

export function beginRequest(request: ServedRequest, queue: RequestQueue): void {
  request.progress = 'running';
  queue.started(request.flow);
}

export function suspendRequest(request: ServedRequest, queue: RequestQueue): void {
  if (request.progress !== 'running') return;
  request.progress = 'suspended';
  queue.suspended();
}

export function resumeRequest(request: ServedRequest, queue: RequestQueue): void {
  if (request.progress !== 'suspended') return;
  request.progress = 'running';
  queue.resumed();
}

export function endRequest(request: ServedRequest, queue: RequestQueue): void {
  const { progress } = request;
  if (progress === 'none') return;
  request.progress = 'none';
  queue.finished(request.flow, progress === 'suspended');
}
