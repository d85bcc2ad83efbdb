/** Experiments of this workspace and of an MLflow store, read again now and then. */
import type { ExperimentRow } from '$lib/bindings/ExperimentRow';
import type { MlflowState } from '$lib/bindings/MlflowState';
import type { App } from '$lib/state/app.svelte';
import { Loader } from '$lib/state/loader.svelte';
import { experiment, experimentIn } from '$lib/state/navigation.svelte';

export const REFRESH_MS = 10_000;
const KEY = 'mlflow-uri';

export class Experiments {
  readonly here: Loader<ExperimentRow[]>;
  readonly there: Loader<ExperimentRow[]>;
  readonly state: Loader<MlflowState>;
  /** The MLflow store that was typed in; empty: the one that runs are logged to. */
  typed = $state('');
  #app: App;

  constructor(app: App) {
    this.#app = app;
    this.here = new Loader(() => app.backend.listExperiments(null));
    this.there = new Loader(() => app.backend.listExperiments(this.uri));
    this.state = new Loader(() => app.backend.mlflowState());
  }

  /** Which MLflow store is listed; null: none. */
  get uri(): string | null {
    return this.typed.trim() || (this.state.value?.tracking_uri ?? null);
  }

  /** Reads everything at once and every ten seconds; the result ends it. */
  follow(): () => void {
    let ended = false;
    void (async () => {
      this.typed = (await this.#app.backend.recall<string>(KEY).catch(() => null)) ?? '';
      if (!ended) await this.refresh();
    })();
    const timer = setInterval(() => void this.refresh(), REFRESH_MS);
    return () => {
      ended = true;
      clearInterval(timer);
    };
  }

  async refresh(): Promise<void> {
    await Promise.all([this.here.load(), this.state.load()]);
    if (this.uri !== null) await this.there.load();
  }

  /** Lists another store; empty text goes back to the one that runs are logged to. */
  async choose(uri: string): Promise<void> {
    if (uri.trim() === this.typed) return;
    this.typed = uri.trim();
    void this.#app.backend.remember(KEY, this.typed);
    this.there.clear();
    if (this.uri !== null) await this.there.load();
  }

  openHere(row: ExperimentRow): void {
    this.#app.navigation.openCompare(experiment(row.name));
  }

  openThere(row: ExperimentRow): void {
    if (this.uri !== null) this.#app.navigation.openCompare(experimentIn(this.uri, row.name));
  }

  async openPage(url: string): Promise<void> {
    await this.#app.attempt(() => this.#app.backend.openUrl(url));
  }
}
