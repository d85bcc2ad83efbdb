/** Comparisons of the fake backend. */
import type { Breakdown } from '$lib/bindings/Breakdown';
import type { CaseAnswers } from '$lib/bindings/CaseAnswers';
import type { CaseRow } from '$lib/bindings/CaseRow';
import type { CompareRequest } from '$lib/bindings/CompareRequest';
import type { CompareView } from '$lib/bindings/CompareView';
import type { Difference } from '$lib/bindings/Difference';
import type { FaultSlice } from '$lib/bindings/FaultSlice';
import type { Metric } from '$lib/bindings/Metric';
import type { Outcome } from '$lib/bindings/Outcome';
import type { TrialKey } from '$lib/bindings/TrialKey';
import type { TrialRow } from '$lib/bindings/TrialRow';
import type { VariantSummary } from '$lib/bindings/VariantSummary';
import { LABELS, makeCase } from './cases';
import { estimateOf } from '$lib/compare/summary';
import { distribution, rateEstimate, unknown } from './estimates';
import { FakeFaultRun } from './fault-run';
import { faultSummary } from './fault-summary';
import type { FakeRun } from './runs';
import { answerOf, latencyOf } from './trials';

export function summaries(run: FakeRun, of: (key: TrialKey) => boolean = () => true): VariantSummary[] {
  return run.variants.map((name, variant) => {
    const rows: TrialRow[] = [];
    for (let i = 0; i < Math.min(run.done, 20_000); i++) {
      const key = run.key(i);
      if (key.variant === variant && of(key)) rows.push(run.trial(i));
    }
    const passes = rows.filter((row) => row.outcome === 'pass').length;
    const usable = rows.filter((row) => ['pass', 'fail', 'timeout'].includes(row.outcome)).length;
    const outcomes = new Map<Outcome, number>();
    for (const row of rows) outcomes.set(row.outcome, (outcomes.get(row.outcome) ?? 0) + 1);
    const numbers = (pick: (row: TrialRow) => number | null) =>
      rows.map(pick).filter((value) => value !== null);
    const tokens = numbers((row) => row.total_tokens);
    return {
      variant,
      name,
      trials: rows.length,
      usable,
      unusable: rows.length - usable,
      cases: run.cases,
      passes,
      outcomes: [...outcomes].map(([outcome, count]) => ({ outcome, count })),
      success_rate: rateEstimate(passes, usable),
      success_rate_worst: rows.length ? passes / rows.length : null,
      success_rate_best: rows.length ? (passes + rows.length - usable) / rows.length : null,
      score: distribution(
        'score',
        numbers((row) => row.score),
      ),
      latency_ms: distribution(
        'latency_ms',
        numbers((row) => row.latency_ms),
      ),
      cost_usd: distribution(
        'cost_usd',
        numbers((row) => row.cost_usd),
      ),
      total_tokens: distribution('total_tokens', tokens),
      input_tokens: distribution(
        'input_tokens',
        tokens.map((n) => n - 9),
      ),
      output_tokens: distribution(
        'output_tokens',
        tokens.map(() => 9),
      ),
      cost_per_success_usd: passes
        ? { ...rateEstimate(0, passes), interval: null, method: 'sum ÷ sum' }
        : unknown('no success yet'),
      paced: !(run instanceof FakeFaultRun),
      faults: run instanceof FakeFaultRun ? faultSummary(rows) : null,
    };
  });
}

/** The per-fault table: a row for each case of the campaign. */
function faultSlices(run: FakeFaultRun, chosen: VariantSummary[]): FaultSlice[] {
  return Array.from({ length: run.cases }, (_, index) => {
    const [subject = '', fault = ''] = run.caseId(index).split('/');
    const here = summaries(run, (key) => key.case === index);
    const isControl = fault === 'none';
    const cells = chosen.flatMap(({ variant }) => {
      const own = here[variant];
      if (!own) return [];
      const time = (metric: Metric) => (isControl ? null : estimateOf(own, metric));
      return {
        variant,
        trials: own.trials,
        unusable: own.unusable,
        passes: own.passes,
        outcomes: own.outcomes,
        success_rate: own.success_rate,
        restored_share: own.faults && !isControl ? own.faults.restored_share : null,
        detect_s: time('detect_s'),
        restore_s: time('restore_s'),
        commands: estimateOf(own, 'commands'),
        destructive: estimateOf(own, 'destructive'),
      };
    });
    return { name: { subject, fault }, cells, warnings: [] };
  });
}

