/** Triage tests and their queue in the fake backend. */
import type { Backend } from '$lib/backend/types';
import type { Diagnostic } from '$lib/bindings/Diagnostic';
import type { JobState } from '$lib/bindings/JobState';
import type { QueueView } from '$lib/bindings/QueueView';
import type { Settings } from '$lib/bindings/Settings';
import type { TopicRow } from '$lib/bindings/TopicRow';
import type { TriagePreview } from '$lib/bindings/TriagePreview';
import type { TriageRequest } from '$lib/bindings/TriageRequest';
import type { TriageRow } from '$lib/bindings/TriageRow';
import type { TriageSwitch } from '$lib/bindings/TriageSwitch';
import { fail, kindOf, nameOf, topValue } from './files';
import { FakeHttp } from './http';
import type { FakeRun } from './runs';
import { EXAMPLES } from './triage-examples';
import { candidates, select } from './triage-items';
import { findingsOf, topicRows, variantRows } from './triage-request';
import { FakeTest, type FakeSample } from './triage-run';
import { TOPIC_FILES, TOPIC_SIZE } from './triage-texts';

const DAY = 86_400_000;

export abstract class FakeTriage extends FakeHttp {
  /** What `ENABLE_ABTESTS` says; null: nothing. */
  byEnvironment: boolean | null = null;
  /** Some program works on the queue. */
  workedOn = true;
  #paused = false;
  #stopped = false;
  readonly #start = Math.floor(Date.now() / DAY) * DAY;

  constructor(...args: ConstructorParameters<typeof FakeHttp>) {
    super(...args);
    if (this.kind.startsWith('triage') || this.kind === 'error') void this.#turnOn();
    if (!this.kind.startsWith('triage')) return;
    for (const [path, text] of Object.entries(TOPIC_FILES)) this.files.texts.set(path, text);
    if (this.kind !== 'triage') return;
    for (const one of EXAMPLES) {
      const test = this.#add(one.request, Date.now() - one.age);
      if (one.state !== 'queued') test.at(one.state, one.done, one.error);
      if (one.state === 'running') this.tick(test);
    }
  }

