/** Shortcuts that work everywhere. */
import type { App } from '$lib/state/app.svelte';
import { isMod, isTyping } from '$lib/state/shortcuts';
import { PLACES } from './places';

export function handleKey(app: App, event: KeyboardEvent): void {
  if (event.defaultPrevented) return;
  if (isMod(event) && !event.altKey) withMod(app, event);
  else if (event.key === '?' && !isTyping(event) && app.sheet === null) {
    event.preventDefault();
    app.sheet = { kind: 'shortcuts' };
  }
}

function withMod(app: App, event: KeyboardEvent): void {
  const key = event.key.toLowerCase();
  const place = PLACES[Number(key) - 1];
  if (key === 'k') app.sheet = app.sheet?.kind === 'palette' ? null : { kind: 'palette' };
  else if (key === 'o') void app.chooseImport();
  else if (key === 'p' && event.shiftKey) void togglePause(app);
  else if (place && app.sheet === null) app.navigation.go(place.name);
  else return;
  event.preventDefault();
}

export async function togglePause(app: App): Promise<void> {
  const row = app.runs.current;
  if (!row || row.owned_by !== null) return;
  const paused = app.runs.stateOf(row) === 'paused';
  await app.attempt(() => (paused ? app.backend.continueRun(row.id) : app.backend.pauseRun(row.id)));
}