const DECIDING: Metric[] = ['success_rate', 'score', 'latency_ms', 'cost_usd', 'total_tokens'];

const FAULT_METRICS: Metric[] = ['detect_s', 'restore_s', 'commands', 'destructive'];

export function compare(run: FakeRun, request: CompareRequest): CompareView {
  const all = summaries(run);
  const chosen = request.variants.length ? all.filter((v) => request.variants.includes(v.name)) : all;
  const baseline = chosen.find((v) => v.name === request.baseline) ?? chosen[0];
  const primary = (request.metric as Metric | null) ?? 'success_rate';
  const complete = run.state === 'finished';
  const deciding = run instanceof FakeFaultRun ? [...DECIDING, ...FAULT_METRICS] : DECIDING;
  const metrics = [primary, ...deciding.filter((metric) => metric !== primary)];
  const others = baseline ? chosen.filter((v) => v !== baseline) : [];
  const differences = metrics.flatMap((metric) =>
    others.map((v) => difference(metric, v, baseline as VariantSummary, complete)),
  );
  const best = [...chosen].sort((a, b) => (b.success_rate.value ?? 0) - (a.success_rate.value ?? 0))[0];
  const won = differences.find((d) => d.name === best?.name && d.metric === 'success_rate');
  return {
    comparison: {
      variants: chosen,
      differences,
      primary_metric: primary,
      baseline: baseline?.variant ?? 0,
      confidence: 0.95,
      margin: 0.02,
      complete,
      warnings: [],
    },
    runs: request.mlflow_uri ? [] : [run.id],
    left_out: [],
    campaigns: [run.campaign],
    cases: run.cases,
    best:
      best && complete
        ? {
            variant: best.variant,
            name: best.name,
            metric: 'success_rate',
            evidence: `success rate ${pct(best.success_rate.value)} [${pct(best.success_rate.interval?.low)}, ${pct(best.success_rate.interval?.high)}], n = ${best.usable}; ${baseline?.name} ${pct(baseline?.success_rate.value)}; ${won?.verdict === 'better' ? 'better (p < 0.001)' : 'cannot tell'}`,
            caution: null,
          }
        : null,
    gates: run.gates,
    faults: run instanceof FakeFaultRun ? faultSlices(run, chosen) : [],
    slice_fields: run.caseIds ? ['subject', 'fault'] : ['expected', 'metadata.team', 'metadata.hard'],
  };
}

const pct = (value: number | null | undefined) => (value == null ? '—' : `${(value * 100).toFixed(1)} %`);

function difference(metric: Metric, v: VariantSummary, base: VariantSummary, complete: boolean): Difference {
  const pick = (s: VariantSummary): number | null => estimateOf(s, metric).value;
  const [mine, theirs] = [pick(v), pick(base)];
  const head = { metric, variant: v.variant, name: v.name, baseline: base.variant };
  if (mine === null || theirs === null) {
    const estimate = unknown('no pair of trials yet');
    return {
      ...head,
      difference: estimate,
      p_value: null,
      p_adjusted: null,
      only_variant_passes: null,
      only_baseline_passes: null,
      verdict: complete ? 'cannot_tell' : 'still_running',
      detectable: null,
      sentence: 'Cannot tell yet.',
    };
  }
  const value = mine - theirs;
  const half = metric === 'success_rate' || metric === 'score' ? 0.07 : Math.abs(theirs) * 0.05;
  const up = metric === 'success_rate' || metric === 'score' ? value : -value;
  const verdict = !complete ? 'still_running' : up > half ? 'better' : up < -half ? 'worse' : 'cannot_tell';
  const words = {
    better: 'better than',
    worse: 'worse than',
    cannot_tell: 'cannot be told from',
    still_running: 'still running against',
    no_difference: 'as good as',
  };
  return {
    ...head,
    difference: {
      value,
      interval: { low: value - half, high: value + half },
      n: v.cases,
      method: 'paired by case',
      note: null,
    },
    p_value: verdict === 'cannot_tell' ? 0.31 : 0.0002,
    p_adjusted: metric === 'success_rate' ? (verdict === 'cannot_tell' ? 0.31 : 0.0004) : null,
    only_variant_passes: metric === 'success_rate' ? 31 : null,
    only_baseline_passes: metric === 'success_rate' ? 4 : null,
    verdict,
    detectable: 0.09,
    sentence: `${v.name} is ${words[verdict]} ${base.name} on ${metric.replaceAll('_', ' ')} (${v.cases} cases).`,
  };
}

