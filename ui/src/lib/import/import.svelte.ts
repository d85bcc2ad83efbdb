/** The import sheet: what each dropped file would become, and what to do with names that are taken. */
import type { ImportChoice } from '$lib/bindings/ImportChoice';
import type { ImportDecision } from '$lib/bindings/ImportDecision';
import type { ImportItem } from '$lib/bindings/ImportItem';
import type { ServiceError } from '$lib/bindings/ServiceError';
import { asServiceError } from '$lib/format/errors';
import { plural } from '$lib/format/numbers';
import type { App } from '$lib/state/app.svelte';
import { Loader } from '$lib/state/loader.svelte';

export class Import {
  readonly items: Loader<ImportItem[]>;
  /** What to do, by source. A name that is taken keeps both unless something else is chosen. */
  choices = $state<Record<string, ImportChoice>>({});
  writing = $state(false);
  error = $state.raw<ServiceError | null>(null);
  #app: App;

  constructor(app: App, paths: string[]) {
    this.#app = app;
    this.items = new Loader(() => app.backend.previewImport(paths));
  }

  async load(): Promise<void> {
    const items = await this.items.load();
    this.choices = Object.fromEntries((items ?? []).map((item) => [item.source, firstChoice(item)]));
  }

  get decisions(): ImportDecision[] {
    return (this.items.value ?? []).map(({ source, hash }) => ({
      source,
      hash,
      choice: this.choices[source] ?? 'skip',
    }));
  }

  get writes() {
    return this.decisions.filter((decision) => decision.choice !== 'skip').length;
  }

  choose(source: string, choice: ImportChoice): void {
    this.choices[source] = choice;
  }

  /** Writes what was chosen; `true` when it is done. */
  async import(): Promise<boolean> {
    if (this.writes === 0 || this.writing) return false;
    this.writing = true;
    this.error = null;
    try {
      const paths = await this.#app.backend.importFiles(this.decisions);
      this.#app.toasts.good(`${plural(paths.length, 'file')} imported.`);
      const variant = paths.find((path) => path.startsWith('variants/'));
      const campaign = paths.find((path) => path.startsWith('campaigns/'));
      const workflow = paths.find((path) => path.startsWith('workflows/'));
      if (variant) this.#app.navigation.openVariant(variant);
      else if (campaign) this.#app.navigation.openCampaign(campaign.replace(/^campaigns\/|\.ya?ml$/g, ''));
      else if (workflow) this.#app.navigation.openWorkflow(workflow);
      return true;
    } catch (thrown) {
      this.error = asServiceError(thrown);
      return false;
    } finally {
      this.writing = false;
    }
  }

  /** Opens a file with errors in the editor, unsaved, under its future name. */
  mend(item: ImportItem): void {
    const kind = kindOf(item.target);
    this.#app.editors.draft(item.target, kind, item.text ?? '', item.diagnostics);
    if (kind === 'variant') this.#app.navigation.openVariant(item.target);
    else if (kind === 'workflow') this.#app.navigation.openWorkflow(item.target);
    else this.#app.navigation.openCampaign(item.target.replace(/^campaigns\/|\.ya?ml$/g, ''));
  }
}

function kindOf(target: string): 'campaign' | 'workflow' | 'variant' {
  if (target.startsWith('campaigns/')) return 'campaign';
  return target.startsWith('workflows/') ? 'workflow' : 'variant';
}

function firstChoice({ state }: ImportItem): ImportChoice {
  if (state === 'ready') return 'import';
  return state === 'name_taken' ? 'keep_both' : 'skip';
}
