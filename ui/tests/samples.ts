/** Values that several tests look at. */
import type { TriageSelection } from '$lib/bindings/TriageSelection';

/** A day in three parts, two sources. */
export function strataOf(): TriageSelection {
  const start = Date.UTC(2026, 10, 1);
  const part = 8 * 3_600_000;
  const stratum = (source_type: string, source_id: string, bucket: number, chosen: number, all: number) => ({
    source_type,
    source_id,
    bucket,
    start: start + bucket * part,
    end: start + (bucket + 1) * part,
    candidates: all,
    chosen,
  });
  return {
    read: 12,
    duplicates: 0,
    undated: 0,
    outside: 0,
    represented: 0,
    eligible: 12,
    chosen: 5,
    window: { start, end: start + 3 * part },
    buckets: 3,
    strata: [
      stratum('hn', 'front page', 0, 2, 3),
      stratum('rss', 'lwn.net', 0, 1, 4),
      stratum('rss', 'lwn.net', 2, 2, 5),
    ],
  };
}
