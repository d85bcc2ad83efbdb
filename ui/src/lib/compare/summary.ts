/** Numbers of a variant's summary, by metric. */
import type { Comparison } from '$lib/bindings/Comparison';
import type { Distribution } from '$lib/bindings/Distribution';
import type { Estimate } from '$lib/bindings/Estimate';
import type { VariantSummary } from '$lib/bindings/VariantSummary';
import { count, percent, plural } from '$lib/format/numbers';
import { outcomeLabel } from '$lib/format/outcome';
import { higherIsBetter, metricLabel, metricValue, METRICS } from '$lib/format/metric';

/** Everything that a summary has by name, what only fault trials have among it. */
const partsOf = (summary: VariantSummary): Record<string, unknown> => ({ ...summary, ...summary.faults });

/** The estimate of a metric: itself, or the mean of its distribution. */
export function estimateOf(summary: VariantSummary, metric: string): Estimate {
  const value = partsOf(summary)[metric];
  if (isDistribution(value)) return value.mean;
  if (isEstimate(value)) return value;
  return { value: null, interval: null, n: 0, method: '', note: 'these results don’t have it' };
}

function isEstimate(value: unknown): value is Estimate {
  return typeof value === 'object' && value !== null && 'interval' in value && 'n' in value;
}

function isDistribution(value: unknown): value is Distribution {
  return typeof value === 'object' && value !== null && 'mean' in value && 'p50' in value;
}

/** The metrics that a comparison can be decided by: those that everything has, and those that the results have besides. */
export function metricsOf(comparison: Comparison): string[] {
  const besides = comparison.differences.map((difference) => difference.metric as string);
  return [...new Set([...METRICS, comparison.primary_metric, ...besides])];
}

/** How much is unusable, and what the rate would be at worst and at best. */
export function unusableText(summary: VariantSummary): string | undefined {
  if (summary.unusable === 0) return undefined;
  const worst = percent(summary.success_rate_worst);
  const best = percent(summary.success_rate_best);
  return `${plural(summary.unusable, 'unusable trial')}: between ${worst} and ${best} if they had counted`;
}

export function outcomesText(summary: Pick<VariantSummary, 'outcomes'>): string {
  return summary.outcomes.map(({ outcome, count: n }) => `${outcomeLabel(outcome)} ${count(n)}`).join(', ');
}

/** One row of the scorecard. */
export interface ScoreLine {
  key: string;
  label: string;
  metric: string;
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
    metric: 'latency_ms',
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

const LISTED = new Set([...SCORECARD.map((line) => line.metric), 'total_tokens']);

/** The lines of the scorecard: what the results have besides comes after the success, and what none of them has is left out. */
export function scoreLines(variants: VariantSummary[]): ScoreLine[] {
  const names = new Set(variants.flatMap((summary) => Object.keys(partsOf(summary))));
  const besides = [...names].filter((name) => !LISTED.has(name)).flatMap((name) => linesOf(name, variants));
  const own = besides.filter((line) => has(variants, line));
  if (own.length === 0) return [...SCORECARD];
  const [first, ...rest] = SCORECARD;
  return [...(first ? [first] : []), ...own, ...rest.filter((line) => has(variants, line))];
}

const has = (variants: VariantSummary[], line: ScoreLine) =>
  variants.some((summary) => line.estimate(summary).n > 0);

function linesOf(metric: string, variants: VariantSummary[]): ScoreLine[] {
  const values = variants.map((summary) => partsOf(summary)[metric]);
  const label = metricLabel(metric);
  const estimate = (summary: VariantSummary) => estimateOf(summary, metric);
  if (values.some(isEstimate)) return [{ key: metric, label, metric, estimate }];
  if (!values.some(isDistribution)) return [];
  const median: ScoreLine = {
    key: `${metric}_p50`,
    label: `${label}, p50`,
    metric,
    estimate: (summary) => {
      const value = partsOf(summary)[metric];
      return isDistribution(value) ? value.p50 : estimate(summary);
    },
  };
  const mean: ScoreLine = { key: metric, label: `${label}, mean`, metric, estimate };
  // Of counts a trial the mean says it all.
  return /_(s|ms)$/.test(metric) ? [mean, median] : [mean];
}

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
