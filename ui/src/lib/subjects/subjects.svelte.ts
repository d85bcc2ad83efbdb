/** The subjects of the workspace: the list, and making new ones. */
import type { SubjectRow } from '$lib/bindings/SubjectRow';
import type { App } from '$lib/state/app.svelte';
import { Loader } from '$lib/state/loader.svelte';

export class Subjects {
  readonly rows: Loader<SubjectRow[]>;
  #app: App;

  constructor(app: App) {
    this.#app = app;
    this.rows = new Loader(() => app.backend.listSubjects());
  }

  get selected() {
    const path = this.#app.navigation.place.subject;
    return this.rows.value?.find((row) => row.path === path) ?? null;
  }

  async load(): Promise<void> {
    const rows = await this.rows.load();
    const first = rows?.find((row) => row.is_ready) ?? rows?.[0];
    const { name, subject } = this.#app.navigation.place;
    if (
      name === 'subjects' &&
      first &&
      !rows?.some((row) => row.path === subject) &&
      !(subject !== null && this.#app.editors.isDirty(subject))
    ) {
      this.#app.navigation.openSubject(first.path);
    }
  }

  /** A new subject that needs nothing: the store that the program brings along. */
  async create(): Promise<void> {
    await this.#app.attempt(async () => {
      const taken = new Set(this.rows.value?.map((row) => row.name));
      let name = 'embedded';
      for (let i = 2; taken.has(name); i++) name = `embedded-${i}`;
      const path = `subjects/${name}.yaml`;
      await this.#app.backend.saveFile(path, subjectText(name), null);
      await this.rows.load();
      this.#app.navigation.openSubject(path);
    });
  }

  async trash(row: { name: string; path: string }): Promise<void> {
    const trashed = await this.#app.attempt(() => this.#app.backend.deleteFile(row.path));
    if (!trashed) return;
    this.#app.editors.forget(row.path);
    await this.load();
    this.#app.toasts.say(`${row.name} is in the trash. Its runs are kept.`, {
      label: 'Undo',
      run: async () => {
        await this.#app.attempt(() => this.#app.backend.restoreFile(trashed.id));
        await this.load();
        this.#app.navigation.openSubject(row.path);
      },
    });
  }
}

function subjectText(name: string): string {
  return `name: ${name}
description: three nodes of a small replicated store, which come with the program
kind: embedded
faults: [node_kill, node_pause, latency, network_partition, disk_pressure]
`;
}
