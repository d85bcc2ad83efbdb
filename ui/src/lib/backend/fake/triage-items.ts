/** Candidates of the fake topics, the sample of them, and what a model says of each: the same at every start. */
import type { Triage } from '$lib/bindings/Triage';
import type { TriageResult } from '$lib/bindings/TriageResult';
import type { TriageSelection } from '$lib/bindings/TriageSelection';
import type { TriageStratum } from '$lib/bindings/TriageStratum';
import type { TriageVariantRow } from '$lib/bindings/TriageVariantRow';
import type { TriageWindow } from '$lib/bindings/TriageWindow';
import { chance } from './trials';

export interface FakeCandidate {
  number: number;
  id: string;
  title: string | null;
  url: string | null;
  author: string | null;
  source_type: string;
  source_id: string;
  cluster_id: string | null;
  published_at: number;
}

const HOUR = 3_600_000;
const SOURCES: [string, string][] = [
  ['hn', 'front page'],
  ['reddit', 'r/MachineLearning'],
  ['rss', 'heise'],
  ['rss', 'lwn.net'],
  ['x_posts', '@release_notes'],
];
const TITLES = [
  'A small model that reads whole repositories, and what it misses',
  'Release notes: structured output is now strict by default',
  'Why our evaluation said 91 % and production said no',
  'Ask: how do you keep prompts in version control?',
  'Post-mortem of the outage of 12 November: one certificate, nine services',
  'Benchmark of quantised models on four laptops, with all the raw numbers and the scripts that made them',
  'Opinion: agents are batch jobs with better manners',
  'Security advisory: injected instructions in calendar invitations',
  'We replaced 400 lines of retries with a queue',
  'Paper: agreement of judges falls when answers get longer',
  'Weekly thread: what are you working on?',
  'Open weights of a speech model for 40 languages',
];
const AUTHORS = ['m.weber', 'corbet', 'priya_k', null, 'ops-team', 'j.tanaka'];
const THEMES = ['evaluation', 'reliability', 'small models', 'security', 'tooling'];
const CATEGORIES = ['models', 'evaluation', 'tooling', 'security', 'operations', 'research', 'opinion'];

export function candidates(topic: number, count: number, now: number): FakeCandidate[] {
  return Array.from({ length: count }, (_, number) => {
    const luck = chance(topic, number, 5);
    const [source_type, source_id] = SOURCES[Math.floor(luck ** 1.4 * SOURCES.length)] ?? ['rss', 'heise'];
    const untitled = source_type === 'x_posts' && number % 3 === 0;
    return {
      number,
      id: `${source_type}-${String(number + 1).padStart(4, '0')}`,
      title: untitled ? null : (TITLES[(number * 5 + topic) % TITLES.length] ?? ''),
      url: number % 11 === 3 ? null : `https://news.example.org/${source_type}/${number + 1}`,
      author: AUTHORS[number % AUTHORS.length] ?? null,
      source_type,
      source_id,
      cluster_id: number % 9 === 4 ? `c-${number}` : null,
      published_at: now - Math.floor(chance(topic, number, 6) * 9 * 24) * HOUR - (number % 60) * 60_000,
    };
  });
}

const keyOf = (one: FakeCandidate, bucket: number) =>
  `${one.source_type} ${one.source_id} ${String(bucket).padStart(2, '0')}`;

