/** Runs of the fake backend: they progress by a timer, and their trials are made when they are read. */
import type { Notice } from '$lib/backend/types';
import type { GateAction } from '$lib/bindings/GateAction';
import type { GateResult } from '$lib/bindings/GateResult';
import type { GateState } from '$lib/bindings/GateState';
import type { Matrix } from '$lib/bindings/Matrix';
import type { MatrixCell } from '$lib/bindings/MatrixCell';
import type { Outcome } from '$lib/bindings/Outcome';
import type { Page } from '$lib/bindings/Page';
import type { RunDetail } from '$lib/bindings/RunDetail';
import type { RunEvent } from '$lib/bindings/RunEvent';
import type { RunProgress } from '$lib/bindings/RunProgress';
import type { RunRow } from '$lib/bindings/RunRow';
import type { RunState } from '$lib/bindings/RunState';
import type { TrialFilter } from '$lib/bindings/TrialFilter';
import type { TrialKey } from '$lib/bindings/TrialKey';
import type { TrialRow } from '$lib/bindings/TrialRow';
import { makeCase } from './cases';
import { rateEstimate } from './estimates';
import { outcomeOf, trialRow } from './trials';

/** The gates of a run in one word, as the program tells it. */
function gateState(results: GateResult[]): GateState | null {
  const failing: Record<GateAction, GateState> = { warn: 'warned', fail: 'failed', block_deploy: 'blocks' };
  const states = results.map(({ verdict, gate }) =>
    verdict === 'fail' ? failing[gate.action] : verdict === 'pass' ? 'passed' : 'cannot_tell',
  );
  const worstFirst = ['blocks', 'failed', 'warned', 'cannot_tell', 'passed'] as const;
  return worstFirst.find((state) => states.includes(state)) ?? null;
}

export class FakeRun {
  state: RunState = 'running';
  done = 0;
  endedAt: number | null = null;
  /** The workflow file that is run; null: prompts on a data set. */
  workflow: string | null = null;
  gates: GateResult[] = [];
  events: RunEvent[] = [];
  #sequence = 0;
  /** Ids of its cases; null: tickets. */
  caseIds: string[] | null = null;
  #order: (index: number) => TrialKey;
  readonly planned: number;

