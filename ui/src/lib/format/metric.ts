/** Metrics: their names, and values in their unit. */
import type { Estimate } from '$lib/bindings/Estimate';
import type { Metric } from '$lib/bindings/Metric';
import { count, DASH, dollars, duration, percent, score, signed } from './numbers';

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

const LABELS: Record<Metric, string> = {
  success_rate: 'Success rate',
  score: 'Score',
  latency_ms: 'Latency',
  cost_usd: 'Cost',
  total_tokens: 'Tokens',
  input_tokens: 'Input tokens',
  output_tokens: 'Output tokens',
  cost_per_success_usd: 'Cost per success',
};

export function metricLabel(metric: Metric): string {
  return LABELS[metric];
}

/** A metric that may come as a text from a file. */
export function metricLabelOf(id: string): string {
  return id in LABELS ? LABELS[id as Metric] : id;
}

export function higherIsBetter(metric: Metric): boolean {
  return metric === 'success_rate' || metric === 'score';
}

/** A value in the metric's unit. */
export function metricValue(metric: Metric, value: number | null | undefined): string {
  switch (metric) {
    case 'success_rate':
      return percent(value);
    case 'score':
      return score(value);
    case 'latency_ms':
      return duration(value);
    case 'cost_usd':
    case 'cost_per_success_usd':
      return dollars(value);
    default:
      return count(value);
  }
}

/** A difference in the metric's unit, with its sign: a rate's in percentage points. */
export function metricDifference(metric: Metric, value: number | null | undefined): string {
  if (value == null) return DASH;
  const size = Math.abs(value);
  const text = metric === 'success_rate' ? `${(size * 100).toFixed(1)}\u202fpp` : metricValue(metric, size);
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
