/** Keyboard shortcuts: one table, for the handler, the palette and the help. */
const isMac = /Mac/.test(globalThis.navigator?.platform ?? '');

/** `Mod` is Ctrl, or Cmd on macOS. */
export interface Shortcut {
  keys: string;
  what: string;
}

export const SHORTCUTS: { title: string; list: Shortcut[] }[] = [
  {
    title: 'Everywhere',
    list: [
      {
        keys: 'Mod+K',
        what: 'Find a command, variant, campaign, workflow, subject, triage test, run or trial',
      },
      { keys: 'Mod+1 … Mod+5', what: 'Variants, Campaigns, Compare, Subjects, Settings' },
      { keys: 'Mod+O', what: 'Import files' },
      { keys: 'Mod+S', what: 'Save the file in the editor' },
      {
        keys: 'Mod+Enter',
        what: 'Launch the campaign or A/B test; queue the triage test; Apply in the apply sheet',
      },
      { keys: 'Mod+Shift+P', what: 'Pause or resume the run' },
      { keys: 'Esc', what: 'Close the dialog, drawer or menu' },
      { keys: '?', what: 'This list' },
    ],
  },
  {
    title: 'Lists',
    list: [
      { keys: 'J / ↓', what: 'Next row' },
      { keys: 'K / ↑', what: 'Previous row' },
      { keys: 'Home / End', what: 'First or last row' },
      { keys: 'Enter', what: 'Open the row' },
      { keys: 'J / K', what: 'Next or previous item (in the drawer of a triage test)' },
      { keys: '/', what: 'Search the list' },
    ],
  },
  {
    title: 'Variants',
    list: [
      { keys: 'Mod+N', what: 'New variant' },
      { keys: 'Mod+D', what: 'Duplicate' },
      { keys: 'F2', what: 'Rename' },
      { keys: 'Delete', what: 'Move to the trash (in the list)' },
      { keys: 'Mod+F', what: 'Search in the editor' },
      { keys: 'Ctrl+Space', what: 'Complete in the editor' },
    ],
  },
];

/** A shortcut as this system writes it. */
export function keysFor(keys: string): string {
  return isMac ? keys.replaceAll('Mod+', '⌘').replaceAll('Shift+', '⇧') : keys.replaceAll('Mod', 'Ctrl');
}

export function isMod(event: KeyboardEvent): boolean {
  return isMac ? event.metaKey : event.ctrlKey;
}

/** Whether a plain letter would be text for whatever has the focus. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
