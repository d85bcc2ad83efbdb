/** The campaign builder: one text, its values for the form, and the plan that it would become. */
import type { JsonSchema } from '$lib/backend';
import type { DatasetPreview } from '$lib/bindings/DatasetPreview';
import type { DatasetRow } from '$lib/bindings/DatasetRow';
import type { PlanPreview } from '$lib/bindings/PlanPreview';
import type { ServiceError } from '$lib/bindings/ServiceError';
import type { VariantRow } from '$lib/bindings/VariantRow';
import { valuesAt } from '$lib/editor/schema';
import { asServiceError } from '$lib/format/errors';
import { METRICS } from '$lib/format/metric';
import { dollars } from '$lib/format/numbers';
import type { App } from '$lib/state/app.svelte';
import type { FileEditor } from '$lib/state/file-editor.svelte';
import { TextValues } from '$lib/state/text-values.svelte';

const PLAN_AFTER_MS = 250;

export class Builder {
  readonly editor: FileEditor;
  readonly form: TextValues;
  plan = $state.raw<PlanPreview | null>(null);
  planError = $state.raw<ServiceError | null>(null);
  planning = $state(false);
  launching = $state(false);
  variants = $state.raw<VariantRow[]>([]);
  datasets = $state.raw<DatasetRow[]>([]);
  dataset = $state.raw<DatasetPreview | null>(null);
  schema = $state.raw<JsonSchema | null>(null);
  #app: App;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #latest = 0;

  constructor(app: App, path: string) {
    this.#app = app;
    this.editor = app.editors.get(path, 'campaign');
    this.form = new TextValues(app.backend);
  }

  /** Subjects are broken and repaired, instead of questions asked. */
  get isFaults() {
    return (
      this.plan?.campaign?.lab != null || 'subjects' in this.form.values || 'chaos_types' in this.form.values
    );
  }

  /** The metrics that the schema allows; what there is is the program’s to say. */
  get metrics(): readonly string[] {
    const listed = this.schema ? valuesAt(this.schema, ['primary_metric']) : [];
    const chosen = this.form.values['primary_metric'];
    return [...new Set([...(listed.length ? listed : METRICS), ...(chosen == null ? [] : [String(chosen)])])];
  }

  get chosen() {
    return stringList(this.form.values['variants']);
  }

  /** What stops the launch, the text's own findings first. */
  get blockers() {
    const all = [...this.editor.diagnostics, ...(this.plan?.diagnostics ?? [])];
    const seen = new Set<string>();
    return all.filter((finding) => {
      const key = `${finding.path} ${finding.message}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
  }

  get canLaunch() {
    return (
      !this.launching &&
      this.plan !== null &&
      this.plan.campaign !== null &&
      this.plan.trials > 0 &&
      !this.blockers.some((finding) => finding.severity === 'error')
    );
  }

  async loadChoices(): Promise<void> {
    await this.#app.attempt(async () => {
      const { backend } = this.#app;
      [this.variants, this.datasets] = await Promise.all([backend.listVariants(), backend.listDatasets()]);
      this.schema ??= await backend.schema('campaign');
    });
  }

  /** After the text changed: values at once, the plan shortly after. */
  follow(text: string): void {
    void this.form.read(text);
    clearTimeout(this.#timer);
    const wait = this.plan === null ? 0 : PLAN_AFTER_MS;
    this.#timer = setTimeout(() => void this.replan(text), wait);
  }

  async replan(text: string): Promise<void> {
    const mine = ++this.#latest;
    this.planning = true;
    try {
      const plan = await this.#app.backend.previewCampaign(text, this.editor.name);
      if (mine !== this.#latest) return;
      this.plan = plan;
      this.planError = null;
      void this.#readDataset(plan.campaign?.dataset ?? null);
    } catch (thrown) {
      if (mine !== this.#latest) return;
      this.planError = asServiceError(thrown);
    }
    this.planning = false;
  }

  async #readDataset(path: string | null): Promise<void> {
    if (path === null || path === '' || path === this.dataset?.path) return;
    this.dataset = await this.#app.backend.previewDataset(path).catch(() => null);
  }

  set(key: string, value: unknown): Promise<unknown> {
    return this.#app.attempt(() => this.editor.edit([{ key, value }]));
  }

  toggleVariant(name: string): Promise<unknown> {
    const next = this.chosen.includes(name)
      ? this.chosen.filter((one) => one !== name)
      : [...this.chosen, name];
    return this.set('variants', next);
  }

  async save(): Promise<boolean> {
    if (!this.editor.dirty) return true;
    return (await this.#app.attempt(() => this.editor.save())) ?? false;
  }

  /** Saves and launches. Asks only when money is at stake. */
  async launch(): Promise<void> {
    if (!this.canLaunch || !this.plan) return;
    if (this.plan.spends_money && !(await this.#agreeToSpend(this.plan))) return;
    this.launching = true;
    try {
      if (!(await this.save())) return;
      const run = await this.#app.attempt(() => this.#app.backend.launch(this.editor.name, {}));
      if (!run) return;
      await this.#app.runs.refresh();
      // A triage test has a place of its own, with one row an item.
      if (this.plan?.campaign?.triage && this.#app.triage.enabled) this.#app.navigation.openTriage(run.id);
      else this.#app.navigation.openRun(run.campaign, run.id);
    } finally {
      this.launching = false;
    }
  }

  #agreeToSpend(plan: PlanPreview): Promise<boolean> {
    const { value, note } = plan.cost_usd;
    const cost = value === null ? `an unknown amount${note ? ` (${note})` : ''}` : `about ${dollars(value)}`;
    const budget = plan.campaign?.budget_usd;
    const limit =
      budget == null
        ? 'The campaign has no budget.'
        : `No call is made once ${dollars(budget)} would be passed.`;
    const text = `${plan.trials} trials cost ${cost}. ${limit}`;
    return this.#app.ask({ title: `Launch ${this.editor.name}?`, text, yes: 'Launch' });
  }
}

export function stringList(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
