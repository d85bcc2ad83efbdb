/** Files of the fake workspace: held in memory, checked a little. */
import type { Diagnostic } from '$lib/bindings/Diagnostic';
import type { FileKind } from '$lib/bindings/FileKind';
import type { FileText } from '$lib/bindings/FileText';
import type { ServiceError } from '$lib/bindings/ServiceError';
import type { TextEdit } from '$lib/bindings/TextEdit';
import type { TrashedFile } from '$lib/bindings/TrashedFile';
import type { Variant } from '$lib/bindings/Variant';
import { FILES, SCHEMAS } from './texts';

export function fail(code: ServiceError['code'], message: string, hint: string | null = null): never {
  const error: ServiceError = { code, message, hint, diagnostics: [] };
  // The real backend rejects with plain objects, too.
  throw error;
}

export function hashOf(text: string): string {
  let hash = 5381;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 33) ^ text.charCodeAt(i)) >>> 0;
  return hash.toString(16).padStart(8, '0').repeat(8);
}

export function kindOf(path: string): FileKind {
  if (path.startsWith('campaigns/')) return 'campaign';
  if (path.startsWith('workflows/')) return 'workflow';
  if (path.startsWith('subjects/')) return 'subject';
  if (path.startsWith('topics/')) return 'topic';
  return path.startsWith('datasets/') ? 'dataset' : 'variant';
}

export function nameOf(path: string): string {
  return (path.split('/').pop() ?? path).replace(/\.[a-z]+$/, '');
}

/** The value of a key at the top, as far as the samples need it. */
export function topValue(text: string, key: string): string | null {
  const block = new RegExp(`^${key}: *[|>][-+]?\\n((?:  .*\\n|\\n)*)`, 'm').exec(text);
  if (block) return (block[1] ?? '').replace(/^ {2}/gm, '').trimEnd();
  const line = new RegExp(`^${key}: *(.*)$`, 'm').exec(text);
  const value = line?.[1]?.trim();
  return value ? value.replace(/^["'](.*)["']$/, '$1') : null;
}

export function topList(text: string, key: string): string[] {
  const value = topValue(text, key);
  return value
    ? value
        .replace(/^\[|\]$/g, '')
        .split(/, */)
        .filter(Boolean)
    : [];
}

/** Unknown keys, a missing model, and tabs: enough to see findings where they are. */
export function check(kind: FileKind, text: string): Diagnostic[] {
  const known = Object.keys(SCHEMAS[kind].properties);
  const findings: Diagnostic[] = [];
  text.split('\n').forEach((line, index) => {
    const key = /^([A-Za-z_]+):/.exec(line)?.[1];
    if (key && !known.includes(key)) {
      const near = known.find((name) => name.slice(0, 3) === key.slice(0, 3));
      const hint = near ? `Did you mean ${near}?` : `Allowed: ${known.join(', ')}.`;
      findings.push(finding('unknown-key', key, `unknown key “${key}”`, hint, index + 1, key.length));
    }
    if (line.startsWith('\t')) {
      findings.push(finding('yaml', '', 'a tab cannot start a line of YAML', 'Use spaces.', index + 1, 1));
    }
  });
  if (kind === 'variant' && !topValue(text, 'model')) {
    findings.push(finding('missing-key', 'model', 'the key “model” is missing', 'Add model: NAME.', 1, 1));
  }
  return findings;
}

function finding(
  code: string,
  path: string,
  message: string,
  hint: string,
  line: number,
  length: number,
): Diagnostic {
  const [start, end] = [
    { line, column: 1 },
    { line, column: length + 1 },
  ];
  return { severity: 'error', code, file: null, path, start, end, message, hint };
}

export function parseVariant(name: string, text: string): Variant | null {
  if (check('variant', text).length) return null;
  const number = (key: string) => {
    const value = topValue(text, key);
    return value === null ? null : Number(value);
  };
  return {
    name,
    description: topValue(text, 'description'),
    provider: (topValue(text, 'provider') ?? 'builtin') as Variant['provider'],
    model: topValue(text, 'model') ?? '',
    base_url: topValue(text, 'base_url'),
    system_prompt: topValue(text, 'system_prompt'),
    prompt: topValue(text, 'prompt'),
    reasoning_effort: topValue(text, 'reasoning_effort') as Variant['reasoning_effort'],
    temperature: number('temperature'),
    top_p: number('top_p'),
    max_output_tokens: number('max_output_tokens'),
    stop: topList(text, 'stop'),
    tools_config: {},
    config_overrides: {},
    tags: topList(text, 'tags'),
    pace_ms: number('pace_ms'),
  };
}

/** Writes values at the top of a document; everything else stays. */
export function edit(text: string, edits: TextEdit[]): string {
  for (const { key, value } of edits) {
    const old = new RegExp(`^${key}:.*\\n(?:(?: .*|)\\n(?=(?: |\\n|$)))*(?: .*\\n)*`, 'm');
    const line = value === null ? '' : `${key}: ${written(value)}\n`;
    if (old.test(text)) text = text.replace(old, () => line);
    else if (line) text = `${text.replace(/\n?$/, '\n')}${line}`;
  }
  return text;
}

function written(value: unknown): string {
  if (Array.isArray(value))
    return value.some((item) => typeof item === 'object')
      ? `\n${value.map((item) => `  - ${inline(item)}`).join('\n')}`
      : `[${value.map(inline).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return inline(value);
  if (typeof value !== 'string') return String(value);
  if (value.includes('\n')) return `|\n${value.trimEnd().replace(/^(?=.)/gm, '  ')}`;
  return /[:#{}[\]"']|^\s|^$/.test(value) ? JSON.stringify(value) : value;
}

function inline(value: unknown): string {
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' ? written(value) : String(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${key}: ${inline(item)}`)
    .join(', ')}}`;
}

export class FakeFiles {
  texts = new Map<string, string>(Object.entries(FILES));
  #trash = new Map<string, { path: string; text: string }>();

  read(path: string): FileText {
    const text =
      this.texts.get(path) ?? fail('not_found', `There is no file ${path}.`, 'It may have been moved.');
    const kind = kindOf(path);
    return { path, kind, text, hash: hashOf(text), diagnostics: check(kind, text) };
  }

  save(path: string, text: string, expectedHash: string | null): FileText {
    const now = this.texts.get(path);
    if ((now === undefined ? null : hashOf(now)) !== expectedHash) {
      fail('conflict', `${path} changed since it was read.`, 'Read it again, or save under another name.');
    }
    this.texts.set(path, text);
    return this.read(path);
  }

  rename(path: string, name: string): FileText {
    const file = this.read(path);
    const target = path.replace(/[^/]+(\.[a-z]+)$/, `${name}$1`);
    if (this.texts.has(target)) fail('conflict', `${target} is there already.`, 'Choose another name.');
    this.texts.delete(path);
    this.texts.set(target, file.text.replace(/^name: .*$/m, `name: ${name}`));
    return this.read(target);
  }

  trash(path: string): TrashedFile {
    const { text } = this.read(path);
    const id = `${Date.now()}-${nameOf(path)}`;
    this.#trash.set(id, { path, text });
    this.texts.delete(path);
    return { id, path };
  }

  restore(id: string): FileText {
    const file = this.#trash.get(id) ?? fail('not_found', 'This file is not in the trash any more.');
    this.texts.set(file.path, file.text);
    return this.read(file.path);
  }
}
