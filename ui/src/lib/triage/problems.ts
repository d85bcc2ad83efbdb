/** What is wrong with the form of a new triage test, found as one types; the program checks it all again. */
import { count } from '$lib/format/numbers';
import type { Draft } from './new-test.svelte';

interface Typed {
  start: string;
  end: string;
  items: string;
  seed: string;
  budget: string;
  cap: number;
  variants: Draft[];
}

/** A whole number; null for none, undefined for nonsense. */
export function wholeNumber(text: string): number | null | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  return /^\d{1,15}$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** A date or a moment in ISO form, in ms since 1970; without a zone it is UTC. */
export function moment(text: string): number | null {
  const trimmed = text.trim();
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(trimmed)) return null;
  const at = Date.parse(trimmed);
  return Number.isNaN(at) ? null : at;
}

export function problemsOf(typed: Typed): Record<string, string> {
  const found: Record<string, string> = {};
  const [start, end] = [moment(typed.start), moment(typed.end)];
  const form = 'Write a date such as 2026-11-23, or 2026-11-23T12:00:00Z.';
  if (start === null) found['window_start'] = form;
  if (end === null) found['window_end'] = form;
  if (start !== null && end !== null && start >= end)
    found['window_end'] = 'The window ends before it starts. Take an end after the start.';
  const items = wholeNumber(typed.items);
  if (items == null || items < 1 || items > typed.cap)
    found['max_items'] = `This must be from 1 to ${count(typed.cap)}, the cap in Settings.`;
  if (wholeNumber(typed.seed) === undefined) found['seed'] = 'This must be a whole number.';
  const budget = Number(typed.budget);
  if (typed.budget.trim() !== '' && !(Number.isFinite(budget) && budget > 0))
    found['budget_usd'] = 'This must be more than 0, or empty.';
  if (typed.variants.length < 2) found['variants'] = 'Two variants at least are compared. Add one.';
  typed.variants.forEach((draft, index) => {
    for (const [field, text] of Object.entries(variantProblems(draft, typed.variants, index)))
      found[`variants[${index}].${field}`] = text;
  });
  return found;
}

function variantProblems(draft: Draft, all: Draft[], index: number): Record<string, string> {
  const found: Record<string, string> = {};
  const name = draft.name.trim();
  if (all.slice(0, index).some((other) => other.name.trim() === name))
    found['name'] = `“${name}” is taken. Names are unique in a test.`;
  if (draft.file !== null) return found;
  if (name === '') found['name'] = 'Give it a name.';
  if (draft.model.trim() === '') found['model'] = 'Name a model.';
  const tokens = wholeNumber(draft.tokens);
  if (tokens === undefined || tokens === 0) found['max_output_tokens'] = 'This must be 1 or more, or empty.';
  if (draft.provider === 'openai-compatible' && draft.baseUrl.trim() === '')
    found['base_url'] = 'Such a server needs its address.';
  return found;
}
