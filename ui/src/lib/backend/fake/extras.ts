/** Settings, imports and applications of the fake backend. */
import type { AppliedRow } from '$lib/bindings/AppliedRow';
import type { ApplyPreview } from '$lib/bindings/ApplyPreview';
import type { ApplyRequest } from '$lib/bindings/ApplyRequest';
import type { Check } from '$lib/bindings/Check';
import type { DiffLine } from '$lib/bindings/DiffLine';
import type { FieldDifference } from '$lib/bindings/FieldDifference';
import type { ImportItem } from '$lib/bindings/ImportItem';
import type { Provider } from '$lib/bindings/Provider';
import type { SettingsView } from '$lib/bindings/SettingsView';
import type { DeployBlock } from '$lib/bindings/DeployBlock';
import { check, edit, hashOf, nameOf, topValue, type FakeFiles } from './files';
import { appliedWorkflow, nodesOf } from './workflow-apply';

const KEYS: [Provider, string | null][] = [
  ['anthropic', 'ANTHROPIC_API_KEY'],
  ['openai', 'OPENAI_API_KEY'],
  ['gemini', 'GEMINI_API_KEY'],
  ['ollama', null],
  ['openai-compatible', 'OPENAI_COMPATIBLE_API_KEY'],
  ['builtin', null],
];

export function settingsView(): SettingsView {
  const none = { base_url: null, max_parallel: null, requests_per_minute: null, tokens_per_minute: null };
  return {
    settings: {
      providers: {},
      prices: {},
      spend_cap_usd: 5,
      mlflow_tracking_uri: null,
      abtests: false,
      triage_workers: null,
      triage_max_items: null,
      classifier: null,
    },
    path: '/home/me/.config/bakeoff/settings.json',
    providers: KEYS.map(([provider, variable]) => ({
      provider,
      key: variable === null ? 'not_needed' : provider === 'openai' ? 'environment' : 'missing',
      variable,
      base_url: provider === 'ollama' ? 'http://localhost:11434' : null,
      settings: none,
    })),
    keychain_problem: null,
    prices: {
      'claude-sonnet-4-5': { input: 3, cached_input: 0.3, output: 15 },
      'claude-haiku-4-5': { input: 1, cached_input: 0.1, output: 5 },
      'gpt-5': { input: 1.25, cached_input: 0.125, output: 10 },
      'gpt-5-mini': { input: 0.25, cached_input: 0.025, output: 2 },
      'gemini-2.5-flash': { input: 0.3, cached_input: null, output: 2.5 },
    },
    prices_date: '2026-11-01',
    data_folder: '/home/me/bakeoff-starter/.bakeoff',
  };
}

export const CHECKS: Check[] = [
  { name: 'Workspace', state: 'ok', found: '3 variants, 1 campaign, 1 data set', mend: null },
  { name: 'Database', state: 'ok', found: 'opened in 4 ms, WAL, 1.2 MB', mend: null },
  { name: 'Keychain', state: 'ok', found: 'Secret Service', mend: null },
  { name: 'OpenAI key', state: 'ok', found: 'OPENAI_API_KEY is set', mend: null },
  {
    name: 'Ollama',
    state: 'missing',
    found: 'nothing listens on localhost:11434',
    mend: 'Start it with: ollama serve',
  },
];

/** A line diff that is good enough for a fake: common beginning and end stay. */
export function lineDiff(before: string, after: string): DiffLine[] {
  const [a, b] = [before.split('\n'), after.split('\n')];
  let head = 0;
  while (head < Math.min(a.length, b.length) && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail])
    tail++;
  const from = Math.max(0, head - 3);
  const lines: DiffLine[] = [];
  for (let i = from; i < head; i++)
    lines.push({ sign: ' ', old_line: i + 1, new_line: i + 1, text: a[i] ?? '' });
  for (let i = head; i < a.length - tail; i++)
    lines.push({ sign: '-', old_line: i + 1, new_line: null, text: a[i] ?? '' });
  for (let i = head; i < b.length - tail; i++)
    lines.push({ sign: '+', old_line: null, new_line: i + 1, text: b[i] ?? '' });
  for (let i = 0; i < Math.min(3, tail); i++) {
    const [x, y] = [a.length - tail + i, b.length - tail + i];
    lines.push({ sign: ' ', old_line: x + 1, new_line: y + 1, text: a[x] ?? '' });
  }
  return head === a.length && head === b.length ? [] : lines;
}

const DROPPED: Record<string, string> = {
  'terse.yaml': 'name: terse\nprovider: builtin\nmodel: lexical-1\nsystem_prompt: Answer with one word.\n',
  'examples.yaml':
    'name: examples\nprovider: builtin\nmodel: lexical-1\nsystem_prompt: A newer prompt with examples.\n',
  'broken.yaml': 'name: broken\nprovider: builtin\nmodle: lexical-1\n',
  'replies.yaml': 'schema_version: "1.0"\nflow: {name: replies}\n',
  'half_done.yaml': 'schema_version: "1.0"\nflwo: {name: half_done}\n',
};

