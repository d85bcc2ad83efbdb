/** Completion, hover help and findings for CodeMirror. */
import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import type { Diagnostic as Finding } from '@codemirror/lint';
import type { EditorState, Text } from '@codemirror/state';
import { hoverTooltip } from '@codemirror/view';
import type { JsonSchema } from '$lib/backend';
import type { Diagnostic } from '$lib/bindings/Diagnostic';
import type { Position } from '$lib/bindings/Position';
import { helpFor, keysAt, placeAt, valuesAt, type YamlPlace } from './schema';

/** Names that exist in the workspace, by key, such as the variants of a campaign. */
export type KnownValues = Record<string, string[]>;

function placeIn(state: EditorState, at: number): YamlPlace {
  const line = state.doc.lineAt(at);
  return placeAt(state.doc.toString().split('\n'), line.number - 1, at - line.from);
}

export function complete(schema: () => JsonSchema | null, known: () => KnownValues) {
  return (context: CompletionContext): CompletionResult | null => {
    const root = schema();
    if (!root) return null;
    const place = placeIn(context.state, context.pos);
    if (!context.explicit && place.typed === '' && !place.inValue) return null;
    return place.inValue ? values(root, place, context, known()) : keys(root, place, context, known());
  };
}

function values(
  root: JsonSchema,
  place: YamlPlace,
  context: CompletionContext,
  known: KnownValues,
): CompletionResult | null {
  const word = /([^\s[\],]*)$/.exec(place.typed)?.[1] ?? '';
  const path = place.key ? [...place.parents, place.key] : place.parents;
  const options = [...valuesAt(root, path), ...(known[place.key ?? ''] ?? [])];
  if (options.length === 0) return null;
  return { from: context.pos - word.length, options: options.map((label) => ({ label, type: 'enum' })) };
}

function keys(
  root: JsonSchema,
  place: YamlPlace,
  context: CompletionContext,
  known: KnownValues,
): CompletionResult | null {
  const names = known[place.parents.at(-1) ?? ''] ?? [];
  const options = keysAt(root, place.parents).map(({ name, help, type }) => ({
    label: name,
    apply: `${name}: `,
    detail: type,
    info: help || undefined,
    type: 'property',
  }));
  const all = [...options, ...names.map((label) => ({ label, type: 'enum' }))];
  return all.length ? { from: context.pos - place.typed.length, options: all } : null;
}

export function hoverHelp(schema: () => JsonSchema | null) {
  return hoverTooltip((view, at) => {
    const root = schema();
    const line = view.state.doc.lineAt(at);
    const place = placeIn(view.state, at);
    const match = place.key ? line.text.indexOf(place.key) : -1;
    if (!root || !place.key || match < 0 || at > line.from + match + place.key.length) return null;
    const help = helpFor(root, [...place.parents, place.key]);
    if (!help) return null;
    return {
      pos: line.from + match,
      end: line.from + match + place.key.length,
      above: true,
      create() {
        const dom = document.createElement('div');
        dom.textContent = help;
        return { dom };
      },
    };
  });
}

/** Columns count characters, CodeMirror counts UTF-16 units. */
export function offsetOf(doc: Text, { line, column }: Position): number {
  if (line > doc.lines) return doc.length;
  const at = doc.line(Math.max(1, line));
  const units = [...at.text].slice(0, column - 1).join('').length;
  return Math.min(at.from + units, at.to);
}

export function findings(doc: Text, diagnostics: Diagnostic[]): Finding[] {
  return diagnostics.map(({ severity, start, end, message, hint }) => {
    const from = start ? offsetOf(doc, start) : 0;
    const to = end ? Math.max(offsetOf(doc, end), from) : from;
    // A finding without width underlines the character (or the line) where it is.
    const line = doc.lineAt(from);
    const until = to > from ? to : Math.min(from + 1, line.to);
    return { from, to: until, severity, message: hint ? `${message}\n${hint}` : message };
  });
}
