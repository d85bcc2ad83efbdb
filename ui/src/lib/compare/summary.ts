/** Numbers of a variant's summary, by metric. */
import type { Estimate } from '$lib/bindings/Estimate';
import type { Metric } from '$lib/bindings/Metric';
import type { VariantSummary } from '$lib/bindings/VariantSummary';
import { count, percent, plural } from '$lib/format/numbers';
import { outcomeLabel } from '$lib/format/outcome';
import { higherIsBetter, metricValue } from '$lib/format/metric';

export function estimateOf(summary: VariantSummary, metric: Metric): Estimate {
  switch (metric) {
    case 'success_rate':
      return summary.success_rate;
    case 'cost_per_success_usd':
      return summary.cost_per_success_usd;
    default:
      return summary[metric].mean;
  }
}

/** How much is unusable, and what the rate would be at worst and at best. */
export function unusableText(summary: VariantSummary): string | undefined {
  if (summary.unusable === 0) return undefined;
  const worst = percent(summary.success_rate_worst);
  const best = percent(summary.success_rate_best);
  return `${plural(summary.unusable, 'unusable trial')}: between ${worst} and ${best} if they had counted`;
}

export function outcomesText(summary: VariantSummary): string {
  return summary.outcomes.map(({ outcome, count: n }) => `${outcomeLabel(outcome)} ${count(n)}`).join(', ');
}

/** One row of the scorecard. */
export interface ScoreLine {
  key: string;
  label: string;
  metric: Metric;
  estimate: (summary: VariantSummary) => Estimate;
  /** The same percentile by nearest rank, as other tools define it. */
  nearestRank?: (summary: VariantSummary) => number | undefined;
}

/** Told only where nearest rank shows another number than our own definition does. */
export function nearestRankText(line: ScoreLine, summary: VariantSummary): string | undefined {
  const value = line.nearestRank?.(summary);
  if (value === undefined) return undefined;
  const text = metricValue(line.metric, value);
  return text === metricValue(line.metric, line.estimate(summary).value) ? undefined : text;
}

const SPREAD = ['p50', 'p95', 'p99'] as const;

export const SCORECARD: readonly ScoreLine[] = [
  { key: 'success_rate', label: 'Success rate', metric: 'success_rate', estimate: (s) => s.success_rate },
  { key: 'score', label: 'Score, mean', metric: 'score', estimate: (s) => s.score.mean },
  { key: 'latency', label: 'Latency, mean', metric: 'latency_ms', estimate: (s) => s.latency_ms.mean },
  ...SPREAD.map((part) => ({
    key: `latency_${part}`,
    label: `Latency, ${part}`,
    metric: 'latency_ms' as const,
    estimate: (s: VariantSummary) => s.latency_ms[part],
    nearestRank: (s: VariantSummary) => s.latency_ms.nearest_rank?.[part],
  })),
  { key: 'cost', label: 'Cost a trial, mean', metric: 'cost_usd', estimate: (s) => s.cost_usd.mean },
  {
    key: 'cost_per_success',
    label: 'Cost per success',
    metric: 'cost_per_success_usd',
    estimate: (s) => s.cost_per_success_usd,
  },
  {
    key: 'input_tokens',
    label: 'Input tokens, mean',
    metric: 'input_tokens',
    estimate: (s) => s.input_tokens.mean,
  },
  {
    key: 'output_tokens',
    label: 'Output tokens, mean',
    metric: 'output_tokens',
    estimate: (s) => s.output_tokens.mean,
  },
];

/** The variants from best to worst on a line; unknown values come last. */
export function sortedBy(variants: VariantSummary[], line: ScoreLine | undefined): VariantSummary[] {
  if (!line) return variants;
  const sign = higherIsBetter(line.metric) ? -1 : 1;
  const value = (summary: VariantSummary) => line.estimate(summary).value ?? sign * Infinity;
  return [...variants].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return x === y ? a.variant - b.variant : sign * (x - y);
  });
}
