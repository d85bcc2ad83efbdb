/** Faults that may be in force and the subject that is tried by hand: known everywhere, so that they can be ended everywhere. */
import type { Backend, Notice } from '$lib/backend';
import type { Fault } from '$lib/bindings/Fault';
import type { FaultRow } from '$lib/bindings/FaultRow';
import type { SweepReport } from '$lib/bindings/SweepReport';
import type { TryOut } from '$lib/bindings/TryOut';
import { Loader } from './loader.svelte';
import type { Toasts } from './toasts.svelte';

export type LabWork = 'start' | 'inject' | 'revert' | 'close' | 'sweep' | `fault ${number}`;

export class Lab {
  tryOut = $state.raw<TryOut | null>(null);
  /** What is being asked of the program. */
  work = $state<LabWork | null>(null);
  /** What the last clean-up found. */
  report = $state.raw<SweepReport | null>(null);
  readonly faults: Loader<FaultRow[]>;
  #backend: Backend;
  #toasts: Toasts;
  #heard = 0;

  constructor(backend: Backend, toasts: Toasts) {
    this.#backend = backend;
    this.#toasts = toasts;
    this.faults = new Loader(() => backend.listFaults());
  }

  /** How many faults may be in force. */
  get open(): number {
    return Math.max(this.faults.value?.length ?? 0, this.tryOut?.fault ? 1 : 0);
  }

  /** Reads both; a program that can't tell is shown where faults are listed. */
  async load(): Promise<void> {
    const heard = this.#heard;
    const [tryOut] = await Promise.all([this.#backend.tryOut().catch(() => null), this.faults.load()]);
    if (heard === this.#heard) this.tryOut = tryOut;
  }

  hear(notice: Notice): void {
    if (notice.type !== 'try_out') return;
    this.#heard++;
    const inForce = (tryOut: TryOut | null) => (tryOut?.fault ? tryOut.expires_at : null);
    const before = inForce(this.tryOut);
    this.tryOut = notice.try_out;
    if (inForce(notice.try_out) !== before) void this.faults.load();
  }

  start = (subject: string) => this.#ask('start', () => this.#backend.startTryOut(subject));
  inject = (fault: Fault) => this.#ask('inject', () => this.#backend.injectTryOut(fault));
  revert = () => this.#ask('revert', () => this.#backend.revertTryOut());
  close = () => this.#ask('close', () => this.#backend.closeTryOut());

  async revertFault(id: number): Promise<void> {
    await this.#do(`fault ${id}`, async () => {
      this.faults.value = await this.#backend.revertFault(id);
    });
  }

  async sweep(): Promise<void> {
    await this.#do('sweep', async () => {
      this.report = await this.#backend.sweep();
      await this.faults.load();
    });
  }

  /** What is heard or asked meanwhile is newer than the answer. */
  async #ask(work: LabWork, ask: () => Promise<TryOut | null>): Promise<void> {
    await this.#do(work, async () => {
      const heard = ++this.#heard;
      const answer = await ask();
      if (heard === this.#heard) this.tryOut = answer;
      await this.faults.load();
    });
  }

  /** One thing at a time; ending something is never held up by something that only begins. */
  async #do(work: LabWork, ask: () => Promise<void>): Promise<void> {
    if (this.work === work) return;
    this.work = work;
    try {
      await ask();
    } catch (thrown) {
      this.#toasts.fail(thrown);
    } finally {
      if (this.work === work) this.work = null;
    }
  }
}
