/** News of running campaigns: the newest progress of each run, and who wants to know. */
import { SvelteMap } from 'svelte/reactivity';
import type { Backend, Notice } from '$lib/backend';
import type { RunProgress } from '$lib/bindings/RunProgress';
import type { RunRow } from '$lib/bindings/RunRow';
import { isLive } from '$lib/format/outcome';

export class LiveRuns {
  /** The newest progress of each run that was heard of. */
  progress = new SvelteMap<number, RunProgress>();
  /** Rows of runs that were live when the list was last read, newest first. */
  rows = $state.raw<RunRow[]>([]);
  #backend: Backend;
  #listeners = new Set<(progress: RunProgress) => void>();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** The run that the bar at the bottom shows. */
  current = $derived.by(() => this.rows.find((row) => isLive(this.stateOf(row))) ?? null);

  stateOf(row: RunRow): RunRow['state'] {
    return this.progress.get(row.id)?.state ?? row.state;
  }

  /** Calls back on each progress of any run; the result ends it. */
  listen(callback: (progress: RunProgress) => void): () => void {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  async refresh(): Promise<void> {
    const page = await this.#backend.listRuns(null, 0, 20);
    for (const row of page.rows) {
      const heard = this.progress.get(row.id);
      if (heard && !isLive(row.state) && isLive(heard.state)) this.progress.delete(row.id);
    }
    this.rows = page.rows;
  }

  hear(notice: Notice): void {
    if (notice.type !== 'progress') return;
    const before = this.progress.get(notice.run);
    if (before && before.sequence > notice.sequence) return;
    this.progress.set(notice.run, notice);
    for (const listener of this.#listeners) listener(notice);
  }
}
