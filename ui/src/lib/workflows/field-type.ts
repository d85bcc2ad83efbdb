/** Types of state fields: in words, and reading what somebody typed for one. */
import type { FieldType } from '$lib/bindings/FieldType';
import type { Program } from '$lib/bindings/Program';
import type { StateField } from '$lib/bindings/StateField';

/** As a workflow file writes it: `list[str]`, `dict[str, int]`, `object{name: str}`. */
export function typeText(kind: FieldType): string {
  if (typeof kind === 'string') return kind;
  if ('list' in kind) return kind.list === null ? 'list' : `list[${typeText(kind.list)}]`;
  if ('dict' in kind) return kind.dict === null ? 'dict' : `dict[str, ${typeText(kind.dict)}]`;
  if (kind.object.length === 0) return 'object';
  return `object{${kind.object.map(([name, type]) => `${name}: ${typeText(type)}`).join(', ')}}`;
}

/** Fields that a launch must give: required, and without a value of their own. */
export function askedFields(program: Program): StateField[] {
  return program.state.filter((field) => field.required && field.default === null);
}

/** What was typed, as the value it stands for; or what is wrong with it. */
export type Typed = { value: unknown } | { problem: string };

const WORDS = {
  str: 'a text',
  int: 'a whole number',
  float: 'a number',
  bool: 'true or false',
} as const;

function words(kind: FieldType): string {
  if (typeof kind === 'string') return WORDS[kind];
  if ('list' in kind) return 'a list, such as ["a", "b"]';
  return 'an object, such as {"a": "b"}';
}

/** A text is taken as it is; numbers are read; lists and objects are JSON. */
export function parseInput(kind: FieldType, typed: string): Typed {
  if (typed.trim() === '') return { problem: `This is needed: ${words(kind)}.` };
  if (kind === 'str') return { value: typed };
  if (typeof kind === 'string') return parsePlain(kind, typed.trim());
  let value: unknown;
  try {
    value = JSON.parse(typed);
  } catch {
    return { problem: `This is not JSON. It must be ${words(kind)}.` };
  }
  const problem = mismatch(kind, value, '');
  return problem === null ? { value } : { problem };
}

function parsePlain(kind: 'int' | 'float' | 'bool', typed: string): Typed {
  const wrong = { problem: `This must be ${WORDS[kind]}.` };
  if (kind === 'bool') {
    return typed === 'true' || typed === 'false' ? { value: typed === 'true' } : wrong;
  }
  const value = Number(typed);
  if (!Number.isFinite(value)) return wrong;
  return kind === 'float' || Number.isSafeInteger(value) ? { value } : wrong;
}

/** What in the value is not of the type, in one sentence; null when all is. */
function mismatch(kind: FieldType, value: unknown, at: string): string | null {
  const wrong = `${at === '' ? 'This' : at} must be ${words(kind)}.`;
  if (typeof kind === 'string') return isPlain(kind, value) ? null : wrong;
  if ('list' in kind) {
    if (!Array.isArray(value)) return wrong;
    const inner = kind.list;
    if (inner === null) return null;
    return first(value.map((item, index) => mismatch(inner, item, `${at}[${index}]`)));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong;
  const entries = value as Record<string, unknown>;
  if ('dict' in kind) {
    const inner = kind.dict;
    if (inner === null) return null;
    return first(Object.entries(entries).map(([key, item]) => mismatch(inner, item, join(at, key))));
  }
  return first(
    kind.object.map(([key, type]) =>
      key in entries
        ? mismatch(type, entries[key], join(at, key))
        : `${join(at, key)} is missing; it must be ${words(type)}.`,
    ),
  );
}

function isPlain(kind: keyof typeof WORDS, value: unknown): boolean {
  if (kind === 'str') return typeof value === 'string';
  if (kind === 'bool') return typeof value === 'boolean';
  return typeof value === 'number' && (kind === 'float' || Number.isInteger(value));
}

const join = (at: string, key: string) => (at === '' ? key : `${at}.${key}`);
const first = (found: (string | null)[]) => found.find((one) => one !== null) ?? null;

/** What an empty field shows. */
export function placeholderFor(kind: FieldType): string {
  if (typeof kind === 'string') return { str: '', int: '', float: '', bool: '' }[kind];
  return 'list' in kind ? '["…"]' : '{"…": "…"}';
}