export function importItem(source: string, files: FakeFiles): ImportItem {
  const base = source.split('/').pop() ?? source;
  const text =
    DROPPED[base] ?? `name: ${nameOf(base)}\nprovider: builtin\nmodel: lexical-1\nsystem_prompt: Be brief.\n`;
  const kind = text.startsWith('schema_version') ? 'workflow' : 'variant';
  const target = `${kind}s/${nameOf(base)}.yaml`;
  const now = files.texts.get(target);
  const diagnostics = check(kind, text).map((finding) => ({ ...finding, file: source }));
  const supported = /\.(ya?ml|json|txt|md|jsonl|csv)$/.test(base);
  const taken = now !== undefined && now !== text;
  const state = !supported
    ? 'unsupported'
    : diagnostics.length
      ? 'invalid'
      : taken
        ? 'name_taken'
        : now
          ? 'unchanged'
          : 'ready';
  return {
    source,
    target,
    state,
    what: /\.(txt|md)$/.test(base) ? 'prompt text (becomes a variant)' : kind,
    diagnostics,
    diff: taken ? lineDiff(now, text) : [],
    free_name: `${nameOf(base)}-2`,
    hash: hashOf(text),
    text: state === 'invalid' ? text : null,
  };
}

export function droppedText(source: string): string {
  const base = source.split('/').pop() ?? source;
  return (
    DROPPED[base] ?? `name: ${nameOf(base)}\nprovider: builtin\nmodel: lexical-1\nsystem_prompt: Be brief.\n`
  );
}

const FIELDS = [
  'system_prompt',
  'prompt',
  'provider',
  'model',
  'temperature',
  'max_output_tokens',
  'pace_ms',
];

function appliedText(
  request: ApplyRequest,
  files: FakeFiles,
  variant: string,
  target: string,
): [string, string, FieldDifference[]] {
  if (target.startsWith('workflows/'))
    return appliedWorkflow(files.read(target).text, variant, request.target?.node ?? 'draft');
  const from = files.read(`variants/${variant}.yaml`).text;
  const to = files.read(target).text;
  const differences = FIELDS.flatMap((field) => {
    const difference = {
      field,
      from: topValue(to, field),
      to: topValue(from, field),
      is_prompt: /prompt/.test(field),
    };
    return difference.from === difference.to ? [] : [difference];
  });
  const edits = differences
    .filter((d) => d.is_prompt || request.also.includes(d.field))
    .map((d) => ({ key: d.field, value: d.to }));
  return [to, edit(to, edits), differences];
}

export function previewApply(
  request: ApplyRequest,
  files: FakeFiles,
  evidence: string,
  block: DeployBlock | null = null,
): ApplyPreview {
  const variant = request.variant ?? 'examples';
  const target = request.target ?? { file: 'variants/default.yaml', key_path: null };
  const [before, after, differences] = appliedText(request, files, variant, target.file);
  return {
    variant,
    metric: request.compare.metric ?? 'success_rate',
    evidence,
    caution: null,
    target,
    target_hash: hashOf(before),
    differences,
    diff: lineDiff(before, after),
    nothing_to_do: before === after,
    warnings: [],
    targets: [...files.texts.keys()].filter((path) =>
      path.startsWith(target.file.startsWith('workflows/') ? 'workflows/' : 'variants/'),
    ),
    nodes: target.file.startsWith('workflows/') ? nodesOf(before) : [],
    block,
  };
}

export class Applied {
  rows: AppliedRow[] = [];
  #before = new Map<number, string>();

  apply(request: ApplyRequest, files: FakeFiles, evidence: string, runs: number[]): AppliedRow {
    const preview = previewApply(request, files, evidence);
    const [before, after] = appliedText(request, files, preview.variant, preview.target.file);
    files.texts.set(preview.target.file, after);
    const id = this.rows.length + 1;
    this.#before.set(id, before);
    const { variant, metric, target, diff } = preview;
    const row: AppliedRow = {
      id,
      at: Date.now(),
      variant,
      metric,
      evidence,
      runs,
      target,
      backup: `.bakeoff/backups/${id}-${target.file.split('/').pop()}`,
      undone_at: null,
      cannot_undo: null,
      diff,
    };
    this.rows = [row, ...this.rows];
    return row;
  }

  undo(id: number, files: FakeFiles): AppliedRow {
    const row = this.rows.find((one) => one.id === id) as AppliedRow;
    files.texts.set(row.target.file, this.#before.get(id) ?? '');
    const undone = { ...row, undone_at: Date.now() };
    this.rows = this.rows.map((one) => (one.id === id ? undone : one));
    return undone;
  }
}
