/** One triage test: its head, its items in an order, and its calls, followed while it runs. */
import type { ProviderCall } from '$lib/bindings/ProviderCall';
import type { TriageDetail } from '$lib/bindings/TriageDetail';
import type { TriageItem } from '$lib/bindings/TriageItem';
import type { TriageOrder } from '$lib/bindings/TriageOrder';
import type { App } from '$lib/state/app.svelte';
import { Loader } from '$lib/state/loader.svelte';
import { PagedRows } from '$lib/state/paged.svelte';
import { hasEnded } from './words';

const REFRESH_AFTER_MS = 1000;
const SEARCH_AFTER_MS = 150;

export class TriageTest {
  readonly run: number;
  readonly detail: Loader<TriageDetail>;
  readonly items: PagedRows<TriageItem>;
  readonly calls: PagedRows<ProviderCall>;
  order = $state<TriageOrder>('differences');
  search = $state('');
  /** The place of the chosen row in the list. */
  selected = $state(-1);
  /** The drawer is open on the chosen row. */
  isOpen = $state(false);
  #app: App;
  #chosen: number | null = null;
  #refreshing: ReturnType<typeof setTimeout> | undefined;
  #searching: ReturnType<typeof setTimeout> | undefined;

  constructor(app: App, run: number) {
    this.#app = app;
    this.run = run;
    this.detail = new Loader(() => app.backend.triageDetail(run));
    this.items = new PagedRows((offset, limit) =>
      app.backend.triageItems(run, this.order, this.search.trim() || null, offset, limit),
    );
    this.calls = new PagedRows((offset, limit) => app.backend.triageCalls(run, offset, limit));
  }

  get row() {
    return this.detail.value?.row ?? null;
  }

  get news() {
    return this.row && !hasEnded(this.row) ? this.#app.runs.progress.get(this.run) : undefined;
  }

  get done() {
    return Math.max(this.row?.done ?? 0, this.news?.done ?? 0);
  }

  get cost() {
    return this.news ? this.news.cost_usd : (this.row?.cost_usd ?? null);
  }

  /** Reads everything and follows the news; the result ends it. */
  start(): () => void {
    void this.detail.load();
    void this.items.reset();
    const stop = this.#app.runs.listen((progress) => {
      if (progress.run === this.run) this.#later();
    });
    return () => {
      stop();
      clearTimeout(this.#refreshing);
      clearTimeout(this.#searching);
    };
  }

  /** The last news are never left out: each is followed by a reading. */
  #later(): void {
    this.#refreshing ??= setTimeout(() => {
      this.#refreshing = undefined;
      void this.refresh();
    }, REFRESH_AFTER_MS);
  }

  /** Reads again what is shown; the old stays until the new is there. */
  async refresh(): Promise<void> {
    const calls = this.calls.loading ? null : this.calls.refresh();
    await Promise.all([this.detail.load(), this.items.refresh(), calls]);
    this.#follow();
  }

  /** The chosen item may have moved. */
  #follow(): void {
    if (this.#chosen === null || this.items.row(this.selected)?.index === this.#chosen) return;
    for (let place = 0; place < this.items.total; place++) {
      if (this.items.row(place)?.index !== this.#chosen) continue;
      this.selected = place;
      return;
    }
  }

  choose(place: number): void {
    this.selected = place;
    this.#chosen = this.items.row(place)?.index ?? null;
  }

  open(place: number): void {
    this.choose(place);
    this.isOpen = this.item !== null;
  }

  /** The chosen item. */
  get item(): TriageItem | null {
    return this.items.row(this.selected) ?? null;
  }

  /** The next row, or with −1 the one before. */
  step(by: 1 | -1): void {
    const place = this.selected + by;
    if (place < 0 || place >= this.items.total) return;
    this.items.ensure(place, place + 1);
    if (this.items.row(place)) this.choose(place);
  }

  sort(order: TriageOrder): void {
    this.order = order;
    this.#again();
  }

  find(text: string): void {
    this.search = text;
    clearTimeout(this.#searching);
    this.#searching = setTimeout(() => this.#again(), SEARCH_AFTER_MS);
  }

  #again(): void {
    this.selected = -1;
    this.#chosen = null;
    void this.items.reset();
  }

  async cancel(): Promise<void> {
    const title = `Cancel triage test #${this.run}?`;
    const text = 'Calls that are under way are given up. Results so far are kept.';
    if (!(await this.#app.ask({ title, text, yes: 'Cancel test', danger: true }))) return;
    await this.#app.attempt(() => this.#app.backend.cancelTriage(this.run));
    await this.refresh();
  }

  async exportCsv(): Promise<void> {
    await this.#app.attempt(async () => {
      const filters = [{ name: 'CSV', extensions: ['csv'] }];
      const name = `triage-${this.row?.topic ?? 'test'}-${this.run}.csv`;
      const path = await this.#app.backend.saveAs(`Export triage test #${this.run}`, name, filters);
      if (path === null) return;
      await this.#app.backend.exportRun(this.run, 'csv', path);
      this.#app.toasts.good(`Exported to ${path}`);
    });
  }
}
