import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync('src/styles/tokens.css', 'utf8');

function tokens(selector: string): Map<string, string> {
  const start = css.indexOf(`${selector} {`);
  const block = css.slice(start, css.indexOf('}', start));
  return new Map(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name ?? '', value ?? '']),
  );
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const GROUNDS = ['app', 'surface', 'raised', 'sunken', 'hover', 'selected'];
const PAIRS = [
  ...GROUNDS.flatMap((ground) => ['text', 'muted', 'accent'].map((ink) => [ink, ground])),
  ...['surface', 'sunken', 'raised'].flatMap((ground) => ['good', 'bad', 'warn'].map((ink) => [ink, ground])),
  ['good', 'good-soft'],
  ['bad', 'bad-soft'],
  ['warn', 'warn-soft'],
  ['text', 'good-soft'],
  ['text', 'bad-soft'],
  ['text', 'warn-soft'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-hover'],
];

describe.each([
  ['light', ':root'],
  ['dark', ":root[data-theme='dark']"],
])('%s theme', (_name, selector) => {
  const known = tokens(selector);
  it.each(PAIRS)('%s on %s has at least 4.5 : 1', (ink, ground) => {
    const [a, b] = [known.get(ink ?? ''), known.get(ground ?? '')];
    expect(a && b && contrast(a, b)).toBeGreaterThanOrEqual(4.5);
  });
});
