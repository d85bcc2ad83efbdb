/** A triage test of the fake backend: a run whose cases are candidates, with its place in the queue. */
import type { Notice } from '$lib/backend/types';
import type { JobState } from '$lib/bindings/JobState';
import type { MatrixCell } from '$lib/bindings/MatrixCell';
import type { Outcome } from '$lib/bindings/Outcome';
import type { Page } from '$lib/bindings/Page';
import type { ProviderCall } from '$lib/bindings/ProviderCall';
import type { RunRow } from '$lib/bindings/RunRow';
import type { TrialKey } from '$lib/bindings/TrialKey';
import type { TriageDetail } from '$lib/bindings/TriageDetail';
import type { TriageItem } from '$lib/bindings/TriageItem';
import type { TriageOrder } from '$lib/bindings/TriageOrder';
import type { TriageResult } from '$lib/bindings/TriageResult';
import type { TriageRow } from '$lib/bindings/TriageRow';
import type { TriageSelection } from '$lib/bindings/TriageSelection';
import type { TriageVariantRow } from '$lib/bindings/TriageVariantRow';
import { FakeRun } from './runs';
import { resultOf, type FakeCandidate } from './triage-items';
import { agreementOf, summaryOf } from './triage-summary';

export interface FakeSample {
  topic: string;
  topicId: string;
  maxItems: number;
  chosen: FakeCandidate[];
  selection: TriageSelection;
}

export class FakeTest extends FakeRun {
  job: JobState = 'queued';
  error: string | null = null;
  startedAt: number | null = null;
  #numbers = new Map<string, number>();

  constructor(
    id: number,
    readonly sample: FakeSample,
    readonly rows: TriageVariantRow[],
    createdAt: number,
  ) {
    const names = rows.map((row) => row.name);
    super(
      id,
      `triage-${sample.topic}`,
      names,
      sample.chosen.length,
      1,
      `topic: ${sample.topic}\n`,
      createdAt,
    );
    this.state = 'queued';
    this.caseIds = sample.chosen.map((one) => one.id);
    for (let i = 0; i < this.planned; i++) {
      const key = this.key(i);
      this.#numbers.set(`${key.case}/${key.variant}`, i);
    }
  }

  override outcome(key: TrialKey): Outcome {
    return this.#result(key.case, key.variant, true)?.outcome ?? 'fail';
  }

  /** Goes on to where it stands after `done` trials; null: to its end. */
  at(job: JobState, done: number | null, error: string | null = null): this {
    this.startedAt = this.createdAt + 2_000;
    this.done = done ?? this.planned;
    this.turn(job, error);
    return this;
  }

  turn(job: JobState, error: string | null = null): void {
    const states = { queued: 'queued', running: 'running', completed: 'finished', failed: 'failed' } as const;
    this.job = job;
    this.error = error;
    this.state = job === 'cancelled' ? 'stopped' : states[job];
    if (job === 'running') this.startedAt ??= Date.now();
    else if (job !== 'queued') this.endedAt = Math.min(Date.now(), this.createdAt + 4_000 + this.done * 310);
  }