  async #turnOn(): Promise<void> {
    const { settings } = await this.settings();
    await super.saveSettings({ ...settings, abtests: true });
  }

  #tests(...states: JobState[]): FakeTest[] {
    return this.runs.filter(
      (run): run is FakeTest => run instanceof FakeTest && (states.length === 0 || states.includes(run.job)),
    );
  }

  #test(id: number): FakeTest {
    return (
      this.#tests().find((test) => test.id === id) ?? fail('not_found', `There is no triage test #${id}.`)
    );
  }

  async triageSwitch(): Promise<TriageSwitch> {
    const { settings } = await this.settings();
    return { enabled: this.byEnvironment ?? settings.abtests, by_environment: this.byEnvironment !== null };
  }

  async #allowed(): Promise<void> {
    this.errorOnDemand('the triage tests');
    if (!(await this.triageSwitch()).enabled)
      fail('disabled', 'Triage tests are off.', 'Turn them on in Settings, or set ENABLE_ABTESTS=true.');
  }

  override async saveSettings(settings: Settings) {
    const saved = await super.saveSettings(settings);
    this.emit({ type: 'queue' });
    await this.#pump();
    return saved;
  }

  async listTopics(): Promise<TopicRow[]> {
    await this.#allowed();
    return topicRows(this.files);
  }

  #sample(request: TriageRequest): FakeSample {
    const path = [...this.files.texts.keys()].find(
      (one) =>
        kindOf(one) === 'topic' && (nameOf(one) === request.topic || this.#idOf(one) === request.topic),
    );
    const topic = path ? nameOf(path) : request.topic;
    const window = { start: Date.parse(request.window_start), end: Date.parse(request.window_end) };
    const all = candidates(topic.length, TOPIC_SIZE[topic] ?? 40, this.#start);
    const maxItems = request.max_items ?? 50;
    return { topic, topicId: path ? this.#idOf(path) : topic, maxItems, ...select(all, window, maxItems) };
  }

  #idOf(path: string): string {
    return topValue(this.files.texts.get(path) ?? '', 'id') ?? nameOf(path);
  }

  async #findings(request: TriageRequest): Promise<Diagnostic[]> {
    const cap = (await this.settings()).settings.triage_max_items ?? 200;
    return findingsOf(request, await this.listTopics(), this.files, cap);
  }

  async previewTriage(request: TriageRequest): Promise<TriagePreview> {
    await this.#allowed();
    const diagnostics = await this.#findings(request);
    const failed = diagnostics.some((finding) => finding.severity === 'error');
    const selection = failed ? null : this.#sample(request).selection;
    const trials = (selection?.chosen ?? 0) * request.variants.length;
    const paid = variantRows(request, this.files).filter((row) => row.provider !== 'builtin').length;
    const cost = trials * (paid / Math.max(1, request.variants.length)) * 0.0021;
    return {
      selection,
      trials,
      cost_usd: {
        value: failed ? null : cost,
        interval: failed ? null : { low: cost * 0.6, high: cost * 1.8 },
        n: trials,
        method: 'characters ÷ 4',
        note: failed ? 'the request has errors' : null,
      },
      spends_money: paid > 0,
      diagnostics,
    };
  }

  #add(request: TriageRequest, at: number): FakeTest {
    const test = new FakeTest(
      this.runs.length + 1,
      this.#sample(request),
      variantRows(request, this.files),
      at,
    );
    this.runs.unshift(test);
    return test;
  }

  async createTriage(request: TriageRequest): Promise<TriageRow> {
    const { diagnostics } = await this.previewTriage(request);
    const problem = diagnostics.find((finding) => finding.severity === 'error');
    if (problem) fail('bad_input', `${problem.path}: ${problem.message}`, problem.hint);
    const test = this.#add(request, Date.now());
    this.#news();
    void this.#pump();
    return test.triageRow();
  }

  #news(): void {
    this.emit({ type: 'queue' });
    this.emit({ type: 'runs' });
  }

  /** Starts what may be started. */
  async #pump(): Promise<void> {
    const workers = (await this.settings()).settings.triage_workers ?? 1;
    const { enabled } = await this.triageSwitch();
    while (enabled && this.workedOn && !this.#paused && !this.#stopped) {
      const next = this.#tests('queued').at(-1);
      if (!next || this.#tests('running').length >= workers) return;
      this.#turn(next, 'running');
      this.tick(next);
    }
  }

  #turn(test: FakeTest, job: JobState, error: string | null = null): void {
    test.turn(job, error);
    this.emit(test.progress());
    this.#news();
  }

  protected override ended(run: FakeRun): void {
    if (!(run instanceof FakeTest)) return super.ended(run);
    this.#turn(run, 'completed');
    void this.#pump();
  }

  async listTriage(offset: number, limit: number) {
    await this.#allowed();
    const all = this.#tests();
    return {
      rows: all.slice(offset, offset + limit).map((one) => one.triageRow()),
      total: all.length,
      offset,
    };
  }

  triageDetail: Backend['triageDetail'] = async (run) => {
    await this.#allowed();
    return this.#test(run).detailOf();
  };
  triageItems: Backend['triageItems'] = async (run, order, search, offset, limit) => {
    await this.#allowed();
    return this.#test(run).items(order, search, offset, limit);
  };
  triageCalls: Backend['triageCalls'] = async (run, offset, limit) => {
    await this.#allowed();
    return this.#test(run).calls(offset, limit);
  };

  async cancelTriage(run: number): Promise<TriageRow> {
    await this.#allowed();
    const test = this.#test(run);
    if (test.job !== 'queued' && test.job !== 'running')
      fail('conflict', `Triage test #${run} has ended already.`);
    this.#turn(test, 'cancelled', 'Cancelled by you.');
    void this.#pump();
    return test.triageRow();
  }

  async queueView(): Promise<QueueView> {
    await this.#allowed();
    const { settings } = await this.settings();
    return {
      paused: this.#paused,
      emergency_stop: this.#stopped,
      workers: settings.triage_workers ?? 1,
      is_worked_on: this.workedOn,
      jobs: [...this.#tests('running'), ...this.#tests('queued').reverse()].map((test) => test.triageRow()),
      completed: this.#tests('completed').length,
      failed: this.#tests('failed').length,
      cancelled: this.#tests('cancelled').length,
    };
  }

  async #changed(): Promise<QueueView> {
    await this.#pump();
    this.emit({ type: 'queue' });
    return this.queueView();
  }

  pauseQueue = async () => {
    await this.#allowed();
    this.#paused = true;
    return this.#changed();
  };
  continueQueue = async () => {
    await this.#allowed();
    this.#paused = false;
    return this.#changed();
  };
  emergencyStop = async () => {
    await this.#allowed();
    this.#stopped = true;
    for (const test of this.#tests('running'))
      this.#turn(test, 'cancelled', 'Stopped by the emergency stop.');
    return this.#changed();
  };
  clearEmergencyStop = async () => {
    await this.#allowed();
    this.#stopped = false;
    return this.#changed();
  };
  drainQueue = async () => {
    await this.#allowed();
    for (const test of this.#tests('queued')) this.#turn(test, 'cancelled', 'Dropped from the queue.');
    return this.#changed();
  };
  dropJob = async (run: number) => {
    await this.cancelTriage(run);
    return this.queueView();
  };
  startQueueWorker = async () => {
    await this.#allowed();
    this.workedOn = true;
    await this.#changed();
  };
}
