/** Fields of forms that edit values of a YAML text. */
export interface Field {
  key: string;
  label: string;
  kind: 'text' | 'long' | 'number' | 'choice' | 'list';
  choices?: readonly string[];
  placeholder?: string;
  hint?: string;
  wide?: boolean;
}

/** What the user typed, as the value to write; `undefined` when it is no such value. */
export function parseField(kind: Field['kind'], typed: string): unknown {
  const text = kind === 'long' ? typed : typed.trim();
  if (text === '') return null;
  if (kind === 'number') return Number.isFinite(Number(text)) ? Number(text) : undefined;
  if (kind !== 'list') return text;
  return text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
}

/** A value as its field shows it. */
export function fieldText(value: unknown): string {
  if (value == null) return '';
  if (Array.isArray(value)) return value.map(String).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
