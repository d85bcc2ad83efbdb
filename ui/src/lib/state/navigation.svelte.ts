/** Where the user is. */
import type { Backend } from '$lib/backend';
import type { CompareRequest } from '$lib/bindings/CompareRequest';
import type { TrialKey } from '$lib/bindings/TrialKey';

export type PlaceName = 'variants' | 'campaigns' | 'compare' | 'settings';

export interface Place {
  name: PlaceName;
  /** Variants: path of the open file. */
  variant: string | null;
  /** Campaigns: name of the open campaign. */
  campaign: string | null;
  /** Campaigns: the open run, instead of the builder. */
  run: number | null;
}

export class Navigation {
  place = $state<Place>({ name: 'campaigns', variant: null, campaign: null, run: null });
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
    this.#move({ ...this.place, name: 'campaigns', campaign: name, run: null });
  }

  openRun(campaign: string, run: number): void {
    this.#move({ ...this.place, name: 'campaigns', campaign, run });
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

/** A request for some runs. */
export function ofRuns(runs: number[]): CompareRequest {
  return { runs, experiment: null, variants: [], baseline: null, metric: null, resampling: false };
}
