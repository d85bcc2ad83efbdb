/**
 * An in-memory twin of the program, so that the window runs in a plain browser and in tests.
 * `?fake=empty|error|huge|fresh|workflows|faults|triage|triage-empty` chooses what it holds, `&theme=dark` the theme,
 * `&place={"section":"workflows"}` where it opens.
 */
import type { Backend, JsonSchema } from '$lib/backend/types';
import type { FileKind } from '$lib/bindings/FileKind';
import type { CampaignRow } from '$lib/bindings/CampaignRow';
import type { PlanPreview } from '$lib/bindings/PlanPreview';
import type { RunRow } from '$lib/bindings/RunRow';
import { makeCase } from './cases';
import { rateEstimate } from './estimates';
import { droppedText, importItem } from './extras';
import { FakeFaultRun } from './fault-run';
import { faultTrial } from './fault-trials';
import { check, edit, fail, kindOf, nameOf, parseVariant, topList, topValue } from './files';
import { FakeRun } from './runs';
import { HOUR, type FakeKind } from './state';
import { stepsOf } from './steps';
import { SCHEMAS } from './texts';
import { trialDetail } from './trials';
import { textValues } from './values';
import { FakeTriage } from './triage';
import { FakeTest } from './triage-run';

export type { FakeKind } from './state';

export class FakeBackend extends FakeTriage implements Backend {
  static fromAddress(search: string): FakeBackend {
    const query = new URLSearchParams(search);
    const fake = new FakeBackend((query.get('fake') as FakeKind | null) ?? 'starter');
    const theme = query.get('theme');
    if (theme) fake.memory.set('theme', theme);
    const place = query.get('place');
    if (place) fake.memory.set('place', JSON.parse(place));
    (window as unknown as { fake: FakeBackend }).fake = fake;
    return fake;
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

  async listVariants() {
    this.errorOnDemand('the variants');
    const last = this.runs.find((run) => run.state === 'finished' && run.workflow === null);
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
    this.errorOnDemand('the campaigns');
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

  readFile = async (path: string) => this.files.read(path);
  checkText = async (kind: FileKind, _name: string, text: string) => check(kind, text);
  editText = async (text: string, edits: Parameters<Backend['editText']>[1]) => edit(text, edits);
  textValues = async (text: string) => textValues(text);
  schema = async (kind: FileKind) => SCHEMAS[kind] as JsonSchema;

  async saveFile(path: string, text: string, expectedHash: string | null) {
    const saved = this.files.save(path, text, expectedHash);
    this.changed(path);
    return saved;
  }

  async renameFile(path: string, name: string) {
    const renamed = this.files.rename(path, name);
    this.changed(renamed.path);
    return renamed;
  }

  async deleteFile(path: string) {
    const trashed = this.files.trash(path);
    this.changed(path);
    return trashed;
  }

  async restoreFile(id: string) {
    const restored = this.files.restore(id);
    this.changed(restored.path);
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
      const path =
        choice === 'keep_both' ? item.target.replace(/[^/]+$/, `${item.free_name}.yaml`) : item.target;
      this.files.texts.set(path, droppedText(source).replace(/^name: .*$/m, `name: ${nameOf(path)}`));
      return [path];
    });
    if (written[0]) this.changed(written[0]);
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
    this.tick(run);
    return run.row();
  }

  #turn(id: number, state: FakeRun['state'], kind: string, message: string): FakeRun {
    const run = this.run(id);
    run.state = state;
    run.log(kind, message);
    this.emit(run.progress());
    this.emit({ type: 'runs' });
    if (state === 'running') this.tick(run);
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

  trialDetail: Backend['trialDetail'] = async (id, key) => {
    const run = this.run(id);
    const row = run.find(key);
    if (run instanceof FakeFaultRun && row) return faultTrial(id, row);
    const trial = trialDetail(id, row ?? fail('not_found', 'This trial has not ended yet.'));
    if (run instanceof FakeTest) return { ...trial, ...run.told(key) };
    return run.workflow === null ? trial : { ...trial, steps: stepsOf(trial) };
  };
}
