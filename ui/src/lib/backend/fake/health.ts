/** Health samples of the fake backend. */
import type { HealthSample } from '$lib/bindings/HealthSample';
import type { PlannedFault } from '$lib/bindings/PlannedFault';
import { chance } from './trials';

const NODES = ['n1', 'n2', 'n3'];

const ERRORS: Partial<Record<string, string>> = {
  node_kill: 'connection refused',
  node_pause: 'no answer within 1 s',
  network_partition: 'no leader is known',
  disk_pressure: 'ENOSPC: no space left on device',
};

/** One sample while a fault is in force, or none. `turn` makes the numbers move. */
export function sampleOf(at: number, turn: number, planned: PlannedFault | null): HealthSample {
  const kind = planned?.fault.kind;
  const late = kind === 'latency' ? ((planned?.fault.min_ms ?? 0) + (planned?.fault.max_ms ?? 0)) / 2 : 0;
  const leader = planned?.node === 'n1' && kind !== 'latency' ? 'n2' : 'n1';
  const broken = (node: string) => planned?.node === node && kind !== 'latency' && kind !== 'none';
  return {
    at,
    entries: NODES.map((node, index) => {
      const noise = 1.2 + 5 * chance(turn, index, 5) ** 3;
      if (broken(node)) {
        const read_ok = kind === 'disk_pressure';
        const error = ERRORS[kind ?? ''] ?? null;
        return { node, write_ok: false, read_ok, latency_ms: kind === 'node_kill' ? 0.4 : 1000, error };
      }
      return { node, write_ok: true, read_ok: true, latency_ms: noise + (planned?.node === node ? late : 0) };
    }),
    members: NODES.map((node) => ({
      node,
      healthy: !broken(node),
      leader: node === leader,
      term: broken(node) ? null : leader === 'n1' ? 3 : 4,
      applied: broken(node) ? null : 400 + 4 * turn,
      disk_percent: planned?.node === node && kind === 'disk_pressure' ? 99.7 : 12 + (turn % 7),
      error: broken(node) ? (ERRORS[kind ?? ''] ?? null) : null,
    })),
  };
}
