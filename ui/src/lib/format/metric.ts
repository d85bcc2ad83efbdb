/** Metrics: their names, and values in their unit. */
import type { Estimate } from '$lib/bindings/Estimate';
import type { Metric } from '$lib/bindings/Metric';
import { amount, count, DASH, dollars, duration, percent, score, seconds, signed } from './numbers';

export const METRICS: readonly Metric[] = [
  'success_rate',
  'score',
  'latency_ms',
  'cost_usd',
  'total_tokens',
  'input_tokens',
  'output_tokens',
  'cost_per_success_usd',
];

const LABELS: Partial<Record<string, string>> = {
  success_rate: 'Success rate',
  score: 'Score',
  latency_ms: 'Latency',
  cost_usd: 'Cost',
  total_tokens: 'Tokens',
  input_tokens: 'Input tokens',
  output_tokens: 'Output tokens',
  cost_per_success_usd: 'Cost per success',
  detect_s: 'Time to detect',
  restore_s: 'Time to restore',
  commands: 'Commands',
  destructive: 'Destructive commands',
};

/** Which metrics there are is the program's to say; one without a name of its own is named by its identifier. */
export function metricLabel(metric: string): string {
  const words = metric.replaceAll('_', ' ');
  return LABELS[metric] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

const isShare = (metric: string) => /(^|_)(rate|share)$/.test(metric);

export function higherIsBetter(metric: string): boolean {
  return isShare(metric) || metric === 'score';
}

/** A value in the metric's unit, which its identifier ends with; without a unit it is a count. */
export function metricValue(metric: string, value: number | null | undefined): string {
  if (isShare(metric)) return percent(value);
  if (metric === 'score') return score(value);
  if (metric.endsWith('_ms')) return duration(value);
  if (metric.endsWith('_usd')) return dollars(value);
  if (metric.endsWith('_s')) return seconds(value);
  return amount(value);
}

/** A difference in the metric's unit, with its sign: a rate's in percentage points. */
export function metricDifference(metric: string, value: number | null | undefined): string {
  if (value == null) return DASH;
  const size = Math.abs(value);
  const text = isShare(metric) ? `${(size * 100).toFixed(1)}\u202fpp` : metricValue(metric, size);
  return signed(text, value);
}

/** `[86.4 %, 96.0 %]`, or a dash. */
export function intervalText(estimate: Estimate, write: (value: number | null) => string): string {
  const { interval } = estimate;
  return interval ? `[${write(interval.low)}, ${write(interval.high)}]` : DASH;
}

/** Everything about an estimate in one line, for hover and screen readers. */
export function estimateTitle(estimate: Estimate, write: (value: number | null) => string): string {
  const parts = [`${write(estimate.value)} ${intervalText(estimate, write)}`, `n = ${count(estimate.n)}`];
  if (estimate.method) parts.push(estimate.method);
  if (estimate.note) parts.push(estimate.note);
  return parts.join(' · ');
}
