/** The Campaigns place: list of campaigns, and making new ones. */
import type { CampaignRow } from '$lib/bindings/CampaignRow';
import type { App } from '$lib/state/app.svelte';
import { Loader } from '$lib/state/loader.svelte';

export class Campaigns {
  readonly rows: Loader<CampaignRow[]>;
  #app: App;

  constructor(app: App) {
    this.#app = app;
    this.rows = new Loader(() => app.backend.listCampaigns());
  }

  get selected() {
    const name = this.#app.navigation.place.campaign;
    return this.rows.value?.find((row) => row.name === name) ?? null;
  }

  async load(): Promise<void> {
    const rows = await this.rows.load();
    const first = rows?.[0];
    const { name, section, campaign, run } = this.#app.navigation.place;
    if (
      name === 'campaigns' &&
      section === 'campaigns' &&
      run === null &&
      first &&
      !rows.some((row) => row.name === campaign) &&
      !this.#app.editors.isDirty(`campaigns/${campaign}.yaml`)
    ) {
      this.#app.navigation.openCampaign(first.name);
    }
  }

  /** Reads the list again now and then while a campaign runs; the result ends it. */
  followRuns(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = this.#app.runs.listen(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void this.rows.load();
      }, 2500);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }

  select(name: string): void {
    const { campaign, run } = this.#app.navigation.place;
    if (campaign !== name || run === null) this.#app.navigation.openCampaign(name);
  }

  /** A new campaign over all valid variants and the first data set. */
  async create(): Promise<void> {
    await this.#app.attempt(async () => {
      const [variants, datasets] = await Promise.all([
        this.#app.backend.listVariants(),
        this.#app.backend.listDatasets(),
      ]);
      const taken = new Set(this.rows.value?.map((row) => row.name));
      let name = 'new-campaign';
      for (let i = 2; taken.has(name); i++) name = `new-campaign-${i}`;
      const names = variants.filter((row) => row.variant !== null).map((row) => row.name);
      const text = campaignText(name, datasets[0]?.path ?? 'datasets/my-data.jsonl', names);
      await this.#app.backend.saveFile(`campaigns/${name}.yaml`, text, null);
      await this.rows.load();
      this.#app.navigation.openCampaign(name);
    });
  }

  async trash(row: CampaignRow): Promise<void> {
    const { path } = row;
    if (path === null) return;
    const trashed = await this.#app.attempt(() => this.#app.backend.deleteFile(path));
    if (!trashed) return;
    this.#app.editors.forget(path);
    await this.load();
    this.#app.toasts.say(`${row.name} is in the trash. Its runs are kept.`, {
      label: 'Undo',
      run: async () => {
        await this.#app.attempt(() => this.#app.backend.restoreFile(trashed.id));
        await this.load();
        this.#app.navigation.openCampaign(row.name);
      },
    });
  }
}

function campaignText(name: string, dataset: string, variants: string[]): string {
  const baseline = variants.includes('default') ? 'default' : variants[0];
  return [
    `name: ${name}`,
    `dataset: ${dataset}`,
    `variants: [${variants.join(', ')}]`,
    ...(baseline ? [`baseline_variant: ${baseline}`] : []),
    'trials_per_combination: 1',
    'scorers:',
    '  - {type: contains, value: "{{ expected }}"}',
    'primary_metric: success_rate',
    '',
  ].join('\n');
}
