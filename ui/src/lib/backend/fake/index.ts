/**
 * An in-memory twin of the program, so that the window runs in a plain browser and in tests.
 * `?fake=empty|error|huge` chooses what it holds; `?fake=dark` starts dark.
 */
import type { Backend, DropEvent, JsonSchema, Notice } from '$lib/backend/types';
import type { CampaignRow } from '$lib/bindings/CampaignRow';
import type { CompareRequest } from '$lib/bindings/CompareRequest';
import type { PlanPreview } from '$lib/bindings/PlanPreview';
import type { RunRow } from '$lib/bindings/RunRow';
import type { SettingsView } from '$lib/bindings/SettingsView';
import { makeCase } from './cases';
import { drawCharts } from './charts';
import { breakdown, caseAnswers, caseRow, compare } from './compare';
import { rateEstimate } from './estimates';
import { Applied, CHECKS, droppedText, importItem, previewApply, settingsView } from './extras';
import { check, edit, fail, FakeFiles, hashOf, kindOf, nameOf, parseVariant, topList, topValue } from './files';
import { FakeRun } from './runs';
import { SCHEMAS } from './texts';
import { textValues } from './values';
import { trialDetail } from './trials';

export type FakeKind = 'starter' | 'empty' | 'error' | 'huge' | 'fresh';
const HOUR = 3_600_000;

export class FakeBackend implements Backend {
  files = new FakeFiles();
  runs: FakeRun[] = [];
  applied = new Applied();
  /** Paths that the next file dialog gives. */
  chosen: string[] = ['/home/me/terse.yaml', '/home/me/examples.yaml', '/home/me/broken.yaml'];
  /** Milliseconds between two steps of a run, and trials a step. */
  pace = { ms: 100, trials: 4 };
  copied = '';
  memory = new Map<string, unknown>();
  #settings: SettingsView = settingsView();
  #listeners = new Set<(notice: Notice) => void>();
  #drops = new Set<(event: DropEvent) => void>();

  constructor(readonly kind: FakeKind = 'starter') {
    if (kind === 'empty') this.files.texts.clear();
    if (kind === 'starter' || kind === 'error')
      this.addFinished(120, 1, 26 * HOUR).addFinished(120, 1, 2 * HOUR);
    if (kind === 'huge') this.addFinished(33_334, 1, HOUR);
  }

  static fromAddress(search: string): FakeBackend {
    const query = new URLSearchParams(search);
    const fake = new FakeBackend((query.get('fake') as FakeKind | null) ?? 'starter');
    const theme = query.get('theme');
    if (theme) fake.memory.set('theme', theme);
    (window as unknown as { fake: FakeBackend }).fake = fake;
    return fake;
  }

  addFinished(cases: number, repetitions: number, age: number): this {
    const text = this.files.read('campaigns/tickets.yaml').text;
    const names = ['default', 'definitions', 'examples'];
    const id = this.runs.length + 1;
    this.runs.unshift(new FakeRun(id, 'tickets', names, cases, repetitions, text, Date.now() - age).finish());
    return this;
  }

  emit(notice: Notice): void {
    for (const listener of this.#listeners) listener(notice);
  }

  drop(event: DropEvent): void {
    for (const listener of this.#drops) listener(event);
  }

  /** Changes a file as another program would. */
  changeOutside(path: string, text: string): void {
    this.files.texts.set(path, text);
    this.emit({ type: 'files', paths: [path] });
  }

  run(id: number): FakeRun {
    return this.runs.find((run) => run.id === id) ?? fail('not_found', `There is no run #${id}.`);
  }

  #changed(path: string): void {
    queueMicrotask(() => this.emit({ type: 'files', paths: [path] }));
  }

  async openWorkspace(path: string | null) {
    if (path !== null && !path.startsWith('/'))
      fail('not_found', `There is no folder ${path}.`, 'Choose another one.');
    return this.workspace();
  }

  async workspace() {
    const path = '/home/me/bakeoff-starter';
    const fresh = this.kind === 'fresh';
    return {
      path,
      name: 'bakeoff-starter',
      fresh,
      database: `${path}/.bakeoff/bakeoff.db`,
      version: '0.1.0',
    };
  }

  #errorOnDemand(what: string): void {
    if (this.kind !== 'error') return;
    fail(
      'storage',
      `Reading ${what} failed: the database is locked by another program.`,
      'Close other programs that use this workspace, then try again.',
    );
  }

