/** Whether triage tests may be made, and their queue: known everywhere, so that it can be stopped everywhere. */
import type { Backend, Notice } from '$lib/backend';
import type { QueueView } from '$lib/bindings/QueueView';
import type { TriageRow } from '$lib/bindings/TriageRow';
import type { TriageSwitch } from '$lib/bindings/TriageSwitch';
import { Loader } from './loader.svelte';
import type { Toasts } from './toasts.svelte';

const REFRESH_AFTER_MS = 1000;

export class Triage {
  readonly switch: Loader<TriageSwitch>;
  readonly queue: Loader<QueueView>;
  /** Grows when lists of tests should be read again. */
  version = $state(0);
  /** Something is being asked of the queue. */
  busy = $state(false);
  #backend: Backend;
  #toasts: Toasts;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(backend: Backend, toasts: Toasts) {
    this.#backend = backend;
    this.#toasts = toasts;
    this.switch = new Loader(() => backend.triageSwitch());
    this.queue = new Loader(() => backend.queueView());
  }

  get enabled() {
    return this.switch.value?.enabled ?? false;
  }

  /** The test of a run that is running or waits; null for every other run. */
  job(run: number): TriageRow | null {
    return this.queue.value?.jobs.find((row) => row.run === run) ?? null;
  }

  /** Of a workspace that was opened: where tests are on, this program works on their queue. */
  async start(): Promise<void> {
    this.queue.clear();
    await this.load();
    if (this.enabled) await this.work().catch(() => undefined);
  }

  async load(): Promise<void> {
    const before = this.enabled;
    await this.switch.load();
    if (this.enabled) await this.queue.load();
    else if (before) this.queue.clear();
    this.version++;
  }

  hear(notice: Notice): void {
    if (notice.type === 'queue') void this.load();
    else if (notice.type === 'runs') this.version++;
    else if (notice.type === 'progress' && this.job(notice.run)) this.#later();
  }

  #later(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.queue.load();
    }, REFRESH_AFTER_MS);
  }

  async work(): Promise<void> {
    await this.#backend.startQueueWorker();
    await this.queue.load();
  }

  workHere = () => this.#do(() => this.work());
  pause = () => this.#ask(() => this.#backend.pauseQueue());
  continue = () => this.#ask(() => this.#backend.continueQueue());
  emergencyStop = () => this.#ask(() => this.#backend.emergencyStop());
  clearStop = () => this.#ask(() => this.#backend.clearEmergencyStop());
  drain = () => this.#ask(() => this.#backend.drainQueue());
  drop = (run: number) => this.#ask(() => this.#backend.dropJob(run));

  /** Turns the switch in Settings; what this program then has to do, it does. */
  async turn(on: boolean): Promise<boolean> {
    return this.#do(async () => {
      const { settings } = await this.#backend.settings();
      await this.#backend.saveSettings({ ...settings, abtests: on });
      await this.load();
      if (this.enabled) await this.work();
    });
  }

  #ask(ask: () => Promise<QueueView>): Promise<boolean> {
    return this.#do(async () => {
      this.queue.value = await ask();
      this.version++;
    });
  }

  async #do(work: () => Promise<void>): Promise<boolean> {
    this.busy = true;
    try {
      await work();
      return true;
    } catch (thrown) {
      this.#toasts.fail(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
