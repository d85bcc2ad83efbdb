/** What a fault trial says about itself, in words and lines. */
import type { Outcome } from '$lib/bindings/Outcome';
import type { AuditEntry } from '$lib/bindings/AuditEntry';
import type { ClusterState } from '$lib/bindings/ClusterState';
import type { FaultTrial } from '$lib/bindings/FaultTrial';
import type { HealthSample } from '$lib/bindings/HealthSample';
import type { Layer } from '$lib/bindings/Layer';
import type { OracleVerdict } from '$lib/bindings/OracleVerdict';
import { DASH, plural, seconds, signed } from '$lib/format/numbers';

export interface LayerLine {
  key: keyof OracleVerdict;
  label: string;
  what: string;
  layer: Layer;
}

const LAYERS: [keyof OracleVerdict, string, string][] = [
  ['service', 'Service', 'writes and reads through every node, within the service level'],
  ['redundancy', 'Redundancy', 'every member present, healthy, agreed and caught up'],
  ['integrity', 'Integrity', 'every acknowledged write still there'],
  ['cause', 'Cause', 'the fault gone, and nothing else taken away'],
];

export function layerLines(verdict: OracleVerdict): LayerLine[] {
  return LAYERS.map(([key, label, what]) => ({ key, label, what, layer: verdict[key] }));
}

const MODES: Record<string, string> = {
  managed: 'an agent of this program',
  command: 'a program of one’s own',
  operator_db: 'the operator’s own agent',
  baseline: 'nobody: the baseline without an agent',
};

export const modeText = (mode: string) => MODES[mode] ?? mode;

/** Where a trial comes from that another program ran, and by which rule it was judged; null: this one ran it. */
export function importedText({ imported }: FaultTrial): string | null {
  if (!imported) return null;
  return `Imported from ${imported.file}, campaign ${imported.campaign}, trial ${imported.trial}. ${imported.judged}`;
}

export interface Measure {
  key: string;
  label: string;
  value: string;
  /** What the number means. */
  hint: string;
}

export function measures(trial: FaultTrial, outcome: Outcome): Measure[] {
  const { detect_s, restore_s, censored_s, claim_lag_s } = trial;
  return [
    {
      key: 'detect',
      label: 'Time to detect',
      value: seconds(detect_s),
      hint: detect_s === null ? 'no ticket was opened' : 'from the first symptom to the ticket',
    },
    {
      key: 'restore',
      label: 'Time to restore',
      value:
        restore_s === null && censored_s !== null ? `not within ${seconds(censored_s)}` : seconds(restore_s),
      hint:
        restore_s !== null
          ? 'from the fault to the restored service'
          : censored_s !== null
            ? 'watched for that long, then given up'
            : 'it never came to that',
    },
    {
      key: 'claim-lag',
      label: 'Claim lag',
      value: claim_lag_s === null ? DASH : signed(seconds(Math.abs(claim_lag_s)), claim_lag_s),
      hint: claimText(trial, outcome),
    },
  ];
}

/** The sign of the claim lag in words. A claim may come a little early and still pass: the hold time is allowed. */
function claimText({ claim_lag_s, clocks, restore_s }: FaultTrial, outcome: Outcome): string {
  if (claim_lag_s !== null && claim_lag_s < 0)
    return outcome === 'pass'
      ? 'claimed before it was restored, within what is allowed'
      : 'claimed before it was restored: too early';
  if (claim_lag_s !== null) return 'claimed after it was restored';
  if (clocks.resolved_at === null) return 'nobody claimed that it was resolved';
  return restore_s === null ? 'claimed, but it was never restored' : 'unknown';
}

/** Seconds after the fault came (or, where it never did, after the first entry), with a sign. */
export function offset(at: number, from: number): string {
  return signed(seconds(Math.abs(at - from) / 1000), at - from);
}

const FOLD_LINES = 8;
const FOLD_CHARACTERS = 700;

/** The beginning of a long text, and how many lines are left out; null: it is short. */
export function folded(text: string): { start: string; rest: string } | null {
  const lines = text.split('\n');
  if (lines.length > FOLD_LINES + 2) {
    return {
      start: lines.slice(0, FOLD_LINES).join('\n'),
      rest: plural(lines.length - FOLD_LINES, 'more line'),
    };
  }
  if (text.length <= FOLD_CHARACTERS + 100) return null;
  const left = text.length - FOLD_CHARACTERS;
  return { start: text.slice(0, FOLD_CHARACTERS), rest: plural(left, 'more character') };
}

/** The whole audit as text, for the copy button. */
export function auditText(audit: AuditEntry[], from: number): string {
  return audit
    .map((entry) => {
      const kind = [entry.kind, entry.tool, entry.class].filter(Boolean).join(' ');
      const exit = entry.exit_code === null ? '' : `, exit ${entry.exit_code}`;
      return `${offset(entry.at, from)} ${kind}${exit}\n${entry.content || entry.summary}`;
    })
    .join('\n\n');
}

/** What differs between two states, in a sentence. */
export function stateChange(before: ClusterState | null, after: ClusterState | null): string {
  if (before === null || after === null) return 'One of the states was not taken.';
  const gone = before.members.filter((one) => !after.members.includes(one));
  const come = after.members.filter((one) => !before.members.includes(one));
  const names = [...new Set([...Object.keys(before.settings), ...Object.keys(after.settings)])];
  const changed = names.filter(
    (name) => JSON.stringify(before.settings[name]) !== JSON.stringify(after.settings[name]),
  );
  const said = [
    ...(gone.length ? [`without ${gone.join(', ')}`] : []),
    ...(come.length ? [`with ${come.join(', ')} added`] : []),
    ...(changed.length ? [`${changed.join(', ')} changed`] : []),
  ];
  return said.length ? `Not as before: ${said.join('; ')}.` : 'Members and settings are as before.';
}

export const stateJson = (state: ClusterState) => JSON.stringify(state, null, 2);

/** What one sample says about a node, and whether that is well. */
export function cellOf(sample: HealthSample, node: string): { text: string; ok: boolean; title: string } {
  const entry = sample.entries.find((one) => one.node === node);
  if (!entry) return { text: DASH, ok: false, title: 'it was not asked' };
  const failed = [...(entry.write_ok ? [] : ['write']), ...(entry.read_ok ? [] : ['read'])];
  const member = sample.members.find((one) => one.node === node);
  const role = member?.leader ? ', leads' : '';
  const title = `${entry.error ?? member?.error ?? (member?.healthy === false ? 'not healthy' : 'healthy')}${role}`;
  if (failed.length === 0) return { text: `${entry.latency_ms.toFixed(1)}\u202fms`, ok: true, title };
  return { text: `× ${failed.join(', ')}`, ok: false, title };
}
