/** Stopping everything at once, from the queue and from the palette. */
import { plural } from '$lib/format/numbers';
import type { App } from '$lib/state/app.svelte';

export async function askEmergencyStop(app: App): Promise<void> {
  const running = app.triage.queue.value?.jobs.filter((job) => job.state === 'running').length ?? 0;
  const now =
    running > 0
      ? `${plural(running, 'running test is', 'running tests are')} cancelled at once; results so far are kept.`
      : 'No test runs now.';
  const text = `${now} Nothing starts until you clear the stop.`;
  const question = { title: 'Stop all triage tests now?', text, yes: 'Emergency stop', danger: true };
  if (await app.ask(question)) await app.triage.emergencyStop();
}