export function caseRow(run: FakeRun, index: number, variants: number[]): CaseRow {
  const item = makeCase(index);
  return {
    case: index,
    case_id: run.caseId(index),
    preview: run.caseIds ? '' : item.input,
    expected: run.caseIds ? null : item.expected,
    cells: variants.map((variant) => {
      const outcome = run.outcome({ case: index, variant, repetition: 0 });
      const passed = outcome === 'pass';
      return {
        trials: 1,
        passes: passed ? 1 : 0,
        outcome,
        score: passed ? 1 : outcome === 'fail' ? 0 : null,
      };
    }),
  };
}

export function caseAnswers(run: FakeRun, index: number, variants: number[]): CaseAnswers {
  const key = (variant: number) => ({ case: index, variant, repetition: 0 });
  const base = answerOf(run.id, key(variants[0] ?? 0)) ?? '';
  return {
    row: caseRow(run, index, variants),
    input: { ...makeCase(index) },
    answers: variants.map((variant) => {
      const answer = answerOf(run.id, key(variant));
      const same = answer === base;
      const diff: [string, string][] = same
        ? [[' ', base]]
        : [
            [' ', '{"label":"'],
            ['-', base.slice(10, -2)],
            ['+', (answer ?? '').slice(10, -2)],
            [' ', '"}'],
          ];
      return {
        variant,
        name: run.variants[variant] ?? '',
        outcome: run.outcome(key(variant)),
        answer,
        error: answer === null ? 'The provider answered 503 four times.' : null,
        diff,
      };
    }),
  };
}

export function breakdown(run: FakeRun, field: string, variants: number[]): Breakdown {
  const valueOf = (index: number) => {
    const item = makeCase(index);
    if (field === 'metadata.team') return item.metadata.team;
    return field === 'metadata.hard' ? String(item.metadata.hard) : item.expected;
  };
  const cases = Array.from({ length: Math.min(run.cases, 500) }, (_, i) => i);
  const values = [...new Set(cases.map(valueOf))].sort();
  const slices = values.map((value) => ({
    value,
    success_rate: variants.map((variant) => {
      const mine = cases.filter((i) => valueOf(i) === value);
      const passes = mine.filter((i) => run.outcome({ case: i, variant, repetition: 0 }) === 'pass').length;
      return rateEstimate(passes, mine.length);
    }),
  }));
  const expected = [...LABELS].sort();
  const confusion = variants.map((variant) => ({
    variant,
    expected,
    answered: [...expected, 'other', 'none'],
    counts: expected.map((label) => {
      const row = [0, 0, 0, 0, 0, 0, 0];
      for (const i of cases.filter((c) => makeCase(c).expected === label)) {
        const text = answerOf(run.id, { case: i, variant, repetition: 0 });
        const at = text === null ? 6 : expected.indexOf((JSON.parse(text) as { label: 'storage' }).label);
        row[at] = (row[at] ?? 0) + 1;
      }
      return row;
    }),
  }));
  return { field, slices, confusion: field === 'expected' ? confusion : [] };
}

export function sortedLatencies(run: FakeRun, variant: number): number[] {
  return Array.from({ length: Math.min(run.cases, 400) }, (_, i) =>
    latencyOf(run.id, { case: i, variant, repetition: 0 }),
  ).sort((a, b) => a - b);
}
