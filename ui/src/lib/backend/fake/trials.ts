/** Trials that end the same way at every start. */
import type { Outcome } from '$lib/bindings/Outcome';
import type { TrialDetail } from '$lib/bindings/TrialDetail';
import type { TrialKey } from '$lib/bindings/TrialKey';
import type { TrialRow } from '$lib/bindings/TrialRow';
import { LABELS, makeCase } from './cases';

/** A number from 0 to 1 that depends on its arguments only. */
export function chance(...parts: number[]): number {
  let hash = 2166136261;
  for (const part of parts) {
    hash = Math.imul(hash ^ (part + 0x9e3779b9), 16777619);
    hash ^= hash >>> 13;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967296;
}

const SKILL = [0.56, 0.8, 0.93];

export function outcomeOf(run: number, key: TrialKey): Outcome {
  const luck = chance(key.case, key.variant, key.repetition, run);
  if (luck > 0.992) return 'timeout';
  if (luck > 0.985) return 'infra_error';
  const hard = key.case % 6 === 0 ? 0.25 : 0;
  return chance(key.case, 1) * 0.75 + luck * 0.25 < (SKILL[key.variant % 3] ?? 0.7) - hard ? 'pass' : 'fail';
}

export function latencyOf(run: number, key: TrialKey): number {
  const noise = chance(run, key.case, key.variant, key.repetition, 3);
  return 38 + 14 * (key.variant % 3) + 60 * noise ** 4 + 9 * noise;
}

export function answerOf(run: number, key: TrialKey): string | null {
  const outcome = outcomeOf(run, key);
  const { expected } = makeCase(key.case);
  if (outcome === 'timeout' || outcome === 'infra_error') return null;
  const wrong = LABELS[(LABELS.indexOf(expected as 'storage') + 1 + (key.case % 3)) % 5];
  return JSON.stringify({ label: outcome === 'pass' ? expected : wrong });
}

export function trialRow(run: number, number: number, key: TrialKey, variant: string, at: number): TrialRow {
  const outcome = outcomeOf(run, key);
  const answer = answerOf(run, key);
  const lost = answer === null;
  const error = outcome === 'timeout' ? 'No answer within 60 s.' : 'The provider answered 503 four times.';
  return {
    number,
    key,
    case_id: makeCase(key.case).id,
    variant,
    outcome,
    score: lost ? null : outcome === 'pass' ? 1 : 0,
    latency_ms: lost ? null : latencyOf(run, key),
    total_tokens: lost ? null : 64 + 120 * (key.variant % 3) + (key.case % 23),
    cost_usd: 0,
    preview: answer ?? error,
    ended_at: at,
  };
}

export function trialDetail(run: number, row: TrialRow): TrialDetail {
  const item = makeCase(row.key.case);
  const answer = answerOf(run, row.key);
  const latency = row.latency_ms ?? 61_000;
  const retried = row.key.case % 9 === 4;
  const wait = retried ? 420 : 3;
  const start = row.ended_at - latency - wait;
  const usage = { input_tokens: (row.total_tokens ?? 80) - 9, cached_input_tokens: null, output_tokens: 9 };
  const base = { purpose: 'answer' as const, provider: 'builtin', model: 'lexical-1' };
  const none = { input_tokens: null, cached_input_tokens: null, output_tokens: null };
  const first = { ...base, number: 1, started_at: start, ended_at: start + 90, status: 429, usage: none };
  const last = {
    ...base,
    number: retried ? 2 : 1,
    started_at: row.ended_at - latency,
    ended_at: row.ended_at,
  };
  const failed = answer === null ? row.preview : null;
  return {
    run,
    row,
    case: { ...item },
    sent: {
      system: 'You file incident tickets under one label.\n\nAnswer with JSON: {"label": "..."}',
      user: item.input,
    },
    answer,
    error: failed,
    stop_reason: answer === null ? null : 'stop',
    model_answered: 'lexical-1',
    usage: answer === null ? none : usage,
    wait_ms: wait,
    paced: true,
    started_at: start,
    ended_at: row.ended_at,
    steps: [],
    fault: null,
    scores: answer === null ? [] : scoresOf(row, item.expected, answer, latency),
    attempts: [
      ...(retried ? [{ ...first, cost_usd: 0, error: '429: too many requests, retried after 0.3 s' }] : []),
      { ...last, status: failed ? null : 200, usage: failed ? none : usage, cost_usd: 0, error: failed },
    ],
  };
}

function scoresOf(row: TrialRow, expected: string, answer: string, latency: number): TrialDetail['scores'] {
  const passed = row.outcome === 'pass';
  return [
    {
      scorer: 'json-field',
      metric: 'label',
      score: passed ? 1 : 0,
      weight: 1,
      passed,
      reason: passed ? `label is "${expected}"` : `label of ${answer} is not "${expected}"`,
    },
    {
      scorer: 'latency',
      metric: 'latency',
      score: 1,
      weight: 0,
      passed: true,
      reason: `${latency.toFixed(0)} ms is at most 5000 ms`,
    },
  ];
}