  constructor(
    readonly id: number,
    readonly campaign: string,
    readonly variants: string[],
    readonly cases: number,
    readonly repetitions: number,
    readonly definition: string,
    readonly createdAt: number,
  ) {
    this.planned = cases * variants.length * repetitions;
    // The cases are taken in a scrambled order; the variants of a case follow each other.
    const step = stepFor(cases);
    this.#order = (index) => {
      const inCase = variants.length * repetitions;
      const place = Math.floor(index / inCase);
      const within = index % inCase;
      return {
        case: (place * step + id * 11) % cases,
        variant: (within + place) % variants.length,
        repetition: Math.floor(within / variants.length),
      };
    };
    this.log('launched', `Launched with ${this.planned} trials.`, createdAt);
  }

  outcome(key: TrialKey): Outcome {
    return outcomeOf(this.id, key);
  }

  caseId(index: number): string {
    return this.caseIds?.[index] ?? makeCase(index).id;
  }

  key(index: number): TrialKey {
    return this.#order(index);
  }

  finish(): this {
    this.done = this.planned;
    this.state = 'finished';
    this.endedAt = this.createdAt + this.planned * 12;
    this.log('finished', 'All trials have ended.', this.endedAt);
    return this;
  }

  log(kind: string, message: string, at = Date.now()): void {
    this.events.push({ sequence: this.events.length + 1, at, kind, message });
  }

  /** Ends some more trials; the result is the news of it. */
  advance(trials: number): Notice {
    const cells: MatrixCell[] = [];
    for (let i = 0; i < trials && this.done < this.planned; i++) {
      const key = this.key(this.done++);
      cells.push(this.cell(key.case, key.variant, this.done));
    }
    if (this.done === this.planned && this.state === 'running') {
      this.state = 'finished';
      this.endedAt = Date.now();
      this.log('finished', 'All trials have ended.');
    }
    return this.progress(cells);
  }

  progress(cells: MatrixCell[] = []): Notice {
    const { passes, fails, unusable } = this.counts(null);
    const running = this.state === 'running';
    const news: RunProgress = {
      run: this.id,
      sequence: ++this.#sequence,
      state: this.state,
      planned: this.planned,
      done: this.done,
      running: running ? Math.min(8, this.planned - this.done) : 0,
      passes,
      fails,
      unusable,
      rate: running ? 31.4 : null,
      eta_seconds: running ? (this.planned - this.done) / 31.4 : null,
      cost_usd: 0,
      waiting_for: null,
      cells,
    };
    return { type: 'progress', ...news };
  }

  counts(variant: number | null): { passes: number; fails: number; unusable: number } {
    const counts = { passes: 0, fails: 0, unusable: 0 };
    const end = Math.min(this.done, 20_000);
    for (let i = 0; i < end; i++) {
      const key = this.key(i);
      if (variant !== null && key.variant !== variant) continue;
      const outcome = this.outcome(key);
      if (outcome === 'pass') counts.passes++;
      else if (outcome === 'fail' || outcome === 'timeout') counts.fails++;
      else counts.unusable++;
    }
    return counts;
  }

  row(): RunRow {
    return {
      id: this.id,
      campaign: this.campaign,
      state: this.state,
      reason: this.state === 'stopped' ? 'Stopped by you.' : null,
      planned: this.planned,
      done: this.done,
      retriable: this.counts(null).unusable,
      bars: this.variants.map((name, variant) => {
        const { passes, fails } = this.counts(variant);
        return { variant, name, success_rate: rateEstimate(passes, passes + fails) };
      }),
      cost_usd: 0,
      created_at: this.createdAt,
      ended_at: this.endedAt,
      owned_by: null,
      gates: this.state === 'finished' ? gateState(this.gates) : null,
    };
  }

  detail(): RunDetail {
    return {
      row: this.row(),
      definition: this.definition,
      variants: this.variants,
      cases: this.cases,
      repetitions: this.repetitions,
      seed: 42,
      app_version: '0.1.0',
      primary_metric: 'success_rate',
      budget_usd: null,
      workflow: this.workflow,
      gates: this.gates,
    };
  }

  cell(caseIndex: number, variant: number, done = this.done): MatrixCell {
    const cell = { case: caseIndex, variant, done: 0, passes: 0, fails: 0, unusable: 0 };
    for (let repetition = 0; repetition < this.repetitions; repetition++) {
      const outcome = this.outcome({ case: caseIndex, variant, repetition });
      cell.done++;
      if (outcome === 'pass') cell.passes++;
      else if (outcome === 'fail' || outcome === 'timeout') cell.fails++;
      else cell.unusable++;
    }
    return done > 0 ? cell : { ...cell, done: 0 };
  }

  matrix(offset: number, limit: number): Matrix {
    const count = Math.max(0, Math.min(limit, this.cases - offset));
    const case_ids = Array.from({ length: count }, (_, i) => this.caseId(offset + i));
    const cells = new Map<string, MatrixCell>();
    for (let i = 0; i < this.done; i++) {
      const key = this.key(i);
      if (key.case < offset || key.case >= offset + limit) continue;
      cells.set(`${key.case}/${key.variant}`, this.cell(key.case, key.variant));
    }
    return { case_ids, offset, cases: this.cases, repetitions: this.repetitions, cells: [...cells.values()] };
  }

  trials(filter: TrialFilter, offset: number, limit: number): Page<TrialRow> {
    const open =
      filter.outcomes.length === 0 && filter.variant === null && filter.case === null && !filter.search;
    if (open) {
      const count = Math.max(0, Math.min(limit, this.done - offset));
      return {
        rows: Array.from({ length: count }, (_, i) => this.trial(offset + i)),
        total: this.done,
        offset,
      };
    }
    const matching: number[] = [];
    for (let i = 0; i < this.done; i++) if (this.matches(filter, this.key(i))) matching.push(i);
    return {
      rows: matching.slice(offset, offset + limit).map((i) => this.trial(i)),
      total: matching.length,
      offset,
    };
  }

  trial(index: number): TrialRow {
    const key = this.key(index);
    return trialRow(this.id, index + 1, key, this.variants[key.variant] ?? '', this.createdAt + index * 12);
  }

  find(key: TrialKey): TrialRow | null {
    for (let i = 0; i < this.done; i++) {
      const at = this.key(i);
      if (at.case === key.case && at.variant === key.variant && at.repetition === key.repetition)
        return this.trial(i);
    }
    return null;
  }

  private matches(filter: TrialFilter, key: TrialKey): boolean {
    if (filter.variant !== null && key.variant !== filter.variant) return false;
    if (filter.case !== null && key.case !== filter.case) return false;
    if (filter.outcomes.length && !filter.outcomes.includes(this.outcome(key))) return false;
    return !filter.search || this.caseId(key.case).includes(filter.search);
  }
}

/** A step that visits every case once. */
function stepFor(cases: number): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  let step = Math.floor(cases * 0.38) || 1;
  while (gcd(step, cases) !== 1) step++;
  return step;
}
