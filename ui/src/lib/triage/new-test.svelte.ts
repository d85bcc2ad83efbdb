/** The form of a new triage test: what was typed, what is wrong with it, and a preview of what it would take. */
import type { ReasoningEffort } from '$lib/bindings/ReasoningEffort';
import type { TopicRow } from '$lib/bindings/TopicRow';
import type { TriagePreview } from '$lib/bindings/TriagePreview';
import type { TriageRequest } from '$lib/bindings/TriageRequest';
import type { TriageRow } from '$lib/bindings/TriageRow';
import type { TriageVariant } from '$lib/bindings/TriageVariant';
import type { VariantRow } from '$lib/bindings/VariantRow';
import type { App } from '$lib/state/app.svelte';
import { Loader } from '$lib/state/loader.svelte';
import { problemsOf, wholeNumber } from './problems';

export const DEFAULT_CAP = 200;
const DEFAULT_ITEMS = 50;
const PREVIEW_AFTER_MS = 300;
const DAY = 86_400_000;
/** Files with this tag are made for triage: where they need no network, they are the form's first choice. */
const TAG = 'triage-test';

/** A variant as it was typed. */
export interface Draft {
  key: number;
  /** The name of a file in variants/; null: defined here. */
  file: string | null;
  name: string;
  provider: string;
  model: string;
  effort: ReasoningEffort | '';
  tokens: string;
  baseUrl: string;
  /** Empty: the topic's, or the one that Bakeoff brings. */
  prompt: string;
}

const DEFAULTS: [string, string, ReasoningEffort][] = [
  ['gpt-5.1 low', 'gpt-5.1', 'low'],
  ['gpt-5.1 none', 'gpt-5.1', 'none'],
  ['gpt-5-mini none', 'gpt-5-mini', 'none'],
];

/** `2026-11-23`. */
const day = (at: number) => new Date(at).toISOString().slice(0, 10);

export class NewTest {
  topic = $state('');
  start = $state('');
  end = $state('');
  items = $state(String(DEFAULT_ITEMS));
  seed = $state('');
  budget = $state('');
  variants = $state<Draft[]>([]);
  cap = $state(DEFAULT_CAP);
  files = $state.raw<VariantRow[]>([]);
  created = $state.raw<TriageRow | null>(null);
  sending = $state(false);
  readonly topics: Loader<TopicRow[]>;
  readonly preview: Loader<TriagePreview>;
  #app: App;
  #keys = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(app: App) {
    this.#app = app;
    this.topics = new Loader(() => app.backend.listTopics());
    this.preview = new Loader(() => app.backend.previewTriage(this.request));
  }

  async load(): Promise<void> {
    const { backend } = this.#app;
    const [topics, files, settings] = await Promise.all([
      this.topics.load(),
      backend.listVariants().catch(() => []),
      backend.settings().catch(() => null),
    ]);
    this.files = files;
    this.cap = settings?.settings.triage_max_items ?? DEFAULT_CAP;
    this.reset();
    this.topic = topics?.find((row) => row.topic !== null)?.name ?? topics?.[0]?.name ?? '';
  }

  /** Reads the topics again after a file changed; what was typed stays. */
  async loadTopics(): Promise<void> {
    const topics = await this.topics.load();
    if (!topics?.some((row) => row.name === this.topic)) this.topic = topics?.[0]?.name ?? '';
    this.typed();
  }

  /** The form as it was at first, but for the topic. */
  reset(): void {
    const today = Math.floor(Date.now() / DAY) * DAY;
    this.start = day(today - 6 * DAY);
    this.end = day(today + DAY);
    this.items = String(Math.min(DEFAULT_ITEMS, this.cap));
    this.seed = '';
    this.budget = '';
    this.created = null;
    const offline = this.files.filter(
      (row) => row.variant?.provider === 'builtin' && row.variant.tags.includes(TAG),
    );
    this.variants =
      offline.length >= 2
        ? offline.map((row) => this.#fromFile(row.name))
        : DEFAULTS.map(([name, model, effort]) => ({ ...this.#blank(name), model, effort }));
    this.preview.clear();
  }

  #blank(name: string): Draft {
    const key = ++this.#keys;
    const typed = { provider: 'openai', model: '', tokens: '', baseUrl: '', prompt: '' };
    return { key, file: null, name, effort: '', ...typed };
  }

  #fromFile(name: string): Draft {
    return { ...this.#blank(name), file: name };
  }

  #free(name: string): string {
    const taken = new Set(this.variants.map((one) => one.name));
    for (let i = this.variants.length + 1; taken.has(name); i++) name = name.replace(/ \d+$/, '') + ` ${i}`;
    return name;
  }

  add(): void {
    this.variants.push(this.#blank(this.#free(`variant ${this.variants.length + 1}`)));
  }

  /** Takes a file of variants/. */
  addFile(name: string): void {
    this.variants.push(this.#fromFile(name));
    this.typed();
  }

  remove(key: number): void {
    this.variants = this.variants.filter((one) => one.key !== key);
  }

  /** Valid files that are not taken yet. */
  get freeFiles() {
    const taken = new Set(this.variants.map((one) => one.file));
    return this.files.filter((row) => row.variant !== null && !taken.has(row.name));
  }

  get request(): TriageRequest {
    return {
      topic: this.topic,
      window_start: this.start.trim(),
      window_end: this.end.trim(),
      variants: this.variants.map(asVariant),
      max_items: wholeNumber(this.items) ?? null,
      seed: wholeNumber(this.seed) ?? null,
      budget_usd: this.budget.trim() === '' ? null : Number(this.budget),
    };
  }

  /** What is wrong with what was typed, by the path of a finding such as `variants[1].model`. */
  problems = $derived.by(() => problemsOf(this));

  get isSound() {
    return Object.keys(this.problems).length === 0;
  }

  /** What the program found, besides; of the last preview. */
  findings = $derived.by(() => this.preview.value?.diagnostics ?? []);

  get canQueue() {
    const { value, loading, error } = this.preview;
    const failed = this.findings.some((finding) => finding.severity === 'error');
    return this.isSound && value !== null && !loading && error === null && !failed && !this.sending;
  }

  /** Asks for a preview shortly. */
  typed(): void {
    clearTimeout(this.#timer);
    if (!this.isSound || this.topic === '') {
      this.preview.clear();
      return;
    }
    // What the last preview said is no longer about what is typed.
    this.preview.loading = true;
    this.#timer = setTimeout(() => void this.preview.load(), PREVIEW_AFTER_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async queue(): Promise<void> {
    if (!this.canQueue) return;
    this.sending = true;
    this.created = await this.#app.attempt(() => this.#app.backend.createTriage(this.request));
    this.sending = false;
  }
}

function asVariant(draft: Draft): TriageVariant {
  const nothing = {
    provider: null,
    model: null,
    reasoning_effort: null,
    max_output_tokens: null,
    base_url: null,
    system_prompt: null,
  };
  if (draft.file !== null) return { ...nothing, name: draft.file };
  return {
    name: draft.name.trim(),
    provider: draft.provider,
    model: draft.model.trim() || null,
    reasoning_effort: draft.effort || null,
    max_output_tokens: wholeNumber(draft.tokens) ?? null,
    base_url: (draft.provider === 'openai-compatible' && draft.baseUrl.trim()) || null,
    system_prompt: draft.prompt.trim() === '' ? null : draft.prompt,
  };
}