  #result(item: number, variant: number, always = false): TriageResult | null {
    const number = this.#numbers.get(`${item}/${variant}`);
    const [candidate, row] = [this.sample.chosen[item], this.rows[variant]];
    if (number === undefined || !candidate || !row || (number >= this.done && !always)) return null;
    const at = this.createdAt + 2_000 + number * 310;
    return resultOf(this.id, candidate, variant, row, number + 1, at);
  }

  override row(): RunRow {
    return { ...super.row(), is_triage: true, cost_usd: this.#cost() };
  }

  #cost(): number | null {
    const all = this.#all().flatMap((item) => item.results.filter((one) => one?.triage));
    if (all.some((one) => one?.cost_usd === null)) return null;
    return all.reduce((sum, one) => sum + (one?.cost_usd ?? 0), 0);
  }

  override progress(cells?: MatrixCell[]): Notice {
    return { ...super.progress(cells), cost_usd: this.#cost() } as Notice;
  }

  triageRow(): TriageRow {
    const { topic, topicId, maxItems, selection } = this.sample;
    return {
      run: this.id,
      campaign: this.campaign,
      topic,
      topic_id: topicId,
      window: selection.window,
      state: this.job,
      run_state: this.state,
      error: this.error,
      variants: this.variants,
      max_items: maxItems,
      items: this.cases,
      done: this.done,
      planned: this.planned,
      cost_usd: this.#cost(),
      created_at: this.createdAt,
      started_at: this.startedAt,
      ended_at: this.endedAt,
    };
  }

  #item(index: number): TriageItem {
    const { number, ...candidate } = this.sample.chosen[index] as FakeCandidate;
    void number;
    const results = this.rows.map((_row, variant) => this.#result(index, variant));
    const answers = results.flatMap((one) => (one?.triage ? [one.triage] : []));
    const scores = answers.map((answer) => answer.ai_score);
    const flags = answers.map((a) => `${a.is_relevant}${a.is_novel}${a.should_deep_summarize}`);
    return {
      index,
      ...candidate,
      score_spread: scores.length > 1 ? Math.max(...scores) - Math.min(...scores) : null,
      flags_differ: new Set(flags).size > 1,
      results,
    };
  }

  #all(): TriageItem[] {
    return this.sample.chosen.map((_, index) => this.#item(index));
  }

  detailOf(): TriageDetail {
    const items = this.#all();
    return {
      row: this.triageRow(),
      variants: this.rows,
      selection: this.sample.selection,
      summaries: this.rows.map((row, variant) =>
        summaryOf(
          row.name,
          items.flatMap((item) => item.results[variant] ?? []),
        ),
      ),
      agreement: agreementOf(this.rows.length, items),
    };
  }

  items(order: TriageOrder, search: string | null, offset: number, limit: number): Page<TriageItem> {
    const mean = (item: TriageItem) => {
      const scores = item.results.flatMap((one) => one?.triage?.ai_score ?? []);
      return scores.reduce((a, b) => a + b, 0) / Math.max(1, scores.length);
    };
    const by: Record<TriageOrder, (item: TriageItem) => number> = {
      differences: (item) => (item.score_spread ?? -1) + (item.flags_differ ? 100 : 0),
      score: mean,
      newest: (item) => item.published_at ?? 0,
    };
    const wanted = search?.toLowerCase() ?? '';
    const found = this.#all()
      .filter((item) => `${item.id} ${item.title} ${item.source_id}`.toLowerCase().includes(wanted))
      .sort((a, b) => by[order](b) - by[order](a) || a.index - b.index);
    return { rows: found.slice(offset, offset + limit), total: found.length, offset };
  }

  calls(offset: number, limit: number): Page<ProviderCall> {
    const all: ProviderCall[] = [];
    for (let i = 0; i < this.done; i++) {
      const key = this.key(i);
      const result = this.#result(key.case, key.variant);
      const row = this.rows[key.variant];
      if (!result || !row) continue;
      const base = {
        purpose: 'triage',
        run: this.id,
        variant: row.name,
        item: this.caseIds?.[key.case] ?? '',
        provider: row.provider,
        model: row.model,
        credits: 0,
      };
      const started_at = result.ended_at - (result.latency_ms ?? 900);
      if (result.outcome === 'fail' || key.case % 13 === 5)
        all.push({
          ...base,
          number: 1,
          input_tokens: 700,
          output_tokens: 41,
          cost_usd: result.cost_usd,
          started_at: started_at - 1400,
          ended_at: started_at - 300,
          status: 200,
          error: '`is_novel` is missing (true or false)',
        });
      const { input_tokens, output_tokens, cost_usd, ended_at } = result;
      all.push({
        ...base,
        number: result.outcome === 'fail' || key.case % 13 === 5 ? 2 : 1,
        input_tokens,
        output_tokens,
        cost_usd,
        started_at,
        ended_at,
        status: result.outcome === 'timeout' ? null : result.outcome === 'infra_error' ? 503 : 200,
        error: result.error,
      });
    }
    return { rows: all.slice(offset, offset + limit), total: all.length, offset };
  }

  /** What a trial's details are beside those of other runs. */
  told(key: TrialKey) {
    const result = this.#result(key.case, key.variant);
    const candidate = this.sample.chosen[key.case];
    return {
      answer: result?.triage ? JSON.stringify(result.triage, null, 2) : null,
      error: result?.error ?? null,
      case: { ...candidate },
      sent: { system: 'You judge news for a topic.', user: candidate?.title ?? '' },
      scores: [],
    };
  }
}
