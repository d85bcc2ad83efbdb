/** Chooses the backend: the program when the page runs in its window, the fake one in a plain browser. */
import type { Backend } from './types';

export type { Backend, DropEvent, FileFilter, HttpState, JsonSchema, Notice, ThemeChoice } from './types';

export async function connect(): Promise<Backend | null> {
  if ('__TAURI_INTERNALS__' in window) return (await import('./tauri')).tauri;
  if (import.meta.env.DEV || import.meta.env.MODE === 'fake') {
    const { FakeBackend } = await import('./fake');
    return FakeBackend.fromAddress(window.location.search);
  }
  return null;
}
