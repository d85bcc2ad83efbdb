import { Text } from '@codemirror/state';
import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '$lib/backend';
import { findings, offsetOf } from '$lib/editor/assist';
import { helpFor, keysAt, placeAt, valuesAt } from '$lib/editor/schema';
import { promptSize, promptTexts } from '$lib/variants/prompt';
import { safeSvg } from '$lib/charts/safe-svg';

const schema: JsonSchema = {
  properties: {
    model: { type: 'string', description: 'Sent as written.' },
    effort: { anyOf: [{ $ref: '#/$defs/Effort' }, { type: 'null' }] },
    scorers: {
      items: {
        oneOf: [
          { properties: { type: { const: 'exact' }, value: {} } },
          { properties: { type: { const: 'regex' } } },
        ],
      },
    },
  },
  $defs: { Effort: { enum: ['low', 'high'], description: 'How hard.' } },
};

describe('the place of the cursor in YAML', () => {
  const lines = ['name: a', 'scorers:', '  - type: ex', '    val', 'model: x'];
  it('is a key inside a list of maps', () =>
    expect(placeAt(lines, 3, 7)).toEqual({ parents: ['scorers'], key: null, inValue: false, typed: 'val' }));
  it('is a value behind a dash', () =>
    expect(placeAt(lines, 2, 12)).toEqual({ parents: ['scorers'], key: 'type', inValue: true, typed: 'ex' }));
  it('is at the top again', () => expect(placeAt(lines, 4, 3).parents).toEqual([]));
});

describe('what the schema says', () => {
  it('lists keys of all alternatives once', () =>
    expect(keysAt(schema, ['scorers']).map((key) => key.name)).toEqual(['type', 'value']));
  it('follows references to values', () => expect(valuesAt(schema, ['effort'])).toEqual(['low', 'high']));
  it('helps with description and values', () =>
    expect(helpFor(schema, ['effort'])).toBe('How hard.\nAllowed: low, high.'));
  it('says nothing about unknown keys', () => expect(helpFor(schema, ['nope'])).toBeNull());
});

describe('findings', () => {
  const doc = Text.of(['näme: 🙂x', 'b']);
  it('counts characters, not UTF-16 units', () => expect(offsetOf(doc, { line: 1, column: 8 })).toBe(8));
  it('stays inside the text', () => expect(offsetOf(doc, { line: 9, column: 1 })).toBe(doc.length));
  it('underlines something even without a width', () => {
    const at = { line: 2, column: 1 };
    const [finding] = findings(doc, [
      { severity: 'error', code: '', file: null, path: '', start: at, end: at, message: 'm', hint: null },
    ]);
    expect(finding && finding.to - finding.from).toBe(1);
  });
});

describe('prompts', () => {
  it('takes block scalars without their indentation', () =>
    expect(promptTexts('system_prompt: |\n  Hi\n   there\nprompt: "x"\n')).toEqual(['Hi\n there', 'x']));
  it('measures characters', () => expect(promptSize('prompt: äöü1\n')).toEqual({ characters: 4, tokens: 1 }));
});

describe('charts', () => {
  it('lets only drawing through', () => {
    const svg = safeSvg(
      '<svg xmlns="http://www.w3.org/2000/svg" onload="x()"><script>x()</script><foreignObject/><a href="http://x"/><rect style="x" fill="red"/></svg>',
    );
    expect(svg?.outerHTML).toBe('<svg xmlns="http://www.w3.org/2000/svg"><rect fill="red"></rect></svg>');
  });
  it('refuses what is no SVG', () => expect(safeSvg('<svg')).toBeNull());
});
