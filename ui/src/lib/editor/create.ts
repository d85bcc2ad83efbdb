/** Puts CodeMirror into a shadow root, where its styles need no exception from the content security policy. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import {
  bracketMatching,
  codeFolding,
  foldGutter,
  foldKeymap,
  indentOnInput,
  indentUnit,
} from '@codemirror/language';
import { lintGutter, lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import type { JsonSchema } from '$lib/backend';
import { complete, hoverHelp, type KnownValues } from './assist';
import { look } from './theme';

export interface EditorHooks {
  label: string;
  onchange: (text: string) => void;
  schema: () => JsonSchema | null;
  known: () => KnownValues;
}

export function shadowOf(host: HTMLElement): ShadowRoot {
  return host.shadowRoot ?? host.attachShadow({ mode: 'open' });
}

/** What every YAML text here has, editable or not. */
export function reading(label: string): Extension {
  return [
    lineNumbers(),
    highlightSpecialChars(),
    yaml(),
    look,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
  ];
}

export function createEditor(host: HTMLElement, text: string, hooks: EditorHooks): EditorView {
  const root = shadowOf(host);
  const changed = EditorView.updateListener.of((update) => {
    if (update.docChanged) hooks.onchange(update.state.doc.toString());
  });
  const extensions = [
    reading(hooks.label),
    lintGutter(),
    foldGutter(),
    codeFolding(),
    history(),
    drawSelection(),
    indentOnInput(),
    indentUnit.of('  '),
    EditorState.tabSize.of(2),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    search({ top: true }),
    autocompletion({ override: [complete(hooks.schema, hooks.known)], icons: false }),
    hoverHelp(hooks.schema),
    changed,
    keymap.of([
      ...closeBracketsKeymap,
      ...withoutClashes(defaultKeymap),
      ...searchKeymap.filter((binding) => binding.key !== 'Mod-d'),
      ...historyKeymap,
      ...foldKeymap,
      ...completionKeymap,
      ...lintKeymap,
      indentWithTab,
    ]),
  ];
  return new EditorView({ parent: root, root, state: EditorState.create({ doc: text, extensions }) });
}

/** Ctrl-Enter launches and Ctrl-K finds: they belong to the window. */
function withoutClashes<T extends { key?: string; mac?: string }>(bindings: readonly T[]): T[] {
  return bindings.filter(({ key, mac }) => key !== 'Mod-Enter' && key !== 'Mod-k' && mac !== 'Ctrl-k');
}

/** Replaces only what differs, so that the cursor and the folds stay. */
export function replaceText(view: EditorView, text: string): void {
  const old = view.state.doc.toString();
  if (old === text) return;
  const shorter = Math.min(old.length, text.length);
  let from = 0;
  while (from < shorter && old[from] === text[from]) from++;
  let tail = 0;
  while (tail < shorter - from && old[old.length - 1 - tail] === text[text.length - 1 - tail]) tail++;
  view.dispatch({ changes: { from, to: old.length - tail, insert: text.slice(from, text.length - tail) } });
}
