/** The workflows of the workspace: the list, and making new ones. */
import type { WorkflowRow } from '$lib/bindings/WorkflowRow';
import type { App } from '$lib/state/app.svelte';
import { Loader } from '$lib/state/loader.svelte';

export class Workflows {
  readonly rows: Loader<WorkflowRow[]>;
  #app: App;

  constructor(app: App) {
    this.#app = app;
    this.rows = new Loader(() => app.backend.listWorkflows());
  }

  get selected() {
    const path = this.#app.navigation.place.workflow;
    return this.rows.value?.find((row) => row.path === path) ?? null;
  }

  async load(): Promise<void> {
    const rows = await this.rows.load();
    const first = rows?.[0];
    const { section, workflow, run } = this.#app.navigation.place;
    if (
      section === 'workflows' &&
      run === null &&
      first &&
      !rows.some((row) => row.path === workflow) &&
      !(workflow !== null && this.#app.editors.isDirty(workflow))
    ) {
      this.#app.navigation.openWorkflow(first.path);
    }
  }

  /** Reads the list again now and then while something runs; the result ends it. */
  followRuns(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = this.#app.runs.listen(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void this.rows.load();
      }, 2500);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }

  /** A new workflow of one node, which runs as it is. */
  async create(): Promise<void> {
    await this.#app.attempt(async () => {
      const taken = new Set(this.rows.value?.map((row) => row.name));
      let name = 'new_workflow';
      for (let i = 2; taken.has(name); i++) name = `new_workflow_${i}`;
      const path = `workflows/${name}.yaml`;
      await this.#app.backend.saveFile(path, workflowText(name), null);
      await this.rows.load();
      this.#app.navigation.openWorkflow(path);
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
        this.#app.navigation.openWorkflow(row.path);
      },
    });
  }
}

function workflowText(name: string): string {
  return `schema_version: "1.0"
flow:
  name: ${name}
state:
  fields:
    input: {type: str, required: true}
    answer: {type: str}
nodes:
  - id: answer
    prompt: |
      Answer in one sentence: {input}
    output_schema:
      type: object
      fields:
        - {name: answer, type: str}
    outputs: [answer]
edges:
  - {from: START, to: answer}
  - {from: answer, to: END}
config:
  llm: {provider: builtin, model: lexical-1}
  ab_test:
    enabled: true
    experiment: ${name}
    run_count: 3
    variants:
      - name: current
        prompt: |
          Answer in one sentence: {input}
      - name: brief
        prompt: |
          Answer in at most ten words: {input}
`;
}
