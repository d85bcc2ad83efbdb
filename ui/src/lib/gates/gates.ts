/** Gates in words: bounds, values and verdicts. */
import type { Gate } from '$lib/bindings/Gate';
import type { GateAction } from '$lib/bindings/GateAction';
import type { GateResult } from '$lib/bindings/GateResult';
import type { GateState } from '$lib/bindings/GateState';
import type { GateVerdict } from '$lib/bindings/GateVerdict';
import { METRICS, metricDifference, metricLabel, metricValue } from '$lib/format/metric';
import { DASH, signed } from '$lib/format/numbers';
import type { Tone } from '$lib/format/outcome';

const VERDICTS: Record<GateVerdict, [string, Tone, string]> = {
  pass: ['Pass', 'good', '✓'],
  fail: ['Fail', 'bad', '×'],
  cannot_tell: ['Cannot tell', 'warn', '?'],
};

export const gateLabel = (verdict: GateVerdict) => VERDICTS[verdict][0];
export const gateTone = (verdict: GateVerdict) => VERDICTS[verdict][1];
export const gateSign = (verdict: GateVerdict) => VERDICTS[verdict][2];

const STATES: Record<GateState, [string, Tone, string]> = {
  passed: ['passed', 'good', '✓'],
  cannot_tell: ['cannot tell', 'warn', '?'],
  warned: ['warned', 'warn', '!'],
  failed: ['failed', 'bad', '×'],
  blocks: ['failed, and blocks deployment', 'bad', '×'],
};

export const gateStateLabel = (state: GateState) => STATES[state][0];
export const gateStateTone = (state: GateState) => STATES[state][1];
export const gateStateSign = (state: GateState) => STATES[state][2];

const ACTIONS: Record<GateAction, string> = {
  warn: 'warns',
  fail: 'fails the run',
  block_deploy: 'blocks deployment',
};

export const actionText = (action: GateAction) => ACTIONS[action];

const AGGREGATE = /^(?:(avg|min|max|p50|p90|p95|p99)_)?(.+?)(?:_(avg|min|max|p50|p90|p95|p99))?$/;

/** The contract's metric behind a name such as `latency_ms_p95` or `avg_cost_usd`, and the aggregate. */
export function metricOf(name: string): { metric: string | null; aggregate: string | null } {
  const [, before, base, after] = AGGREGATE.exec(name) ?? [];
  const alias: Record<string, string> = {
    success: 'success_rate',
    score_mean: 'score',
    latency: 'latency_ms',
    duration_ms: 'latency_ms',
    cost: 'cost_usd',
    tokens: 'total_tokens',
    ttd: 'detect_s',
    ttr: 'restore_s',
  };
  const known = [...METRICS, 'detect_s', 'restore_s', 'commands', 'destructive'];
  const metric = known.find((one) => one === base) ?? alias[base ?? ''] ?? null;
  return { metric, aggregate: before ?? after ?? null };
}

/** A number in the unit of its gate. */
export function gateValue(gate: Gate, value: number | null): string {
  if (value === null) return DASH;
  const { metric } = metricOf(gate.metric);
  const plain = String(Math.round(value * 1e6) / 1e6);
  if (gate.on === 'difference') return metric ? metricDifference(metric, value) : signed(plain, value);
  return metric ? metricValue(metric, value) : plain;
}

/** `Latency p95 at most 2.00 s`. */
export function boundText(gate: Gate): string {
  const { metric, aggregate } = metricOf(gate.metric);
  const name = metric ? `${metricLabel(metric)}${aggregate ? ` ${aggregate}` : ''}` : gate.metric;
  const bounds = [
    ...(gate.min === null ? [] : [`at least ${gateValue(gate, gate.min)}`]),
    ...(gate.max === null ? [] : [`at most ${gateValue(gate, gate.max)}`]),
  ];
  const scope = { trial: ' in every trial', variant: '', difference: ' above the baseline' }[gate.on];
  return `${name} ${bounds.join(' and ')}${scope}`;
}

export interface GateLine {
  key: string;
  gate: Gate;
  results: GateResult[];
}

/** One line a gate, with what came of it for each variant; gates that were not checked yet have no results. */
export function gateLines(results: GateResult[], gates: Gate[] = []): GateLine[] {
  const lines = new Map<string, GateLine>();
  const lineOf = (gate: Gate) => {
    const { name, metric, min, max, action, on, decide } = gate;
    const key = JSON.stringify([name, metric, min, max, action, on, decide]);
    const line = lines.get(key) ?? { key, gate, results: [] };
    lines.set(key, line);
    return line;
  };
  for (const gate of gates) lineOf(gate);
  for (const result of results) lineOf(result.gate).results.push(result);
  return [...lines.values()];
}

/** The gates of a list in one word: the worst verdict. */
export function worst(results: GateResult[]): GateVerdict | null {
  for (const verdict of ['fail', 'cannot_tell', 'pass'] as const) {
    if (results.some((result) => result.verdict === verdict)) return verdict;
  }
  return null;
}

/** `1 of 3 gates fails`. */
export function gatesText(results: GateResult[], gates: Gate[] = []): string {
  const lines = gateLines(results, gates);
  const states = lines.map((line) => worst(line.results));
  const total = lines.length;
  const of = (n: number, one: string, many: string) =>
    `${n} of ${total} ${total === 1 ? 'gate' : 'gates'} ${n === 1 ? one : many}`;
  const failed = states.filter((state) => state === 'fail').length;
  const open = states.filter((state) => state === 'cannot_tell').length;
  if (total === 0) return 'No gates';
  if (failed) return of(failed, 'fails', 'fail');
  if (open) return of(open, 'cannot be told', 'cannot be told');
  if (states.every((state) => state === 'pass'))
    return `${total === 1 ? 'The gate passes' : `All ${total} gates pass`}`;
  return `${total} ${total === 1 ? 'gate' : 'gates'}, not checked yet`;
}
