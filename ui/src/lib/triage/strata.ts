/** The groups of a sample as a table: sources by parts of the window. */
import type { TriageSelection } from '$lib/bindings/TriageSelection';
import type { TriageStratum } from '$lib/bindings/TriageStratum';

export interface SourceRow {
  key: string;
  type: string;
  id: string;
  /** By bucket. */
  strata: Map<number, TriageStratum>;
  candidates: number;
  chosen: number;
}

export function sources(strata: TriageStratum[]): SourceRow[] {
  const rows = new Map<string, SourceRow>();
  for (const stratum of strata) {
    const key = JSON.stringify([stratum.source_type, stratum.source_id]);
    const blank = {
      key,
      type: stratum.source_type,
      id: stratum.source_id,
      strata: new Map<number, TriageStratum>(),
      candidates: 0,
      chosen: 0,
    };
    const row = rows.get(key) ?? blank;
    row.strata.set(stratum.bucket, stratum);
    row.candidates += stratum.candidates;
    row.chosen += stratum.chosen;
    rows.set(key, row);
  }
  return [...rows.values()];
}

export interface TimeColumn {
  bucket: number;
  start: number;
  end: number;
  day: string;
  time: string;
}

/** All parts of the window, also those without a candidate. */
export function times({ window, buckets }: TriageSelection): TimeColumn[] {
  const length = (window.end - window.start) / Math.max(1, buckets);
  return Array.from({ length: buckets }, (_, bucket) => {
    const start = window.start + bucket * length;
    const date = new Date(start);
    const month = date.toLocaleString('en-GB', { month: 'short', timeZone: 'UTC' });
    const time = date.toISOString().slice(11, 16);
    return { bucket, start, end: start + length, day: `${date.getUTCDate()} ${month}`, time };
  });
}