  async listVariants() {
    this.#errorOnDemand('the variants');
    const last = this.runs.find((run) => run.state === 'finished');
    return [...this.files.texts].flatMap(([path, text]) => {
      if (kindOf(path) !== 'variant') return [];
      const name = nameOf(path);
      const index = last?.variants.indexOf(name) ?? -1;
      const counts = last && index >= 0 ? last.counts(index) : null;
      return [
        {
          name,
          path,
          variant: parseVariant(name, text),
          diagnostics: check('variant', text),
          preview: (topValue(text, 'system_prompt') ?? '').split('\n')[0] ?? '',
          used_in: topList(this.files.texts.get('campaigns/tickets.yaml') ?? '', 'variants').includes(name)
            ? ['tickets']
            : [],
          last_success: counts ? rateEstimate(counts.passes, counts.passes + counts.fails) : null,
          last_run: counts ? (last?.id ?? null) : null,
          modified_at: Date.now() - 3 * HOUR,
        },
      ];
    });
  }

  async listCampaigns(): Promise<CampaignRow[]> {
    this.#errorOnDemand('the campaigns');
    return Promise.all(
      [...this.files.texts.keys()]
        .filter((path) => kindOf(path) === 'campaign')
        .map(async (path) => {
          const name = nameOf(path);
          const runs = this.runs.filter((run) => run.campaign === name);
          const { campaign, diagnostics } = await this.previewCampaign(
            this.files.texts.get(path) ?? '',
            name,
          );
          return { name, path, campaign, diagnostics, last_run: runs[0]?.row() ?? null, runs: runs.length };
        }),
    );
  }

  async listDatasets() {
    return this.kind === 'empty'
      ? []
      : [
          { path: 'datasets/tickets.jsonl', size: 21_480 },
          { path: 'datasets/hard.csv', size: 3_120 },
        ];
  }

  async previewDataset(path: string) {
    const sample = Array.from({ length: 5 }, (_, i) => ({ ...makeCase(i) }));
    return { path, rows: 130, fields: ['id', 'input', 'expected', 'metadata'], sample, diagnostics: [] };
  }

  async readFile(path: string) {
    if (!path.startsWith('/')) return this.files.read(path);
    const text = droppedText(path);
    return { path, kind: 'variant' as const, text, hash: hashOf(text), diagnostics: check('variant', text) };
  }
  checkText = async (kind: 'variant' | 'campaign' | 'dataset', _name: string, text: string) =>
    check(kind, text);
  editText = async (text: string, edits: Parameters<Backend['editText']>[1]) => edit(text, edits);
  textValues = async (text: string) => textValues(text);
  schema = async (kind: 'variant' | 'campaign' | 'dataset') => SCHEMAS[kind] as JsonSchema;

  async saveFile(path: string, text: string, expectedHash: string | null) {
    const saved = this.files.save(path, text, expectedHash);
    this.#changed(path);
    return saved;
  }

  async renameFile(path: string, name: string) {
    const renamed = this.files.rename(path, name);
    this.#changed(renamed.path);
    return renamed;
  }

  async deleteFile(path: string) {
    const trashed = this.files.trash(path);
    this.#changed(path);
    return trashed;
  }

  async restoreFile(id: string) {
    const restored = this.files.restore(id);
    this.#changed(restored.path);
    return restored;
  }

  async variantVersions(name: string) {
    const text = this.files.texts.get(`variants/${name}.yaml`) ?? '';
    const older = text.replace('Answer with JSON', 'Answer in JSON');
    return this.runs.length ? [{ hash: 'a1', text: older, run: 1, at: Date.now() - 26 * HOUR }] : [];
  }

  previewImport = async (paths: string[]) => paths.map((path) => importItem(path, this.files));

