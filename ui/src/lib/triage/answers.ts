/** Answers beside each other: one line a field, marked where the variants differ. */
import type { Triage } from '$lib/bindings/Triage';
import type { TriageResult } from '$lib/bindings/TriageResult';
import type { TriageItem } from '$lib/bindings/TriageItem';
import { count, DASH, dollars, duration } from '$lib/format/numbers';
import { outcomeLabel } from '$lib/format/outcome';
import { FLAGS, points } from './words';

export interface FieldLine {
  label: string;
  /** For each variant; null: it has none. */
  values: (string | null)[];
  differs: boolean;
}

const LABELS = { R: 'Relevant', N: 'Novel', D: 'Deep summary' } as const;

/** The fields of the answers; a value is null where there is no answer. */
export function answerLines({ results }: TriageItem): FieldLine[] {
  const answers = results.map((result) => result?.triage ?? null);
  const ofAnswer = (label: string, read: (answer: Triage) => string | null): FieldLine => {
    const values = answers.map((answer) => (answer ? (read(answer) ?? DASH) : null));
    return { label, values, differs: new Set(values.filter((value) => value !== null)).size > 1 };
  };
  return [
    ofAnswer('Score', (answer) => points(answer.ai_score)),
    ...FLAGS.map(({ letter, field }) => ofAnswer(LABELS[letter], (answer) => (answer[field] ? 'Yes' : 'No'))),
    ofAnswer('Reason', (answer) => answer.reason),
    ofAnswer('One line', (answer) => answer.one_liner),
    ofAnswer('Theme', (answer) => answer.theme),
    ofAnswer('Categories', (answer) => answer.categories.join(', ') || null),
  ];
}

/** What the answers took; a value is null where nothing was asked yet. */
export function figureLines({ results }: TriageItem): FieldLine[] {
  const ofResult = (label: string, read: (result: TriageResult) => string): FieldLine => {
    const values = results.map((result) => (result ? read(result) : null));
    return { label, values, differs: false };
  };
  return [
    ofResult('Outcome', (result) => outcomeLabel(result.outcome)),
    ofResult('Tokens in, out', (result) => `${count(result.input_tokens)}, ${count(result.output_tokens)}`),
    ofResult('Latency', (result) => duration(result.latency_ms)),
    ofResult('Cost', (result) => dollars(result.cost_usd)),
    ofResult('Prompt', (result) => result.triage?.prompt_id ?? DASH),
  ];
}

/** What Copy JSON copies: the answer, or the error. */
export function copied(result: TriageResult): string {
  return JSON.stringify(result.triage ?? { error: result.error }, null, 2);
}
