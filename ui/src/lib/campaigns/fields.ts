/** Plain fields of the campaign builder. */
import type { Field } from '$lib/components/field';

export const NUMBER_FIELDS: readonly Field[] = [
  { key: 'trials_per_combination', label: 'Trials per combination', kind: 'number', placeholder: '1' },
  {
    key: 'margin',
    label: 'Margin',
    kind: 'number',
    placeholder: '0',
    hint: 'The smallest difference that matters',
  },
  {
    key: 'pass_threshold',
    label: 'Pass threshold',
    kind: 'number',
    placeholder: '1.0',
    hint: 'Score from which a trial passes',
  },
  { key: 'confidence', label: 'Confidence', kind: 'number', placeholder: '0.95' },
];

export const LIMIT_FIELDS: readonly Field[] = [
  { key: 'budget_usd', label: 'Budget (USD)', kind: 'number', placeholder: 'No limit' },
  { key: 'parallel', label: 'Trials at the same time', kind: 'number', placeholder: '8' },
  { key: 'timeout_seconds', label: 'Time limit of a trial (s)', kind: 'number', placeholder: '300' },
  {
    key: 'timeout_counts_as',
    label: 'A time-out counts as',
    kind: 'choice',
    choices: ['fail', 'unusable'],
    placeholder: 'fail',
  },
  { key: 'retries', label: 'Retries', kind: 'number', placeholder: '3' },
  { key: 'cooldown_seconds', label: 'Pause after a trial (s)', kind: 'number', placeholder: '0' },
  { key: 'seed', label: 'Seed of the order', kind: 'number', placeholder: '0' },
];

/** A scorer of each kind, as a start. */
export const SCORER_STARTS: Record<string, Record<string, unknown>> = {
  exact: { type: 'exact', value: '{{ expected }}' },
  contains: { type: 'contains', value: '{{ expected }}' },
  icontains: { type: 'icontains', value: '{{ expected }}' },
  'contains-any': { type: 'contains-any', values: ['{{ expected }}'] },
  'contains-all': { type: 'contains-all', values: ['{{ expected }}'] },
  'starts-with': { type: 'starts-with', value: '{{ expected }}' },
  regex: { type: 'regex', pattern: '^\\w+$' },
  'is-json': { type: 'is-json' },
  'json-schema': { type: 'json-schema', schema: { type: 'object' } },
  'json-field': { type: 'json-field', field: 'label', equals: '{{ expected }}' },
  numeric: { type: 'numeric', value: '{{ expected }}', tolerance: 0.01 },
  levenshtein: { type: 'levenshtein', value: '{{ expected }}', threshold: 0.8 },
  latency: { type: 'latency', max_ms: 5000, weight: 0 },
  cost: { type: 'cost', max_usd: 0.01, weight: 0 },
  rubric: {
    type: 'rubric',
    provider: 'openai',
    model: 'gpt-5-mini',
    criterion: 'answers the question',
    threshold: 0.5,
  },
};

export const SCORER_WORDS: Record<string, string> = {
  exact: 'Answer equals',
  contains: 'Answer contains',
  icontains: 'Answer contains, ignoring case',
  'contains-any': 'Answer contains any of',
  'contains-all': 'Answer contains all of',
  'starts-with': 'Answer starts with',
  regex: 'Answer matches a pattern',
  'is-json': 'Answer is JSON',
  'json-schema': 'JSON fits a schema',
  'json-field': 'JSON field equals',
  numeric: 'Number within tolerance',
  levenshtein: 'Similar by edit distance',
  latency: 'Latency limit',
  cost: 'Cost limit',
  rubric: 'Graded by a model',
};
