/** Plans of the fake backend. */
import type { Campaign } from '$lib/bindings/Campaign';
import type { FaultKind } from '$lib/bindings/FaultKind';
import type { LabSettings } from '$lib/bindings/LabSettings';
import { NO_AGENT } from '$lib/format/fault';
import type { Diagnostic } from '$lib/bindings/Diagnostic';
import type { PlanPreview } from '$lib/bindings/PlanPreview';
import { makeCase } from './cases';
import { unknown } from './estimates';
import { check, topList, topValue, type FakeFiles } from './files';

export function planOf(files: FakeFiles, text: string, name: string, ranBefore: boolean): PlanPreview {
  const diagnostics: Diagnostic[] = check('campaign', text);
  const lab = labOf(text);
  const named = topList(text, 'variants');
  const names = lab?.include_baseline ? [NO_AGENT, ...named] : named;
  for (const missing of named.filter((one) => !files.texts.has(`variants/${one}.yaml`))) {
    diagnostics.push({
      severity: 'error',
      code: 'unknown-variant',
      file: null,
      path: 'variants',
      start: null,
      end: null,
      message: `there is no variant “${missing}”`,
      hint: `Create variants/${missing}.yaml, or take the name out.`,
    });
  }
  const number = (key: string, otherwise: number) => Number(topValue(text, key) ?? otherwise);
  const ids = lab?.subjects.flatMap((one) => lab.faults.map((fault) => `${one}/${fault.kind}`));
  const cases = ids?.length ?? Math.min(130, Number(/max_items: *(\d+)/.exec(text)?.[1] ?? 130));
  const repetitions = number('trials_per_combination', 1);
  const paid = names.filter((one) =>
    /provider: (anthropic|openai|gemini)/.test(files.texts.get(`variants/${one}.yaml`) ?? ''),
  );
  const trials = cases * names.length * repetitions;
  const price = 0.0009 * cases * repetitions;
  const exact = { interval: null, method: 'characters ÷ 4', note: null };
  return {
    campaign: diagnostics.length ? null : { ...campaignOf(text, name, named, repetitions), lab },
    cases,
    case_ids: ids ?? Array.from({ length: Math.min(200, cases) }, (_, i) => makeCase(i).id),
    variants: names.map((one) => ({
      name: one,
      model:
        topValue(files.texts.get(`variants/${one}.yaml`) ?? '', 'model') ?? (one === NO_AGENT ? 'none' : '?'),
      trials: cases * repetitions,
      cost_usd: paid.includes(one) ? price : 0,
    })),
    trials,
    first_trials: [],
    cost_usd: { ...exact, value: paid.length * price, n: trials },
    seconds: ranBefore
      ? { ...exact, method: 'earlier runs', value: trials / 31, n: trials }
      : unknown('no earlier run of these variants'),
    spends_money: paid.length > 0,
    diagnostics,
  };
}

function campaignOf(text: string, name: string, variants: string[], repetitions: number): Campaign {
  const sampled = /max_items: *(\d+)/.exec(text);
  const number = (key: string, otherwise: number) => Number(topValue(text, key) ?? otherwise);
  return {
    name,
    description: topValue(text, 'description'),
    dataset: topValue(text, 'dataset') ?? '',
    workflow: null,
    inputs: {},
    sample: sampled
      ? { max_items: Number(sampled[1]), seed: Number(/seed: *(\d+)\}/.exec(text)?.[1] ?? 0) }
      : null,
    variants,
    baseline_variant: topValue(text, 'baseline_variant') ?? variants[0] ?? '',
    trials_per_combination: repetitions,
    scorers: [
      { type: 'json-field', field: 'label', equals: '{{ expected }}', metric: 'label', weight: 1 },
      { type: 'latency', max_ms: 5000, metric: 'latency', weight: 0 },
    ],
    pass_threshold: number('pass_threshold', 1),
    primary_metric: (topValue(text, 'primary_metric') ?? 'success_rate') as Campaign['primary_metric'],
    confidence: number('confidence', 0.95),
    margin: number('margin', 0),
    parallel: number('parallel', 8),
    timeout_seconds: number('timeout_seconds', 300),
    timeout_counts_as: 'fail',
    retries: number('retries', 3),
    cooldown_seconds: number('cooldown_seconds', 0),
    budget_usd: topValue(text, 'budget_usd') === null ? null : number('budget_usd', 0),
    seed: number('seed', 42),
    gates: [],
    mlflow: null,
    lab: null,
    triage: null,
  };
}

/** What a fault campaign breaks; null for other campaigns. */
function labOf(text: string): LabSettings | null {
  const subjects = topList(text, 'subjects');
  if (subjects.length === 0) return null;
  const faults = [...text.matchAll(/\{type: (\w+)/g)].map(([, kind]) => ({
    kind: kind as FaultKind,
    target: 'any' as const,
  }));
  return {
    subjects,
    faults,
    include_baseline: topValue(text, 'include_baseline') === 'true',
    agent: 'managed',
    max_steps: Number(topValue(text, 'max_steps') ?? 20),
    max_tokens: null,
    max_cost_usd: null,
    command_seconds: 10,
  };
}