  async importFiles(decisions: Parameters<Backend['importFiles']>[0]) {
    const written = decisions.flatMap(({ source, choice }) => {
      if (choice === 'skip') return [];
      const item = importItem(source, this.files);
      const path = choice === 'keep_both' ? `variants/${item.free_name}.yaml` : item.target;
      this.files.texts.set(path, droppedText(source).replace(/^name: .*$/m, `name: ${nameOf(path)}`));
      return [path];
    });
    if (written[0]) this.#changed(written[0]);
    return written;
  }

  async previewCampaign(text: string, name: string): Promise<PlanPreview> {
    return (await import('./plan')).planOf(this.files, text, name, this.runs.length > 0);
  }

  async launch(campaign: string): Promise<RunRow> {
    const text = this.files.read(`campaigns/${campaign}.yaml`).text;
    const plan = await this.previewCampaign(text, campaign);
    const names = plan.variants.map((variant) => variant.name);
    const repetitions = plan.campaign?.trials_per_combination ?? 1;
    const run = new FakeRun(this.runs.length + 1, campaign, names, plan.cases, repetitions, text, Date.now());
    this.runs.unshift(run);
    this.emit({ type: 'runs' });
    this.#tick(run);
    return run.row();
  }

  #tick(run: FakeRun): void {
    setTimeout(() => {
      if (run.state !== 'running') return;
      this.emit(run.advance(this.pace.trials));
      if (run.state === 'running') this.#tick(run);
      else this.emit({ type: 'runs' });
    }, this.pace.ms);
  }

  #turn(id: number, state: FakeRun['state'], kind: string, message: string): FakeRun {
    const run = this.run(id);
    run.state = state;
    run.log(kind, message);
    this.emit(run.progress());
    this.emit({ type: 'runs' });
    if (state === 'running') this.#tick(run);
    return run;
  }

  pauseRun = async (id: number) =>
    void this.#turn(id, 'paused', 'paused', 'Paused; running trials end first.');
  continueRun = async (id: number) => void this.#turn(id, 'running', 'resumed', 'Goes on.');
  stopRun = async (id: number) =>
    void this.#turn(id, 'stopped', 'stopped', 'Stopped; running trials were cancelled.');
  resumeRun = async (id: number) => this.#turn(id, 'running', 'resumed', 'Runs what was missing.').row();
  retryFailed = async (id: number) => this.#turn(id, 'running', 'retry', 'Runs failed trials again.').row();

  async listRuns(campaign: string | null, offset: number, limit: number) {
    const all = this.runs.filter((run) => campaign === null || run.campaign === campaign);
    return { rows: all.slice(offset, offset + limit).map((run) => run.row()), total: all.length, offset };
  }

  runDetail = async (id: number) => this.run(id).detail();
  async deleteRun(id: number) {
    this.runs = this.runs.filter((run) => run.id !== id);
    this.emit({ type: 'runs' });
  }
  runMatrix = async (id: number, offset: number, limit: number) => this.run(id).matrix(offset, limit);
  listTrials: Backend['listTrials'] = async (id, filter, offset, limit) =>
    this.run(id).trials(filter, offset, limit);
  runEvents = async (id: number, after: number) =>
    this.run(id).events.filter((event) => event.sequence > after);

  trialDetail: Backend['trialDetail'] = async (id, key) =>
    trialDetail(id, this.run(id).find(key) ?? fail('not_found', 'This trial has not ended yet.'));

  #compared(request: CompareRequest): FakeRun {
    this.#errorOnDemand('the results');
    const run = request.runs.length
      ? this.run(request.runs[0] ?? 0)
      : this.runs.find((one) => one.state === 'finished');
    return run ?? fail('not_found', 'There is no finished run to compare.', 'Launch a campaign first.');
  }

  #variants(run: FakeRun, request: CompareRequest): number[] {
    const all = run.variants.map((_, index) => index);
    return request.variants.length
      ? all.filter((i) => request.variants.includes(run.variants[i] ?? ''))
      : all;
  }

  compare = async (request: CompareRequest) => compare(this.#compared(request), request);
  drawCharts: Backend['drawCharts'] = async (request) => drawCharts(this.#compared(request.compare), request);
  saveChart = async () => undefined;

  listCases: Backend['listCases'] = async (request, onlyDifferent, search, offset, limit) => {
    const run = this.#compared(request);
    const variants = this.#variants(run, request);
    const all = Array.from({ length: run.cases }, (_, i) => i).filter((i) => {
      if (search && !makeCase(i).id.includes(search) && !makeCase(i).input.includes(search)) return false;
      return !onlyDifferent || new Set(caseRow(run, i, variants).cells.map((cell) => cell.passes)).size > 1;
    });
    return {
      rows: all.slice(offset, offset + limit).map((i) => caseRow(run, i, variants)),
      total: all.length,
      offset,
    };
  };

  caseAnswers: Backend['caseAnswers'] = async (request, index) => {
    const run = this.#compared(request);
    return caseAnswers(run, index, this.#variants(run, request));
  };

  breakdown: Backend['breakdown'] = async (request, field) => {
    const run = this.#compared(request);
    return breakdown(run, field, this.#variants(run, request));
  };

  async #evidence(request: CompareRequest): Promise<string> {
    return (await this.compare(request)).best?.evidence ?? 'success rate of the last run';
  }

  previewApply: Backend['previewApply'] = async (request) =>
    previewApply(request, this.files, await this.#evidence(request.compare));

  apply: Backend['apply'] = async (request, targetHash) => {
    const preview = await this.previewApply(request);
    if (preview.target_hash !== targetHash)
      fail('conflict', `${preview.target.file} changed.`, 'Look at the diff again.');
    const row = this.applied.apply(request, this.files, preview.evidence, request.compare.runs);
    this.#changed(row.target.file);
    return row;
  };

  undoApply = async (id: number) => {
    const row = this.applied.undo(id, this.files);
    this.#changed(row.target.file);
    return row;
  };
  listApplied = async () => this.applied.rows;
  exportRun = async () => undefined;

  settings = async () => this.#settings;
  async saveSettings(settings: SettingsView['settings']) {
    this.#settings = { ...this.#settings, settings };
    return this.#settings;
  }

  #setKey(provider: string, key: 'keychain' | 'missing') {
    const providers = this.#settings.providers.map((one) =>
      one.provider === provider ? { ...one, key } : one,
    );
    this.#settings = { ...this.#settings, providers };
    return (
      providers.find((one) => one.provider === provider) ?? fail('not_found', `No provider ${provider}.`)
    );
  }

  setKey: Backend['setKey'] = async (provider) => this.#setKey(provider, 'keychain');
  deleteKey: Backend['deleteKey'] = async (provider) => this.#setKey(provider, 'missing');
  testProvider: Backend['testProvider'] = async (provider) =>
    provider === 'builtin'
      ? { ok: true, message: 'Answered in 3 ms.', models: ['lexical-1'] }
      : { ok: false, message: '401: the key was not accepted. Set another key.', models: [] };
  localServers: Backend['localServers'] = async () => [
    {
      name: 'Ollama',
      provider: 'ollama',
      base_url: 'http://localhost:11434',
      models: ['llama3.2:3b', 'qwen3:8b'],
    },
  ];
  doctor = async () => CHECKS;

  watch(callback: (notice: Notice) => void) {
    this.#listeners.add(callback);
    return () => void this.#listeners.delete(callback);
  }
  onDrop(callback: (event: DropEvent) => void) {
    this.#drops.add(callback);
    return () => void this.#drops.delete(callback);
  }
  onClose = () => () => undefined;
  openFiles = async () => this.chosen;
  openFolder = async () => '/home/me/other';
  saveAs = async (_title: string, suggested: string) => `/home/me/${suggested}`;
  setTheme = async () => undefined;
  copy = async (text: string) => void (this.copied = text);
  remember = async (key: string, value: unknown) => void this.memory.set(key, value);
  recall = async <T>(key: string) => (this.memory.get(key) as T | undefined) ?? null;
}
