/** Plausible estimates for the fake backend. The window itself computes no statistic. */
import type { Distribution } from '$lib/bindings/Distribution';
import type { Estimate } from '$lib/bindings/Estimate';
import type { Metric } from '$lib/bindings/Metric';

export function rateEstimate(passes: number, n: number): Estimate {
  if (n === 0) return unknown('no trial has ended yet');
  const z = 1.96;
  const p = passes / n;
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return { value: p, interval: { low: middle - half, high: middle + half }, n, method: 'Wilson', note: null };
}

export function unknown(note: string, n = 0): Estimate {
  return { value: null, interval: null, n, method: '', note };
}

export function distribution(metric: Metric, values: number[], why = 'nothing is known yet'): Distribution {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  const sum = sorted.reduce((a, b) => a + b, 0);
  const at = (share: number): number | null => sorted[Math.min(n - 1, Math.floor(share * n))] ?? null;
  const quantile = (share: number, from: number): Estimate => {
    const value = at(share);
    if (value === null) return unknown(why);
    const note = n < from ? `an interval needs at least ${from} trials` : null;
    const interval = n < from ? null : { low: at(share - 0.04), high: at(Math.min(1, share + 0.03)) };
    return { value, interval, n, method: 'order statistics', note };
  };
  const mean = n ? sum / n : null;
  const spread =
    mean === null ? 0 : Math.sqrt(sorted.reduce((a, b) => a + (b - mean) ** 2, 0) / Math.max(1, n - 1));
  const half = (1.98 * spread) / Math.sqrt(Math.max(1, n));
  return {
    metric,
    n,
    unknown: 0,
    sum,
    mean:
      mean === null
        ? unknown(why)
        : {
            value: mean,
            interval: { low: mean - half, high: mean + half },
            n,
            method: 't over case means',
            note: null,
          },
    p50: quantile(0.5, 6),
    p90: quantile(0.9, 29),
    p95: quantile(0.95, 59),
    p99: quantile(0.99, 299),
    min: sorted[0] ?? null,
    max: sorted[n - 1] ?? null,
  };
}
