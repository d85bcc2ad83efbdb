/** The topics of the workspace: the list, and making new ones. */
import type { CandidateSource } from '$lib/bindings/CandidateSource';
import type { TopicRow } from '$lib/bindings/TopicRow';
import type { App } from '$lib/state/app.svelte';
import { Loader } from '$lib/state/loader.svelte';

export class Topics {
  readonly rows: Loader<TopicRow[]>;
  #app: App;

  constructor(app: App) {
    this.#app = app;
    this.rows = new Loader(() => app.backend.listTopics());
  }

  get selected() {
    const path = this.#app.navigation.place.topic;
    return this.rows.value?.find((row) => row.path === path) ?? null;
  }

  async load(): Promise<void> {
    const rows = await this.rows.load();
    const first = rows?.[0];
    const { topic } = this.#app.navigation.place;
    if (first && !rows.some((row) => row.path === topic) && !this.#app.editors.isDirty(topic ?? ''))
      this.#app.navigation.openTopic(first.path);
  }

  async trash(row: { name: string; path: string }): Promise<void> {
    const trashed = await this.#app.attempt(() => this.#app.backend.deleteFile(row.path));
    if (!trashed) return;
    this.#app.editors.forget(row.path);
    await this.load();
    this.#app.toasts.say(`${row.name} is in the trash. Its tests are kept.`, {
      label: 'Undo',
      run: async () => {
        await this.#app.attempt(() => this.#app.backend.restoreFile(trashed.id));
        await this.load();
        this.#app.navigation.openTopic(row.path);
      },
    });
  }
}

/** Writes a topic to begin with and opens it. */
export async function newTopic(app: App): Promise<void> {
  await app.attempt(async () => {
    const taken = new Set((await app.backend.listTopics()).map((row) => row.name));
    let name = 'new-topic';
    for (let i = 2; taken.has(name); i++) name = `new-topic-${i}`;
    const datasets = await app.backend.listDatasets();
    const path = `topics/${name}.yaml`;
    await app.backend.saveFile(path, topicText(name, datasets[0]?.path ?? 'datasets/my-news.jsonl'), null);
    app.navigation.openTopic(path);
  });
}

function topicText(name: string, dataset: string): string {
  return `id: ${name}
description: what its candidates are about
source: {file: ${dataset}}
`;
}

/** Where candidates are read, in a few words. */
export function sourceText(source: CandidateSource): string {
  if ('file' in source) return source.file;
  if ('sqlite' in source) return `a query on ${source.sqlite.path}`;
  return `a query on PostgreSQL at $${source.postgres.variable}`;
}
