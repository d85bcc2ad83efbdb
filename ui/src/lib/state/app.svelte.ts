/** What every view shares: the backend, the workspace, where the user is, and news. */
import { getContext, setContext } from 'svelte';
import type { Backend, Notice } from '$lib/backend';
import type { WorkspaceInfo } from '$lib/bindings/WorkspaceInfo';
import { Editors } from './file-editor.svelte';
import { Lab } from './lab.svelte';
import { Loader } from './loader.svelte';
import { Navigation } from './navigation.svelte';
import { LiveRuns } from './runs.svelte';
import { Theme } from './theme.svelte';
import { Toasts } from './toasts.svelte';
import { Triage } from './triage.svelte';

export type Sheet =
  { kind: 'palette' } | { kind: 'shortcuts' } | { kind: 'import'; paths: string[] } | { kind: 'apply' };

/** A question that the user answers with yes or no. */
export interface Question {
  title: string;
  text: string;
  yes: string;
  danger?: boolean;
}

export class App {
  readonly backend: Backend;
  readonly editors: Editors;
  readonly navigation: Navigation;
  readonly runs: LiveRuns;
  readonly lab: Lab;
  readonly theme: Theme;
  readonly triage: Triage;
  readonly toasts: Toasts;
  readonly workspace: Loader<WorkspaceInfo>;
  /** The dialog on top of everything. */
  sheet = $state.raw<Sheet | null>(null);
  question = $state.raw<(Question & { answer: (yes: boolean) => void }) | null>(null);
  /** Grows when files changed on disk; views that list files read again. */
  filesChanged = $state(0);
  /** Paths of the last change. */
  changedPaths = $state.raw<string[]>([]);
  /** Grows when the list of runs changed. */
  runsChanged = $state(0);
  /** Ms since 1970, refreshed twice a minute, for "5 min ago". */
  now = $state(Date.now());

  constructor(backend: Backend) {
    this.backend = backend;
    this.editors = new Editors(backend);
    this.navigation = new Navigation(backend);
    this.runs = new LiveRuns(backend);
    this.theme = new Theme(backend);
    this.toasts = new Toasts((text) => this.copy(text));
    this.lab = new Lab(backend, this.toasts);
    this.triage = new Triage(backend, this.toasts);
    this.workspace = new Loader(() => backend.openWorkspace(null));
  }

  async start(): Promise<void> {
    await this.theme.restore();
    const workspace = await this.workspace.load();
    if (workspace && !workspace.fresh) await this.navigation.restore();
    void this.lab.load();
    void this.triage.start();
    await this.runs.refresh().catch((thrown: unknown) => this.toasts.fail(thrown));
  }

  /** Listens to news; the result ends it. */
  watch(): () => void {
    const stop = this.backend.watch((notice) => this.hear(notice));
    const unguard = this.backend.onClose(() => this.mayClose());
    const clock = setInterval(() => (this.now = Date.now()), 30_000);
    return () => {
      stop();
      unguard();
      clearInterval(clock);
    };
  }

  hear(notice: Notice): void {
    if (notice.type === 'files') {
      this.changedPaths = notice.paths;
      this.filesChanged++;
      void this.editors.look(notice.paths);
    } else if (notice.type === 'runs') {
      this.runsChanged++;
      void this.runs.refresh().catch(() => undefined);
      this.triage.hear(notice);
    } else {
      this.triage.hear(notice);
      this.lab.hear(notice);
      this.runs.hear(notice);
    }
  }

  /** Asks; `false` for no. */
  ask(question: Question): Promise<boolean> {
    return new Promise((resolve) => {
      const answer = (yes: boolean) => {
        this.question = null;
        resolve(yes);
      };
      this.question = { ...question, answer };
    });
  }

  /** Asks before unsaved text would be lost. */
  async mayClose(): Promise<boolean> {
    const files = this.editors.dirty().map((editor) => editor.path);
    if (files.length === 0) return true;
    const text = `${files.join(', ')} ${files.length === 1 ? 'has' : 'have'} changes that are not saved.`;
    return this.ask({ title: 'Discard unsaved changes?', text, yes: 'Discard', danger: true });
  }

  /** Opens another workspace, or says why not. */
  async openWorkspace(path: string): Promise<void> {
    if (!(await this.mayClose())) return;
    await this.attempt(async () => {
      this.workspace.value = await this.backend.openWorkspace(path);
      this.editors.clear();
      this.navigation.openCampaign(null);
      this.navigation.place.variant = null;
      this.navigation.place.workflow = null;
      this.navigation.place.subject = null;
      this.navigation.place.triage = 'list';
      this.navigation.place.topic = null;
      this.navigation.compare = null;
      this.filesChanged++;
      this.runsChanged++;
      void this.lab.load();
      void this.triage.start();
      await this.runs.refresh();
    });
  }

  /** Does something and shows what went wrong; `null` then. */
  async attempt<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (thrown) {
      this.toasts.fail(thrown);
      return null;
    }
  }

  async copy(text: string): Promise<void> {
    await this.attempt(() => this.backend.copy(text));
  }

  /** Asks for files and opens the import sheet. */
  async chooseImport(): Promise<void> {
    const filters = [
      {
        name: 'Variants, prompts, campaigns, workflows, data sets',
        extensions: ['yaml', 'yml', 'json', 'jsonl', 'csv', 'txt', 'md'],
      },
    ];
    const paths = await this.attempt(() => this.backend.openFiles('Import into the workspace', filters));
    if (paths?.length) this.sheet = { kind: 'import', paths };
  }
}

const KEY = Symbol('app');

export function provideApp(app: App): App {
  return setContext(KEY, app);
}

export function useApp(): App {
  return getContext<App>(KEY);
}
