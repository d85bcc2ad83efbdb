/** Subjects, trying them, and faults in force in the fake backend. */
import type { Fault } from '$lib/bindings/Fault';
import type { FaultRow } from '$lib/bindings/FaultRow';
import type { HealthSample } from '$lib/bindings/HealthSample';
import type { PlannedFault } from '$lib/bindings/PlannedFault';
import type { SubjectRow } from '$lib/bindings/SubjectRow';
import type { SweepReport } from '$lib/bindings/SweepReport';
import type { TryOut } from '$lib/bindings/TryOut';
import type { Undo } from '$lib/bindings/Undo';
import { FakeFaultRun } from './fault-run';
import { fail, kindOf } from './files';
import { sampleOf } from './health';
import { HOUR } from './state';
import { FAULT_CAMPAIGN, FAULT_FILES } from './subject-texts';
import { subjectRow } from './subjects';
import { FakeWorkflows } from './workflows';

const LEASE_MS = 90_000;
const KEPT = 240;

export function plannedOf(fault: Fault, node: string, mechanism: string): PlannedFault {
  const peers = ['n1', 'n2', 'n3'].filter((peer) => peer !== node);
  const undo: Partial<Record<Fault['kind'], Undo>> = {
    node_kill: { do: 'start_node', node },
    node_pause: { do: 'resume_node', node },
    disk_pressure: { do: 'remove_file', node, path: 'data/segment-000017.tmp' },
  };
  return {
    fault,
    node,
    mechanism,
    undo: undo[fault.kind] ?? { do: 'clear_links', links: peers.map((peer) => [node, peer]) },
    detail: fault.kind === 'network_partition' ? { peers } : {},
  };
}

const SEEN: Partial<Record<Fault['kind'], string>> = {
  node_kill: 'connection refused after 0.2 s',
  node_pause: 'a connection is taken, no answer within 1 s',
  latency: 'a median of 102 ms where 1.4 ms was before',
  network_partition: 'no peer answers it within 1 s, its client port does',
  disk_pressure: '31.9 of 32 MiB used, a write fails with ENOSPC',
};

export abstract class FakeLab extends FakeWorkflows {
  /** Milliseconds between two samples of the subject that is tried; 0: only `beat` takes one. */
  beatMs = 500;
  #tried: TryOut | null = null;
  #faults: FaultRow[] = [];
  #leftovers: SweepReport = { removed: [], problems: [] };

  constructor(...args: ConstructorParameters<typeof FakeWorkflows>) {
    super(...args);
    if (this.kind === 'faults') this.#addExample();
  }

