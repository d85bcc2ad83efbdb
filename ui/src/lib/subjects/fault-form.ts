/** A fault as somebody fills it in, with the ranges of the program (`fault/check.rs`), which has the last word. */
import type { Direction } from '$lib/bindings/Direction';
import type { Fault } from '$lib/bindings/Fault';
import type { FaultKind } from '$lib/bindings/FaultKind';
import type { Target } from '$lib/bindings/Target';

export type NumberKey = 'min_ms' | 'max_ms' | 'percent' | 'fill_percent';

export interface NumberField {
  key: NumberKey;
  label: string;
  unit: string;
  range: string;
  whole: boolean;
  /** May not be this, only more. */
  over: number | null;
  least: number;
  most: number;
}

const LATENCY = { unit: 'ms', whole: true, over: null, least: 1, most: 60_000 };
const SHARE = { unit: '%', whole: false, over: 0, least: 0, most: 100, range: 'over 0, up to 100' };

const FIELDS: Partial<Record<FaultKind, NumberField[]>> = {
  latency: [
    { ...LATENCY, key: 'min_ms', label: 'Least delay', range: 'a whole number, 1 to 60,000' },
    {
      ...LATENCY,
      key: 'max_ms',
      label: 'Largest delay',
      range: 'a whole number, up to 60,000, not under the least',
    },
  ],
  packet_loss: [{ ...SHARE, key: 'percent', label: 'Packets lost' }],
  disk_pressure: [{ ...SHARE, key: 'fill_percent', label: 'Of the free space, filled' }],
};

export const numberFields = (kind: FaultKind): NumberField[] => FIELDS[kind] ?? [];

/** Where no value is given: as `FaultKind::with_defaults` of the program. */
const DEFAULTS: Record<NumberKey, string> = {
  min_ms: '50',
  max_ms: '150',
  percent: '30',
  fill_percent: '80',
};

export interface FaultInput {
  kind: FaultKind;
  /** `any`, `leader`, `follower`, or `node:` with a name. */
  target: string;
  numbers: Record<NumberKey, string>;
  direction: Direction;
}

export function startInput(kind: FaultKind): FaultInput {
  return { kind, target: 'any', numbers: { ...DEFAULTS }, direction: 'symmetric' };
}

function targetOf(text: string): Target {
  if (text.startsWith('node:')) return { node: text.slice(5) };
  return text === 'leader' || text === 'follower' ? text : 'any';
}

function numberProblem(field: NumberField, typed: string): string | null {
  const value = Number(typed);
  const { whole, over, least, most, range } = field;
  const wrong =
    typed.trim() === '' ||
    !Number.isFinite(value) ||
    (whole && !Number.isInteger(value)) ||
    value < least ||
    (over !== null && value <= over) ||
    value > most;
  return wrong ? `“${typed}” is not allowed: ${range}.` : null;
}

/** What is wrong, by field. */
export function problemsOf(input: FaultInput): Partial<Record<NumberKey, string>> {
  const problems: Partial<Record<NumberKey, string>> = {};
  for (const field of numberFields(input.kind)) {
    const problem = numberProblem(field, input.numbers[field.key]);
    if (problem) problems[field.key] = problem;
  }
  const { min_ms, max_ms } = input.numbers;
  if (input.kind === 'latency' && !problems.min_ms && !problems.max_ms && Number(max_ms) < Number(min_ms))
    problems.max_ms = `“${max_ms}” is not allowed: not under the least, ${min_ms}.`;
  return problems;
}

/** The fault, or null when a field is wrong. */
export function faultOf(input: FaultInput): Fault | null {
  if (Object.keys(problemsOf(input)).length) return null;
  const fault: Fault = { kind: input.kind, target: targetOf(input.target) };
  for (const { key } of numberFields(input.kind)) fault[key] = Number(input.numbers[key]);
  if (input.kind === 'network_partition') fault.direction = input.direction;
  return fault;
}