/** The sample of a test: some of every source and time. */
export function select(
  all: FakeCandidate[],
  window: TriageWindow,
  most: number,
): { chosen: FakeCandidate[]; selection: TriageSelection } {
  const inside = all.filter((one) => one.published_at >= window.start && one.published_at < window.end);
  const hours = (window.end - window.start) / HOUR;
  const buckets = Math.min(12, Math.max(3, Math.round(hours / 2)));
  const length = (window.end - window.start) / buckets;
  const bucketOf = (one: FakeCandidate) => Math.floor((one.published_at - window.start) / length);
  const groups = new Map<string, FakeCandidate[]>();
  for (const one of inside) {
    const key = keyOf(one, bucketOf(one));
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const each = Math.max(1, Math.ceil(most / Math.max(1, groups.size)));
  const taken =
    inside.length <= most ? inside : [...groups.values()].flatMap((group) => group.slice(0, each));
  const chosen = taken.slice(0, most);
  const strata = [...groups.entries()]
    .sort(([a], [b]) => a.localeCompare(b))
    .map<TriageStratum>(([, group]) => {
      const first = group[0] as FakeCandidate;
      const start = window.start + bucketOf(first) * length;
      const { source_type, source_id } = first;
      const count = group.filter((one) => chosen.includes(one)).length;
      const times = { bucket: bucketOf(first), start, end: start + length };
      return { source_type, source_id, ...times, candidates: group.length, chosen: count };
    });
  const left = { duplicates: 4, undated: 1, represented: 7, outside: all.length - inside.length };
  const selection: TriageSelection = {
    read: all.length + 12,
    ...left,
    eligible: inside.length,
    chosen: chosen.length,
    window,
    buckets,
    strata,
  };
  return { chosen, selection };
}

const DOLLARS: Record<string, [number, number]> = {
  'gpt-5.1': [1.25, 10],
  'gpt-5-mini': [0.25, 2],
  'claude-haiku-4-5': [1, 5],
  'lexical-1': [0, 0],
};
const THINKING: Record<string, number> = { low: 160, medium: 700, high: 2100 };
const ERRORS = [
  ['infra_error', 'The provider answered 503 (overloaded) four times.'],
  [
    'fail',
    '`is_novel` is missing (true or false); asked twice. The answer was: {"ai_score": 71, "reason": "A…',
  ],
  ['timeout', 'No answer within 90 s.'],
] as const;

function triageOf(item: FakeCandidate, variant: TriageVariantRow, luck: number): Triage {
  const worth = chance(item.number, 21) * 100;
  const score = Math.min(100, Math.max(0, Math.round(worth + (luck - 0.5) * 36)));
  const from = item.number % CATEGORIES.length;
  const categories = [...CATEGORIES, ...CATEGORIES].slice(from, from + 1 + Math.floor(luck * 5));
  const kind = score > 60 ? 'Bears directly on' : score > 35 ? 'Touches' : 'Has little to do with';
  return {
    schema_version: 'triage_v1',
    prompt_id: variant.prompt_id,
    provider: variant.provider,
    model: variant.model,
    ai_score: score,
    reason: `${kind} the topic: ${luck > 0.5 ? 'it has figures of its own and says how they were taken' : 'mostly a summary of what others wrote, with one new example'}.`,
    is_relevant: score > 42,
    is_novel: luck + worth / 200 > 0.75,
    categories,
    should_deep_summarize: score > 78,
    theme: item.number % 4 === 0 ? null : (THEMES[item.number % THEMES.length] ?? null),
    one_liner: item.title ?? 'A short post without a headline.',
  };
}

export function resultOf(
  run: number,
  item: FakeCandidate,
  place: number,
  variant: TriageVariantRow,
  trial: number,
  at: number,
): TriageResult {
  const luck = chance(run, item.number, place, 9);
  const failure = luck > 0.965 ? ERRORS[Math.floor(luck * 1e4) % ERRORS.length] : undefined;
  const thinking = THINKING[variant.reasoning_effort ?? ''] ?? 0;
  const output = 96 + thinking + Math.floor(luck * 60);
  const input = 640 + (item.number % 37) * 21;
  const price = DOLLARS[variant.model];
  const cost = price ? (input * price[0] + output * price[1]) / 1e6 : null;
  const latency = 380 + output * 7 + luck * 240;
  const lost = failure !== undefined;
  return {
    trial,
    outcome: failure?.[0] ?? 'pass',
    triage: lost ? null : triageOf(item, variant, luck),
    error: failure?.[1] ?? null,
    input_tokens: lost ? null : input,
    output_tokens: lost ? null : output,
    latency_ms: lost ? null : latency,
    cost_usd: lost ? null : cost,
    ended_at: at,
  };
}
