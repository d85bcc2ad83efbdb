/** Plans of the fake backend. */
import type { Campaign } from '$lib/bindings/Campaign';
import type { Diagnostic } from '$lib/bindings/Diagnostic';
import type { PlanPreview } from '$lib/bindings/PlanPreview';
import { makeCase } from './cases';
import { unknown } from './estimates';
import { check, topList, topValue, type FakeFiles } from './files';

export function planOf(files: FakeFiles, text: string, name: string, ranBefore: boolean): PlanPreview {
  const diagnostics: Diagnostic[] = check('campaign', text);
  const names = topList(text, 'variants');
  for (const missing of names.filter((one) => !files.texts.has(`variants/${one}.yaml`))) {
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
  const cases = Math.min(130, Number(/max_items: *(\d+)/.exec(text)?.[1] ?? 130));
  const repetitions = number('trials_per_combination', 1);
  const paid = names.filter((one) =>
    /provider: (anthropic|openai|gemini)/.test(files.texts.get(`variants/${one}.yaml`) ?? ''),
  );
  const trials = cases * names.length * repetitions;
  const price = 0.0009 * cases * repetitions;
  const exact = { interval: null, method: 'characters ÷ 4', note: null };
  return {
    campaign: diagnostics.length ? null : campaignOf(text, name, names, repetitions),
    cases,
    case_ids: Array.from({ length: Math.min(200, cases) }, (_, i) => makeCase(i).id),
    variants: names.map((one) => ({
      name: one,
      model: topValue(files.texts.get(`variants/${one}.yaml`) ?? '', 'model') ?? '?',
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
  };
}
