/** How a subject stands, in a word. */
import type { Requirement } from '$lib/bindings/Requirement';
import type { SubjectRow } from '$lib/bindings/SubjectRow';
import { plural } from '$lib/format/numbers';
import type { Tone } from '$lib/format/outcome';

export interface Standing {
  tone: Tone;
  label: string;
}

export function errorsOf(row: SubjectRow): number {
  return row.diagnostics.filter((finding) => finding.severity === 'error').length;
}

export function missing(row: SubjectRow): Requirement[] {
  return row.requirements.filter((requirement) => !requirement.is_met);
}

/** `Ready`, `1 error`, `2 things missing`. */
export function standing(row: SubjectRow): Standing {
  const errors = errorsOf(row);
  if (errors) return { tone: 'bad', label: plural(errors, 'error') };
  if (row.is_ready) return { tone: 'good', label: 'Ready' };
  const count = missing(row).length;
  return { tone: 'warn', label: count ? plural(count, 'thing missing', 'things missing') : 'Not ready' };
}
