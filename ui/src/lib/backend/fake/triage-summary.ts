/** Plausible summaries of the fake triage tests. The window itself computes no statistic. */
import type { Estimate } from '$lib/bindings/Estimate';
import type { PairAgreement } from '$lib/bindings/PairAgreement';
import type { TriageAgreement } from '$lib/bindings/TriageAgreement';
import type { TriageItem } from '$lib/bindings/TriageItem';
import type { TriageResult } from '$lib/bindings/TriageResult';
import type { TriageSummary } from '$lib/bindings/TriageSummary';
import { rateEstimate, unknown } from './estimates';

function meanOf(values: (number | null)[], why: string): Estimate {
  const known = values.filter((value) => value !== null);
  const n = known.length;
  if (n === 0) return unknown(why);
  const mean = known.reduce((a, b) => a + b, 0) / n;
  const note = n < 2 ? 'an interval needs at least 2 items' : null;
  const spread = Math.sqrt(known.reduce((a, b) => a + (b - mean) ** 2, 0) / Math.max(1, n - 1));
  const half = (1.98 * spread) / Math.sqrt(n);
  const interval = n < 2 ? null : { low: mean - half, high: mean + half };
  return { value: mean, interval, n, method: 't', note };
}

export function summaryOf(variant: string, results: TriageResult[]): TriageSummary {
  const answered = results.filter((result) => result.triage !== null);
  const share = (test: (result: TriageResult) => boolean) =>
    rateEstimate(answered.filter(test).length, answered.length);
  const errors = results.length - answered.length;
  const tokens = results.map((one) =>
    one.input_tokens === null ? null : one.input_tokens + (one.output_tokens ?? 0),
  );
  const costs = answered.map((result) => result.cost_usd);
  const none = 'no item has been answered yet';
  return {
    variant,
    items: results.length,
    errors,
    score: meanOf(
      results.map((result) => result.triage?.ai_score ?? null),
      none,
    ),
    relevant: share((result) => result.triage?.is_relevant ?? false),
    novel: share((result) => result.triage?.is_novel ?? false),
    deep: share((result) => result.triage?.should_deep_summarize ?? false),
    error_rate: rateEstimate(errors, results.length),
    tokens: meanOf(tokens, none),
    tokens_sum: tokens.reduce<number>((sum, one) => sum + (one ?? 0), 0),
    latency_ms: meanOf(
      results.map((result) => result.latency_ms),
      none,
    ),
    cost_usd: costs.includes(null) ? unknown('the model’s price is unknown') : meanOf(costs, none),
    cost_sum_usd: costs.includes(null) ? null : costs.reduce<number>((sum, one) => sum + (one ?? 0), 0),
  };
}

function pairOf(items: TriageItem[], first: number, second: number): PairAgreement {
  const both = items.flatMap((item) => {
    const [a, b] = [item.results[first]?.triage, item.results[second]?.triage];
    return a && b ? [[a, b] as const] : [];
  });
  const n = both.length;
  const same = both.filter(([a, b]) => a.is_relevant === b.is_relevant).length;
  const relevant = rateEstimate(same, n);
  const few = 'fewer than 3 items were answered by both';
  const about = (value: number): Estimate =>
    n < 3
      ? unknown(few, n)
      : {
          value,
          interval: {
            low: Math.max(-1, value - 0.9 / Math.sqrt(n)),
            high: Math.min(1, value + 0.7 / Math.sqrt(n)),
          },
          n,
          method: 'bootstrap over items',
          note: null,
        };
  const share = n ? same / n : 0;
  const differences = both.map(([a, b]) => b.ai_score - a.ai_score);
  return {
    first,
    second,
    relevant,
    kappa: about(Math.max(-1, (share - 0.52) / 0.48)),
    rank_correlation: about(
      0.93 - differences.reduce((sum, one) => sum + Math.abs(one), 0) / Math.max(1, n) / 160,
    ),
    score_difference: meanOf(differences, few),
  };
}

export function agreementOf(variants: number, items: TriageItem[]): TriageAgreement {
  const pairs: PairAgreement[] = [];
  for (let first = 0; first < variants; first++)
    for (let second = first + 1; second < variants; second++) pairs.push(pairOf(items, first, second));
  const over = (values: (number | null)[]) => meanOf(values, 'no two variants answered the same item');
  return {
    pairs,
    alpha_relevant: over(pairs.map((pair) => pair.kappa.value)),
    alpha_score: over(pairs.map((pair) => pair.rank_correlation.value)),
  };
}
