/** Triage tests that the fake backend starts with, oldest first. */
import type { JobState } from '$lib/bindings/JobState';
import type { ReasoningEffort } from '$lib/bindings/ReasoningEffort';
import type { TriageRequest } from '$lib/bindings/TriageRequest';
import type { TriageVariant } from '$lib/bindings/TriageVariant';

const HOUR = 3_600_000;

interface Example {
  request: TriageRequest;
  age: number;
  state: JobState;
  /** Trials with a result; null: all. */
  done: number | null;
  error: string | null;
}

function variant(name: string, model: string, effort: ReasoningEffort | null): TriageVariant {
  const provider = model.startsWith('gpt') ? 'openai' : model.startsWith('claude') ? 'anthropic' : 'builtin';
  return {
    name,
    provider,
    model,
    reasoning_effort: effort,
    max_output_tokens: effort === null ? 600 : null,
    base_url: null,
    system_prompt: null,
  };
}

const THREE = [
  variant('gpt-5.1 low', 'gpt-5.1', 'low'),
  variant('gpt-5.1 none', 'gpt-5.1', 'none'),
  variant('gpt-5-mini none', 'gpt-5-mini', 'none'),
];

const EIGHT = [
  ...THREE,
  variant('gpt-5.1 medium', 'gpt-5.1', 'medium'),
  variant('gpt-5.1 high', 'gpt-5.1', 'high'),
  variant('haiku', 'claude-haiku-4-5', null),
  variant('a-local-model-with-a-long-name', 'qwen3-30b-a3b-instruct-2507', null),
  variant('lexical', 'lexical-1', null),
];

function request(topic: string, days: number, variants: TriageVariant[], max_items: number): TriageRequest {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  const end = Date.now() + 24 * HOUR;
  const window = { window_start: day(end - days * 24 * HOUR), window_end: day(end) };
  return { topic, ...window, variants, max_items, seed: 42, budget_usd: null };
}

const ended = { done: null, error: null };

export const EXAMPLES: Example[] = [
  { request: request('ai-news', 8, THREE, 60), age: 50 * HOUR, state: 'completed', ...ended },
  {
    request: request('ai-news', 8, THREE.slice(0, 2), 20),
    age: 27 * HOUR,
    state: 'failed',
    done: 40,
    error:
      'Every call was an error: openai answered 401, the key was not accepted. Set another key in Settings.',
  },
  {
    request: request('operations', 3, THREE, 50),
    age: 26 * HOUR,
    state: 'cancelled',
    done: 31,
    error: 'Cancelled by you.',
  },
  { request: request('operations', 10, EIGHT, 200), age: 5 * HOUR, state: 'completed', ...ended },
  { request: request('ai-news', 8, THREE, 60), age: 40_000, state: 'running', done: 70, error: null },
  { request: request('operations', 5, EIGHT.slice(0, 4), 120), age: 30_000, state: 'queued', ...ended },
  { request: request('ai-news', 3, THREE, 30), age: 10_000, state: 'queued', ...ended },
];
