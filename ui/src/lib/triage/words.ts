/** Triage tests in words. */
import type { JobState } from '$lib/bindings/JobState';
import type { ReasoningEffort } from '$lib/bindings/ReasoningEffort';
import type { TriageAnswer } from '$lib/bindings/TriageAnswer';
import type { TriageOrder } from '$lib/bindings/TriageOrder';
import type { TriageRow } from '$lib/bindings/TriageRow';
import type { TriageVariantRow } from '$lib/bindings/TriageVariantRow';
import type { TriageWindow } from '$lib/bindings/TriageWindow';
import { count, DASH } from '$lib/format/numbers';
import type { Tone } from '$lib/format/outcome';

const JOBS: Record<JobState, [string, Tone]> = {
  queued: ['Queued', 'neutral'],
  running: ['Running', 'accent'],
  completed: ['Completed', 'good'],
  failed: ['Failed', 'bad'],
  cancelled: ['Cancelled', 'warn'],
};

/** The state of a test; one that runs may be paused. */
export function testState(row: TriageRow): [string, Tone] {
  return row.state === 'running' && row.run_state === 'paused' ? ['Paused', 'warn'] : JOBS[row.state];
}

export const hasEnded = ({ state }: TriageRow) => state !== 'queued' && state !== 'running';

/** `2026-11-23`, or with a time where it isn't midnight; UTC. */
export function utc(at: number): string {
  const [date = '', time = ''] = new Date(at).toISOString().split('T');
  return time.startsWith('00:00') ? date : `${date} ${time.slice(0, 5)}`;
}

export function windowText({ start, end }: TriageWindow): string {
  return `${utc(start)} to ${utc(end)}`;
}

const EFFORTS: Partial<Record<ReasoningEffort, string>> = {
  none: 'None',
  low: 'Low',
  medium: 'Medium',
  high: 'High',
};

/** What the form offers; without one of them the field is not sent. */
export const EFFORT_CHOICES = Object.entries(EFFORTS) as [ReasoningEffort, string][];

/** `gpt-5.1 · effort low · at most 800 tokens`: what was sent. */
export function variantText({ model, reasoning_effort, max_output_tokens }: TriageVariantRow): string {
  const effort = reasoning_effort === null ? [] : [`effort ${reasoning_effort}`];
  const tokens = max_output_tokens === null ? [] : [`at most ${count(max_output_tokens)} tokens`];
  return [model, ...effort, ...tokens].join(' · ');
}

/** A score from 0 to 100, a mean with one digit. */
export function points(value: number | null | undefined): string {
  if (value == null) return DASH;
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
}

export const ORDERS: { key: TriageOrder; label: string }[] = [
  { key: 'differences', label: 'Differences first' },
  { key: 'score', label: 'Highest score first' },
  { key: 'newest', label: 'Newest first' },
];

/** The flags of an answer: letter, field, word when set, word when not. */
export const FLAGS = [
  { letter: 'R', field: 'is_relevant', yes: 'relevant', no: 'not relevant' },
  { letter: 'N', field: 'is_novel', yes: 'novel', no: 'not novel' },
  { letter: 'D', field: 'should_deep_summarize', yes: 'worth a deep summary', no: 'no deep summary' },
] as const satisfies { letter: string; field: keyof TriageAnswer; yes: string; no: string }[];
