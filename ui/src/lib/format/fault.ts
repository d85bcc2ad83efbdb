/** Faults, verdicts and moments of fault trials in words. */
import type { Attribution } from '$lib/bindings/Attribution';
import type { CommandClass } from '$lib/bindings/CommandClass';
import type { Fault } from '$lib/bindings/Fault';
import type { FaultKind } from '$lib/bindings/FaultKind';
import type { FaultState } from '$lib/bindings/FaultState';
import type { LayerState } from '$lib/bindings/LayerState';
import type { Target } from '$lib/bindings/Target';
import type { TicketSeverity } from '$lib/bindings/TicketSeverity';
import type { TryState } from '$lib/bindings/TryState';
import type { Undo } from '$lib/bindings/Undo';
import type { Tone } from './outcome';
import { DASH } from './numbers';

const THIN = '\u202f';

const KINDS: Record<FaultKind, [string, string]> = {
  none: ['No fault', 'Nothing is done: the control'],
  node_kill: ['Kill a node', 'Its process is killed and stays down'],
  process_restart: ['Restart a process', 'Its process is killed; what supervises it may start it again'],
  node_pause: ['Pause a node', 'It is stopped in place: it accepts connections and never answers'],
  latency: ['Latency', 'What a node sends arrives late'],
  packet_loss: ['Packet loss', 'A share of what a node sends is lost'],
  network_partition: ['Network partition', 'A node is cut off from its peers; clients still reach it'],
  disk_pressure: ['Disk pressure', 'A node’s own small volume is filled'],
};

export const faultLabel = (kind: FaultKind) => KINDS[kind][0];
export const faultHelp = (kind: FaultKind) => KINDS[kind][1];

export function targetText(target: Target): string {
  if (target === 'any') return 'any node';
  if (target === 'leader') return 'the leader';
  return target === 'follower' ? 'a follower' : target.node;
}

function parameters({ kind, min_ms, max_ms, percent, fill_percent, direction }: Fault): string[] {
  const number = (value: number | null | undefined, unit: string) =>
    value == null ? [] : [`${value}${THIN}${unit}`];
  switch (kind) {
    case 'latency':
      return min_ms == null || max_ms == null ? [] : [`${min_ms} to ${max_ms}${THIN}ms`];
    case 'packet_loss':
      return number(percent, '%');
    case 'disk_pressure':
      return number(fill_percent, '% of what is free');
    case 'network_partition':
      return direction ? [direction] : [];
    default:
      return [];
  }
}

/** `Latency, 50 to 150 ms`. */
export function faultText(fault: Fault): string {
  return [faultLabel(fault.kind), ...parameters(fault)].join(', ');
}

const FAULT_STATES: Record<FaultState, [string, Tone]> = {
  planned: ['Planned', 'neutral'],
  injecting: ['Being injected', 'warn'],
  landed: ['In force', 'bad'],
  reverting: ['Being reverted', 'warn'],
  reverted: ['Reverted', 'good'],
  revert_failed: ['Could not be reverted', 'bad'],
  lost: ['Gone with its instance', 'neutral'],
};

export const faultStateLabel = (state: FaultState) => FAULT_STATES[state][0];
export const faultStateTone = (state: FaultState) => FAULT_STATES[state][1];

const TRY_STATES: Record<TryState, [string, Tone]> = {
  starting: ['Starting', 'accent'],
  running: ['Running', 'good'],
  closing: ['Being removed', 'warn'],
  failed: ['Failed', 'bad'],
};

export const tryStateLabel = (state: TryState) => TRY_STATES[state][0];
export const tryStateTone = (state: TryState) => TRY_STATES[state][1];

export function undoText(undo: Undo): string {
  switch (undo.do) {
    case 'nothing':
      return 'nothing to undo';
    case 'start_node':
      return `start ${undo.node}`;
    case 'resume_node':
      return `let ${undo.node} go on`;
    case 'clear_links':
      return `let ${undo.links.map(([from, to]) => `${from} → ${to}`).join(', ')} pass`;
    case 'remove_file':
      return `remove ${undo.path} from ${undo.node}`;
    case 'remove_rules':
      return `take the rules off ${undo.node}`;
  }
}

const LAYER_STATES: Record<LayerState, [string, Tone, string]> = {
  pass: ['Pass', 'good', '✓'],
  fail: ['Fail', 'bad', '×'],
  unknown: ['Cannot tell', 'warn', '?'],
};

export const layerLabel = (state: LayerState) => LAYER_STATES[state][0];
export const layerTone = (state: LayerState) => LAYER_STATES[state][1];
export const layerSign = (state: LayerState) => LAYER_STATES[state][2];

const ATTRIBUTIONS: Record<Attribution, string> = {
  targeted: 'A command removed the fault itself',
  restart: 'A restart of the node took it away',
  rebuilt: 'The node was made anew',
  self_healed: 'It came back by itself',
  lease_expired: 'The fault’s lease ran out; the trial is void',
};

export const attributionText = (by: Attribution | null) => (by === null ? DASH : ATTRIBUTIONS[by]);

const CLASSES: Record<CommandClass, Tone> = {
  read: 'neutral',
  repair: 'accent',
  risky: 'warn',
  destructive: 'bad',
};

export const classTone = (of: CommandClass) => CLASSES[of];

export function severityTone(severity: TicketSeverity): Tone {
  if (severity === 'info') return 'neutral';
  return severity === 'critical' ? 'bad' : 'warn';
}

/** The variant of trials without an agent, `lab::NO_AGENT` of the program. */
export const NO_AGENT = 'no-agent';

/** A variant's name as people read it. */
export const variantLabel = (name: string) => (name === NO_AGENT ? 'no agent' : name);
