/** Health of a subject's nodes as its samples tell. Nothing is averaged. */
import type { HealthSample } from '$lib/bindings/HealthSample';
import { duration } from '$lib/format/numbers';

export interface Beat {
  at: number;
  /** Write plus read, milliseconds; null where one failed. */
  latency: number | null;
}

export interface NodeHealth {
  node: string;
  /** Write and read through it work. */
  up: boolean;
  leader: boolean;
  /** In words: `1.8 ms`, `no write, no read: timed out`. */
  text: string;
  beats: Beat[];
}

/** Each node with its newest state and all its beats, in the order of the newest sample. */
export function nodesOf(samples: HealthSample[]): NodeHealth[] {
  const last = samples.at(-1);
  if (!last) return [];
  return last.entries.map((entry) => {
    const up = entry.write_ok && entry.read_ok;
    const failed = [...(entry.write_ok ? [] : ['no write']), ...(entry.read_ok ? [] : ['no read'])];
    const member = last.members.find((one) => one.node === entry.node);
    const why = entry.error ?? member?.error ?? null;
    return {
      node: entry.node,
      up,
      leader: member?.leader ?? false,
      text: up ? duration(entry.latency_ms) : `${failed.join(', ')}${why ? `: ${why}` : ''}`,
      beats: samples.flatMap((sample) => {
        const one = sample.entries.find((other) => other.node === entry.node);
        if (!one) return [];
        return [{ at: sample.at, latency: one.write_ok && one.read_ok ? one.latency_ms : null }];
      }),
    };
  });
}

/** The largest time that is drawn: over all nodes, so that they compare. */
export function ceiling(nodes: NodeHealth[], serviceLevel: number): number {
  const all = nodes.flatMap((node) => node.beats.map((beat) => beat.latency ?? 0));
  return Math.max(serviceLevel * 1.2, ...all);
}

export interface Trace {
  /** Lines between beats that worked, as points of polylines. */
  lines: string[];
  /** Where beats failed. */
  failures: number[];
  /** Height of the service level. */
  limit: number;
}

/** The beats within a box, oldest on the left. */
export function trace(beats: Beat[], top: number, limit: number, width: number, height: number): Trace {
  const start = beats[0]?.at ?? 0;
  const span = Math.max(1, (beats.at(-1)?.at ?? 0) - start);
  const x = (at: number) => Math.round(((at - start) / span) * width * 10) / 10;
  const y = (ms: number) => Math.round((height - 1 - (ms / top) * (height - 2)) * 10) / 10;
  const lines: string[][] = [[]];
  const failures: number[] = [];
  for (const { at, latency } of beats) {
    if (latency === null) {
      failures.push(x(at));
      lines.push([]);
    } else lines.at(-1)?.push(`${x(at)},${y(latency)}`);
  }
  return {
    lines: lines.filter((points) => points.length > 0).map((points) => points.join(' ')),
    failures,
    limit: y(limit),
  };
}