  #addExample(): void {
    for (const [path, text] of Object.entries(FAULT_FILES)) this.files.texts.set(path, text);
    const text = this.files.read(FAULT_CAMPAIGN).text;
    this.runs.unshift(new FakeFaultRun(this.runs.length + 1, text, Date.now() - HOUR).finish());
    this.#faults = [
      {
        id: 7,
        run: 3,
        key: { case: 2, variant: 1, repetition: 2 },
        planned: plannedOf(
          { kind: 'latency', target: 'follower', min_ms: 300, max_ms: 500 },
          'n2',
          'link proxy',
        ),
        place: { kind: 'embedded', folder: '.bakeoff/lab/3-2-1-2' },
        state: 'revert_failed',
        planned_at: Date.now() - 40_000,
        expires_at: Date.now() + 25_000,
        is_owned: false,
        note: 'links n2 → n1 and n2 → n3 still answer late: 404 ms',
      },
    ];
    this.#leftovers = {
      removed: [
        'process 41377 (node n2 of .bakeoff/lab/3-2-1-2), started 16:02:11',
        'folder .bakeoff/lab/3-2-1-2 (1.4 MB)',
        'rules tagged lab:7 on n2',
      ],
      problems: [],
    };
  }

  async listSubjects(): Promise<SubjectRow[]> {
    this.errorOnDemand('the subjects');
    return [...this.files.texts.keys()]
      .filter((path) => kindOf(path) === 'subject')
      .map((path) => subjectRow(this.files, path));
  }

  #say(change: Partial<TryOut>): TryOut {
    this.#tried = { ...(this.#tried ?? fail('conflict', 'No subject is being tried.')), ...change };
    this.emit({ type: 'try_out', try_out: this.#tried });
    return this.#tried;
  }

  async startTryOut(name: string): Promise<TryOut> {
    const row = (await this.listSubjects()).find((one) => one.name === name);
    if (!row) fail('not_found', `There is no subject ${name}.`);
    if (!row.is_ready) fail('unavailable', `${name} can’t be started.`, 'See what it needs.');
    if (this.#tried) fail('conflict', `${this.#tried.subject} is being tried.`, 'Remove it first.');
    this.#tried = {
      subject: name,
      state: 'starting',
      fault: null,
      seen: null,
      expires_at: null,
      samples: [],
      error: null,
    };
    this.#later();
    return this.#say({});
  }

  #later(): void {
    if (this.beatMs > 0) setTimeout(() => this.beat(), this.beatMs);
  }

  /** Takes one more sample of the subject that is tried. */
  beat(): void {
    const tried = this.#tried;
    if (!tried) return;
    if (tried.expires_at !== null && tried.expires_at <= Date.now()) void this.revertTryOut();
    else {
      const samples = [...tried.samples, this.#sample(tried)].slice(-KEPT);
      const seen = tried.fault ? (SEEN[tried.fault.fault.kind] ?? null) : null;
      this.#say({ state: tried.state === 'starting' ? 'running' : tried.state, samples, seen });
    }
    this.#later();
  }

  #sample(tried: TryOut): HealthSample {
    return sampleOf(Date.now(), tried.samples.length, tried.fault);
  }

  tryOut = async () => this.#tried;

  async injectTryOut(fault: Fault): Promise<TryOut> {
    if (this.#tried?.state !== 'running') fail('conflict', 'The subject is not running.');
    const { target, kind } = fault;
    const node = typeof target === 'object' ? target.node : target === 'leader' ? 'n1' : 'n2';
    const offer = (await this.listSubjects())
      .find((row) => row.name === this.#tried?.subject)
      ?.faults.find((one) => one.kind === kind);
    const planned = plannedOf(fault, node, offer?.mechanism ?? 'signal');
    const expires_at = Date.now() + LEASE_MS;
    this.#faults = [
      ...this.#faults,
      {
        id: 100,
        run: 0,
        key: { case: 0, variant: 0, repetition: 0 },
        planned,
        place: { kind: 'embedded', folder: '.bakeoff/lab/try' },
        state: 'landed',
        planned_at: Date.now(),
        expires_at,
        is_owned: true,
        note: null,
      },
    ];
    return this.#say({ fault: planned, seen: null, expires_at });
  }

  async revertTryOut(): Promise<TryOut> {
    this.#faults = this.#faults.filter((row) => row.run !== 0);
    return this.#say({ fault: null, seen: null, expires_at: null });
  }

  async closeTryOut(): Promise<null> {
    if (this.#tried) this.#say({ state: 'closing' });
    this.#faults = this.#faults.filter((row) => row.run !== 0);
    this.#tried = null;
    this.emit({ type: 'try_out', try_out: null });
    return null;
  }

  async listFaults(): Promise<FaultRow[]> {
    this.errorOnDemand('the fault journal');
    return this.#faults;
  }

  async revertFault(id: number): Promise<FaultRow[]> {
    if (id === 100) await this.revertTryOut();
    this.#faults = this.#faults.filter((row) => row.id !== id);
    return this.#faults;
  }

  async sweep(): Promise<SweepReport> {
    this.errorOnDemand('the leftovers');
    const report = this.#leftovers;
    this.#faults = this.#faults.filter((row) => row.is_owned);
    this.#leftovers = { removed: [], problems: [] };
    return report;
  }
}
