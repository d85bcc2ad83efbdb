/** Values of a YAML text, as far as the sample files need them. */
import { topValue } from './files';

export function textValues(text: string): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [, key] of text.matchAll(/^([a-z_]+):/gm)) {
    if (!key) continue;
    const items = new RegExp(`^${key}: *\\n((?: +- .*\\n?)+)`, 'm').exec(text)?.[1];
    values[key] = items
      ? items
          .trimEnd()
          .split('\n')
          .map((line) => flow(line.replace(/^ +- /, '')))
      : flow(topValue(text, key) ?? '');
  }
  return values;
}

/** Scalars, and flow collections without nesting quotes. */
function flow(text: string): unknown {
  const inner = text.slice(1, -1).trim();
  if (/^\[.*\]$/.test(text)) return inner ? inner.split(/, */).map(flow) : [];
  if (/^\{.*\}$/.test(text) && !text.startsWith('{{')) {
    return Object.fromEntries(
      [...inner.matchAll(/(\w+): *("[^"]*"|[^,]+)/g)].map(([, key, value]) => [key, flow(value ?? '')]),
    );
  }
  if (text === '' || text === 'null') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text.replace(/^"(.*)"$/, '$1');
}
