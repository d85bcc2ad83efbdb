/** One run: its head, live progress, heat map and log. */
import { SvelteMap } from 'svelte/reactivity';
import type { CompareRequest } from '$lib/bindings/CompareRequest';
import type { ExportFormat } from '$lib/bindings/ExportFormat';
import type { Matrix } from '$lib/bindings/Matrix';
import type { MatrixCell } from '$lib/bindings/MatrixCell';
import type { RunDetail } from '$lib/bindings/RunDetail';
import type { RunEvent } from '$lib/bindings/RunEvent';
import type { RunProgress } from '$lib/bindings/RunProgress';
import { isLive } from '$lib/format/outcome';
import type { App } from '$lib/state/app.svelte';
import { experiment, ofRuns } from '$lib/state/navigation.svelte';
import { Loader } from '$lib/state/loader.svelte';

export const MATRIX_PAGE = 200;
const REDRAW_AFTER_MS = 1500;

export class Run {
  readonly id: number;
  readonly request: CompareRequest;
  readonly detail: Loader<RunDetail>;
  readonly matrix: Loader<Matrix>;
  cells = new SvelteMap<string, MatrixCell>();
  events = $state.raw<RunEvent[]>([]);
  matrixOffset = $state(0);
  /** Grows when charts and tables should be read again. */
  version = $state(0);
  #app: App;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(app: App, id: number) {
    this.#app = app;
    this.id = id;
    this.request = ofRuns([id]);
    this.detail = new Loader(() => app.backend.runDetail(id));
    this.matrix = new Loader(() => app.backend.runMatrix(id, this.matrixOffset, MATRIX_PAGE));
  }

  get row() {
    return this.detail.value?.row ?? null;
  }

  get news(): RunProgress | undefined {
    return this.#app.runs.progress.get(this.id);
  }

  get state() {
    return this.news?.state ?? this.row?.state ?? null;
  }

  get live() {
    return this.state !== null && isLive(this.state);
  }

  get done() {
    return this.news?.done ?? this.row?.done ?? 0;
  }

  get planned() {
    return this.news?.planned ?? this.row?.planned ?? 0;
  }

  get cost() {
    return this.news ? this.news.cost_usd : (this.row?.cost_usd ?? null);
  }

  /** Reads everything and follows the news; the result ends it. */
  start(): () => void {
    void this.load();
    const stop = this.#app.runs.listen((progress) => {
      if (progress.run === this.id) this.#hear(progress);
    });
    return () => {
      stop();
      clearTimeout(this.#timer);
    };
  }

  async load(): Promise<void> {
    await Promise.all([this.detail.load(), this.loadMatrix(), this.loadEvents()]);
  }

  async loadMatrix(): Promise<void> {
    const matrix = await this.matrix.load();
    if (!matrix) return;
    for (const cell of matrix.cells) this.#take(cell);
  }

  async loadEvents(): Promise<void> {
    const after = this.events.at(-1)?.sequence ?? 0;
    const more = await this.#app.backend.runEvents(this.id, after).catch(() => []);
    if (more.length) this.events = [...this.events, ...more];
  }

  turnPage(offset: number): void {
    this.matrixOffset = offset;
    this.cells.clear();
    void this.loadMatrix();
  }

  #take(cell: MatrixCell): void {
    const key = cellKey(cell.case, cell.variant);
    const known = this.cells.get(key);
    if (!known || known.done <= cell.done) this.cells.set(key, cell);
  }

  #hear(progress: RunProgress): void {
    for (const cell of progress.cells) {
      if (cell.case >= this.matrixOffset && cell.case < this.matrixOffset + MATRIX_PAGE) this.#take(cell);
    }
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.version++;
        void this.loadEvents();
        void this.detail.load();
      },
      isLive(progress.state) ? REDRAW_AFTER_MS : 0,
    );
  }

  pause = () => this.#app.attempt(() => this.#app.backend.pauseRun(this.id));
  continue = () => this.#app.attempt(() => this.#app.backend.continueRun(this.id));
  stop = () => this.#app.attempt(() => this.#app.backend.stopRun(this.id));

  async resume(): Promise<void> {
    await this.#app.attempt(() => this.#app.backend.resumeRun(this.id, {}));
    await this.load();
  }

  async retryFailed(): Promise<void> {
    await this.#app.attempt(() => this.#app.backend.retryFailed(this.id));
    await this.load();
  }

  compareRun(): void {
    this.#app.navigation.openCompare(this.request);
  }

  compareAll(): void {
    if (this.row) this.#app.navigation.openCompare(experiment(this.row.campaign));
  }

  async export(format: ExportFormat): Promise<void> {
    await this.#app.attempt(async () => {
      const name = `${this.row?.campaign ?? 'run'}-${this.id}.${format}`;
      const filters = [{ name: format.toUpperCase(), extensions: [format] }];
      const path = await this.#app.backend.saveAs(`Export run #${this.id}`, name, filters);
      if (path === null) return;
      await this.#app.backend.exportRun(this.id, format, path);
      this.#app.toasts.good(`Exported to ${path}`);
    });
  }

  async remove(): Promise<void> {
    const { row } = this;
    const text = `All results of run #${this.id} are deleted. This can’t be undone.`;
    if (
      !row ||
      !(await this.#app.ask({ title: `Delete run #${this.id}?`, text, yes: 'Delete', danger: true }))
    )
      return;
    const done = await this.#app.attempt(() => this.#app.backend.deleteRun(this.id).then(() => true));
    if (!done) return;
    const workflow = this.detail.value?.workflow ?? null;
    if (workflow !== null) this.#app.navigation.openWorkflow(workflow);
    else this.#app.navigation.openCampaign(row.campaign);
  }
}

export function cellKey(caseIndex: number, variant: number): string {
  return `${caseIndex}/${variant}`;
}
