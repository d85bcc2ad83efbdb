/** The Compare place: which results, which variants, which baseline and metric, and what follows from them. */
import type { CaseRow } from '$lib/bindings/CaseRow';
import type { CompareRequest } from '$lib/bindings/CompareRequest';
import type { CompareView } from '$lib/bindings/CompareView';
import type { ExportFormat } from '$lib/bindings/ExportFormat';
import type { Metric } from '$lib/bindings/Metric';
import type { RunRow } from '$lib/bindings/RunRow';
import type { App } from '$lib/state/app.svelte';
import { Loader } from '$lib/state/loader.svelte';
import { experiment, ofRuns } from '$lib/state/navigation.svelte';
import { PagedRows } from '$lib/state/paged.svelte';

export class Compare {
  readonly view: Loader<CompareView>;
  readonly cases: PagedRows<CaseRow>;
  onlyDifferent = $state(false);
  caseSearch = $state('');
  /** All variants of the results, also those that are not chosen. */
  allVariants = $state.raw<{ name: string; index: number }[]>([]);
  /** Names of experiments of this workspace that have runs: campaigns, and A/B tests of workflows. */
  experiments = $state.raw<string[]>([]);
  runs = $state.raw<RunRow[]>([]);
  /** Nothing has run yet. */
  nothing = $state(false);
  version = $state(0);
  #app: App;

  constructor(app: App) {
    this.#app = app;
    this.view = new Loader(() => app.backend.compare(this.request));
    this.cases = new PagedRows((offset, limit) =>
      app.backend.listCases(this.request, this.onlyDifferent, this.caseSearch, offset, limit),
    );
  }

  get request(): CompareRequest {
    return this.#app.navigation.compare ?? ofRuns([]);
  }

  /** Reads the choices; without a request the newest run is taken. */
  async start(): Promise<void> {
    await this.#app.attempt(async () => {
      const [experiments, runs] = await Promise.all([
        this.#app.backend.listExperiments(null).catch(() => []),
        this.#app.backend.listRuns(null, 0, 100),
      ]);
      this.experiments = experiments.filter((row) => row.runs > 0).map((row) => row.name);
      this.runs = runs.rows;
      const newest =
        runs.rows.find((row) => row.state === 'finished') ?? runs.rows.find((row) => row.done > 0);
      if (!this.#app.navigation.compare && newest) this.#app.navigation.compare = ofRuns([newest.id]);
      this.nothing = !this.#app.navigation.compare;
    });
    if (!this.nothing) await this.load();
  }

  async load(): Promise<void> {
    const view = await this.view.load();
    if (view && this.request.variants.length === 0) {
      this.allVariants = view.comparison.variants.map(({ name, variant }) => ({ name, index: variant }));
    }
    this.version++;
    void this.cases.reset();
  }

  choose(request: CompareRequest): void {
    this.allVariants = [];
    this.#set(request);
  }

  chooseExperiment(name: string): void {
    this.choose(experiment(name));
  }

  toggleRun(id: number): void {
    const { runs } = this.request;
    const next = runs.includes(id) ? runs.filter((one) => one !== id) : [...runs, id].sort((a, b) => a - b);
    if (next.length) this.choose(ofRuns(next));
  }

  isShown(name: string): boolean {
    const { variants } = this.request;
    return variants.length === 0 || variants.includes(name);
  }

  toggleVariant(name: string): void {
    const names = this.allVariants.map((variant) => variant.name);
    const shown = names.filter((one) => this.isShown(one) !== (one === name));
    if (shown.length === 0) return;
    this.#set({ ...this.request, variants: shown.length === names.length ? [] : shown });
  }

  setBaseline(name: string): void {
    this.#set({ ...this.request, baseline: name });
  }

  setMetric(metric: Metric): void {
    this.#set({ ...this.request, metric });
  }

  withIntervals(): void {
    this.#set({ ...this.request, resampling: true });
  }

  #set(request: CompareRequest): void {
    this.#app.navigation.compare = request;
    void this.load();
  }

  filterCases(): void {
    void this.cases.reset();
  }

  async export(format: ExportFormat): Promise<void> {
    const run = this.view.value?.runs.at(-1);
    if (run === undefined) return;
    await this.#app.attempt(async () => {
      const filters = [{ name: format.toUpperCase(), extensions: [format] }];
      const path = await this.#app.backend.saveAs(`Export run #${run}`, `run-${run}.${format}`, filters);
      if (path === null) return;
      await this.#app.backend.exportRun(run, format, path);
      this.#app.toasts.good(`Exported to ${path}`);
    });
  }
}
