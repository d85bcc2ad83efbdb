/** Where the user is. */
import type { Backend } from '$lib/backend';
import type { CompareRequest } from '$lib/bindings/CompareRequest';
import type { RunRow } from '$lib/bindings/RunRow';
import type { TrialKey } from '$lib/bindings/TrialKey';

export type PlaceName = 'variants' | 'campaigns' | 'compare' | 'subjects' | 'settings';

/** The sections of the Campaigns place. */
export type Section = 'campaigns' | 'workflows' | 'experiments' | 'triage';

/** The pages of the triage section; a number: one test. */
export type TriagePage = 'list' | 'new' | 'topics' | number;

export interface Place {
  name: PlaceName;
  /** Variants: path of the open file. */
  variant: string | null;
  /** Campaigns: which section is open. */
  section: Section;
  /** Campaigns: path of the open workflow file. */
  workflow: string | null;
  /** Campaigns: name of the open campaign. */
  campaign: string | null;
  /** Campaigns: the open run, instead of the builder. */
  run: number | null;
  /** Campaigns: the open page of the triage section. */
  triage: TriagePage;
  /** Campaigns: path of the open topic file. */
  topic: string | null;
  /** Subjects: path of the open file. */
  subject: string | null;
}

export class Navigation {
  place = $state<Place>({
    name: 'campaigns',
    variant: null,
    section: 'campaigns',
    workflow: null,
    campaign: null,
    run: null,
    triage: 'list',
    topic: null,
    subject: null,
  });
  /** What Compare shows. */
  compare = $state.raw<CompareRequest | null>(null);
  /** The trial in the drawer. */
  trial = $state.raw<{ run: number; key: TrialKey } | null>(null);
  /** Asked before a place with unsaved text is left. */
  guard: (() => boolean) | null = null;
  #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async restore(): Promise<void> {
    const kept = await this.#backend.recall<Place>('place');
    if (kept) this.place = { ...this.place, ...kept };
  }

  go(name: PlaceName): void {
    this.#move({ ...this.place, name });
  }

  openVariant(path: string | null): void {
    this.#move({ ...this.place, name: 'variants', variant: path });
  }

  openCampaign(name: string | null): void {
    this.#move({ ...this.place, name: 'campaigns', section: 'campaigns', campaign: name, run: null });
  }

  openWorkflow(path: string | null): void {
    this.#move({ ...this.place, name: 'campaigns', section: 'workflows', workflow: path, run: null });
  }

  openTriage(page: TriagePage): void {
    this.#move({ ...this.place, name: 'campaigns', section: 'triage', triage: page, run: null });
  }

  openTopic(path: string | null): void {
    this.#move({
      ...this.place,
      name: 'campaigns',
      section: 'triage',
      triage: 'topics',
      topic: path,
      run: null,
    });
  }

  openSubject(path: string | null): void {
    this.#move({ ...this.place, name: 'subjects', subject: path });
  }

  /** Another section of Campaigns; an open run is closed. */
  openSection(section: Section): void {
    this.#move({ ...this.place, name: 'campaigns', section, run: null });
  }

  openRun(campaign: string, run: number): void {
    const section = this.place.section === 'workflows' ? 'workflows' : 'campaigns';
    this.#move({ ...this.place, name: 'campaigns', section, campaign, run });
  }

  /** A run where it is looked at: a triage test has a view of its own. */
  openRow(row: Pick<RunRow, 'id' | 'campaign' | 'is_triage'>): void {
    if (row.is_triage) this.openTriage(row.id);
    else this.openRun(row.campaign, row.id);
  }

  /** The open run is one of this workflow: the list beside it is that of workflows. */
  besideRun(workflow: string | null): void {
    const section = workflow === null ? 'campaigns' : 'workflows';
    const path = workflow ?? this.place.workflow;
    if (this.place.section === section && this.place.workflow === path) return;
    this.place = { ...this.place, section, workflow: path };
  }

  openCompare(request: CompareRequest): void {
    this.compare = request;
    this.#move({ ...this.place, name: 'compare' });
  }

  openTrial(run: number, key: TrialKey): void {
    this.trial = { run, key };
  }

  closeTrial(): void {
    this.trial = null;
  }

  #move(place: Place): void {
    this.place = place;
    this.trial = null;
    void this.#backend.remember('place', place);
  }
}

/** A request for all finished runs of a campaign. */
export function experiment(name: string): CompareRequest {
  return { runs: [], experiment: name, variants: [], baseline: null, metric: null, resampling: false };
}

/** A request for an experiment that is read from an MLflow store. */
export function experimentIn(mlflowUri: string, name: string): CompareRequest {
  return { ...experiment(name), mlflow_uri: mlflowUri };
}

/** A request for some runs. */
export function ofRuns(runs: number[]): CompareRequest {
  return { runs, experiment: null, variants: [], baseline: null, metric: null, resampling: false };
}
