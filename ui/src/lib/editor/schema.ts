/** Where in a YAML text the cursor is, and what the schema says about it. */
import type { JsonSchema } from '$lib/backend';

export interface YamlPlace {
  /** Keys from the top to the map that the line belongs to. */
  parents: string[];
  /** The key on this line, when it is written. */
  key: string | null;
  /** The cursor is behind the colon. */
  inValue: boolean;
  /** What is written of the key or value before the cursor. */
  typed: string;
}

interface Line {
  indent: number;
  key: string | null;
}

/** A line's indentation counts the dash of a list, since the keys after it belong to its map. */
function parse(line: string): Line {
  const match = /^(\s*(?:- +)*)(?:([\w-]+)\s*:)?/.exec(line);
  return { indent: match?.[1]?.length ?? 0, key: match?.[2] ?? null };
}

/** Reads the place from the lines above; enough for block style, which is how the files are written. */
export function placeAt(lines: string[], row: number, column: number): YamlPlace {
  const before = (lines[row] ?? '').slice(0, column);
  const here = parse(lines[row] ?? '');
  const parents: string[] = [];
  let limit = here.indent;
  for (let i = row - 1; i >= 0 && limit > 0; i--) {
    const line = lines[i] ?? '';
    if (!line.trim() || line.trim().startsWith('#')) continue;
    const above = parse(line);
    if (above.indent >= limit) continue;
    limit = above.indent;
    if (above.key) parents.unshift(above.key);
  }
  const value = /^\s*(?:- +)*[\w-]+\s*:\s*(.*)$/.exec(before);
  const typed = value ? (value[1] ?? '') : (/([\w-]*)$/.exec(before)?.[1] ?? '');
  return { parents, key: here.key, inValue: value !== null, typed };
}

/** The schemas that may describe a value, with references and alternatives followed. */
function alternatives(schema: JsonSchema | undefined, root: JsonSchema, depth = 0): JsonSchema[] {
  if (!schema || depth > 8) return [];
  const next = (inner: JsonSchema) => alternatives(inner, root, depth + 1);
  const target = schema.$ref ? root.$defs?.[schema.$ref.split('/').pop() ?? ''] : undefined;
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return [schema, ...(target ? next(target) : []), ...inner.flatMap(next)];
}

/** The schemas of the map under these keys; lists are passed through. */
export function schemasAt(root: JsonSchema, path: string[]): JsonSchema[] {
  let level = alternatives(root, root);
  for (const key of path) {
    const found = level.flatMap((schema) => alternatives(schema.properties?.[key], root));
    level = found.flatMap((schema) => [schema, ...alternatives(schema.items, root)]);
  }
  return level;
}

export interface KeyHelp {
  name: string;
  help: string;
  type: string;
}

/** The keys that a map may have. */
export function keysAt(root: JsonSchema, parents: string[]): KeyHelp[] {
  const keys = new Map<string, KeyHelp>();
  for (const schema of schemasAt(root, parents)) {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      if (keys.has(name)) continue;
      const all = alternatives(property, root);
      keys.set(name, {
        name,
        help: all.find((one) => one.description)?.description ?? '',
        type: typeOf(all),
      });
    }
  }
  return [...keys.values()];
}

/** The values that a key may have, where they are listed. */
export function valuesAt(root: JsonSchema, path: string[]): string[] {
  const values = new Set<string>();
  for (const schema of schemasAt(root, path)) {
    for (const value of schema.enum ?? []) if (value !== null) values.add(String(value));
    if (schema.const !== undefined) values.add(String(schema.const));
    if (schema.type === 'boolean') values.add('true').add('false');
  }
  return [...values];
}

function typeOf(schemas: JsonSchema[]): string {
  const types = new Set(schemas.flatMap((schema) => schema.type ?? []).filter((type) => type !== 'null'));
  return [...types].join(' or ');
}

/** Description and allowed values of a key, for hover. */
export function helpFor(root: JsonSchema, path: string[]): string | null {
  const name = path.at(-1);
  const key = keysAt(root, path.slice(0, -1)).find((one) => one.name === name);
  if (!key) return null;
  const values = valuesAt(root, path);
  const allowed = values.length ? `Allowed: ${values.join(', ')}.` : key.type ? `Type: ${key.type}.` : '';
  return [key.help, allowed].filter(Boolean).join('\n');
}
