/** The trial table of a run: a filter, and pages that are read as they come in sight. */
import type { Outcome } from '$lib/bindings/Outcome';
import type { TrialFilter } from '$lib/bindings/TrialFilter';
import type { TrialRow } from '$lib/bindings/TrialRow';
import type { App } from '$lib/state/app.svelte';
import { PagedRows } from '$lib/state/paged.svelte';

const NO_FILTER: TrialFilter = { outcomes: [], variant: null, case: null, search: null };

export class TrialList {
  filter = $state.raw<TrialFilter>(NO_FILTER);
  /** Id of the case that the filter names. */
  caseId = $state<string | null>(null);
  selected = $state(-1);
  readonly rows: PagedRows<TrialRow>;
  readonly run: number;
  #app: App;

  constructor(app: App, run: number) {
    this.#app = app;
    this.run = run;
    this.rows = new PagedRows((offset, limit) => app.backend.listTrials(run, this.filter, offset, limit));
  }

  get filtered() {
    const { outcomes, variant, case: only, search } = this.filter;
    return outcomes.length > 0 || variant !== null || only !== null || search !== null;
  }

  show(filter: TrialFilter, caseId: string | null = null): void {
    this.filter = filter;
    this.caseId = caseId;
    this.selected = -1;
    void this.rows.reset();
  }

  change(part: Partial<TrialFilter>): void {
    this.show({ ...this.filter, ...part }, part.case === null ? null : this.caseId);
  }

  clear(): void {
    this.show(NO_FILTER);
  }

  toggleOutcome(outcome: Outcome): void {
    const { outcomes } = this.filter;
    const next = outcomes.includes(outcome)
      ? outcomes.filter((one) => one !== outcome)
      : [...outcomes, outcome];
    this.change({ outcomes: next });
  }

  open(index: number): void {
    const row = this.rows.row(index);
    if (row) this.#app.navigation.openTrial(this.run, row.key);
  }
}
