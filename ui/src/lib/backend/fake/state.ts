/** What the fake backend holds, and its news. */
import type { DropEvent, Notice } from '$lib/backend/types';
import type { DeployBlock } from '$lib/bindings/DeployBlock';
import type { WorkflowLaunch } from '$lib/bindings/WorkflowLaunch';
import { Applied } from './extras';
import { fail, FakeFiles } from './files';
import { FakeRun } from './runs';

export type FakeKind =
  'starter' | 'empty' | 'error' | 'huge' | 'fresh' | 'workflows' | 'faults' | 'triage' | 'triage-empty';
export const HOUR = 3_600_000;

export abstract class FakeState {
  files = new FakeFiles();
  runs: FakeRun[] = [];
  applied = new Applied();
  /** Blocks against deploying workflows, newest first. */
  blocks: DeployBlock[] = [];
  /** Launches of workflows. */
  launched: WorkflowLaunch[] = [];
  /** Paths that the next file dialog gives. */
  chosen: string[] = ['/home/me/terse.yaml', '/home/me/examples.yaml', '/home/me/broken.yaml'];
  /** Milliseconds between two steps of a run, and trials a step. */
  pace = { ms: 100, trials: 4 };
  copied = '';
  memory = new Map<string, unknown>();
  #listeners = new Set<(notice: Notice) => void>();
  #drops = new Set<(event: DropEvent) => void>();

  constructor(readonly kind: FakeKind = 'starter') {
    if (kind === 'empty') this.files.texts.clear();
    if (['starter', 'error', 'workflows', 'faults', 'triage', 'triage-empty'].includes(kind))
      this.addFinished(120, 1, 26 * HOUR).addFinished(120, 1, 2 * HOUR);
    if (kind === 'huge') this.addFinished(33_334, 1, HOUR);
  }

  addFinished(cases: number, repetitions: number, age: number): this {
    const text = this.files.read('campaigns/tickets.yaml').text;
    const names = ['default', 'definitions', 'examples'];
    const id = this.runs.length + 1;
    this.runs.unshift(new FakeRun(id, 'tickets', names, cases, repetitions, text, Date.now() - age).finish());
    return this;
  }

  emit(notice: Notice): void {
    for (const listener of this.#listeners) listener(notice);
  }

  drop(event: DropEvent): void {
    for (const listener of this.#drops) listener(event);
  }

  /** Changes a file as another program would. */
  changeOutside(path: string, text: string): void {
    this.files.texts.set(path, text);
    this.emit({ type: 'files', paths: [path] });
  }

  run(id: number): FakeRun {
    return this.runs.find((run) => run.id === id) ?? fail('not_found', `There is no run #${id}.`);
  }

  standing(workflow: string): DeployBlock | null {
    return this.blocks.find((block) => block.workflow === workflow && block.lifted_at === null) ?? null;
  }

  protected tick(run: FakeRun): void {
    setTimeout(() => {
      if (run.state !== 'running') return;
      const news = run.advance(this.pace.trials);
      if (run.state !== 'running') this.ended(run);
      this.emit(news);
      if (run.state === 'running') this.tick(run);
      else this.emit({ type: 'runs' });
    }, this.pace.ms);
  }

  /** After the last trial of a run. */
  protected abstract ended(run: FakeRun): void;

  protected changed(path: string): void {
    queueMicrotask(() => this.emit({ type: 'files', paths: [path] }));
  }

  protected errorOnDemand(what: string): void {
    if (this.kind !== 'error') return;
    fail(
      'storage',
      `Reading ${what} failed: the database is locked by another program.`,
      'Close other programs that use this workspace, then try again.',
    );
  }

  watch(callback: (notice: Notice) => void) {
    this.#listeners.add(callback);
    return () => void this.#listeners.delete(callback);
  }
  onDrop(callback: (event: DropEvent) => void) {
    this.#drops.add(callback);
    return () => void this.#drops.delete(callback);
  }
  onClose = () => () => undefined;
  openFiles = async () => this.chosen;
  openFolder = async () => '/home/me/other';
  saveAs = async (_title: string, suggested: string) => `/home/me/${suggested}`;
  setTheme = async () => undefined;
  copy = async (text: string) => void (this.copied = text);
  remember = async (key: string, value: unknown) => void this.memory.set(key, value);
  recall = async <T>(key: string) => (this.memory.get(key) as T | undefined) ?? null;
}
