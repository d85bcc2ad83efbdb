/** One open workflow: its text, its inputs, the plan of a launch, and whether it may be deployed. */
import type { JsonSchema } from '$lib/backend';
import type { DeployCheck } from '$lib/bindings/DeployCheck';
import type { PlanPreview } from '$lib/bindings/PlanPreview';
import type { ServiceError } from '$lib/bindings/ServiceError';
import type { StateField } from '$lib/bindings/StateField';
import type { Workflow as Checked } from '$lib/bindings/Workflow';
import type { WorkflowLaunch } from '$lib/bindings/WorkflowLaunch';
import { asServiceError } from '$lib/format/errors';
import { dollars, plural } from '$lib/format/numbers';
import type { App } from '$lib/state/app.svelte';
import type { FileEditor } from '$lib/state/file-editor.svelte';
import { Loader } from '$lib/state/loader.svelte';
import { askedFields, parseInput } from './field-type';

const PLAN_AFTER_MS = 250;

export class Workflow {
  readonly editor: FileEditor;
  readonly check: Loader<DeployCheck>;
  readonly path: string;
  /** What was typed, by state field. */
  typed = $state<Record<string, string>>({});
  /** The fields are complained about: somebody tried to launch. */
  asked = $state(false);
  plan = $state.raw<PlanPreview | null>(null);
  planError = $state.raw<ServiceError | null>(null);
  launching = $state(false);
  schema = $state.raw<JsonSchema | null>(null);
  #app: App;
  #checked: () => Checked | null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #latest = 0;

  /** `checked` is the workflow as the list last read it; null while the file has errors. */
  constructor(app: App, path: string, checked: () => Checked | null) {
    this.#app = app;
    this.#checked = checked;
    this.path = path;
    this.editor = app.editors.get(path, 'workflow');
    this.check = new Loader(() => app.backend.deployCheck(path));
  }

  /** Reads what is shown beside the text, and what was typed here before. */
  async start(): Promise<void> {
    const kept = await this.#app.backend.recall<Record<string, string>>(this.#key).catch(() => null);
    if (kept) this.typed = { ...kept, ...this.typed };
    void this.check.load();
    void this.replan();
    this.schema ??= await this.#app.backend.schema('workflow').catch(() => null);
  }

  get #key() {
    return `inputs:${this.path}`;
  }

  get workflow() {
    return this.#checked();
  }

  /** Rows of a data set are the inputs. */
  get dataset() {
    return this.workflow?.ab_test?.dataset ?? null;
  }

  get fields(): StateField[] {
    return this.workflow && this.dataset === null ? askedFields(this.workflow.program) : [];
  }

  /** What is wrong with the inputs, by field. */
  get problems(): Record<string, string> {
    return Object.fromEntries(
      this.fields.flatMap((field) => {
        const parsed = parseInput(field.type, this.typed[field.name] ?? '');
        return 'problem' in parsed ? [[field.name, parsed.problem]] : [];
      }),
    );
  }

  get inputs(): Record<string, unknown> {
    return Object.fromEntries(
      this.fields.flatMap((field) => {
        const parsed = parseInput(field.type, this.typed[field.name] ?? '');
        return 'value' in parsed ? [[field.name, parsed.value]] : [];
      }),
    );
  }

  get canLaunch() {
    return !this.launching && !this.editor.hasErrors && (this.workflow !== null || this.editor.dirty);
  }

  /** What to know before a launch. The inputs form itself says what is missing. */
  get findings() {
    const found = this.plan?.diagnostics ?? [];
    return this.fields.length && !this.asked
      ? found.filter((finding) => !this.fields.some((field) => finding.path.endsWith(field.name)))
      : found;
  }

  type(name: string, text: string): void {
    this.typed[name] = text;
    void this.#app.backend.remember(this.#key, $state.snapshot(this.typed));
    this.follow();
  }

  /** The plan again, shortly. */
  follow(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.replan(), PLAN_AFTER_MS);
  }

  #launchOf(alone: boolean): WorkflowLaunch {
    return { inputs: this.inputs, alone, options: {} };
  }

  /** What its A/B test would do; without one, what running it once would do. */
  async replan(): Promise<void> {
    const mine = ++this.#latest;
    try {
      const alone = this.workflow !== null && this.workflow.ab_test === null;
      const plan = await this.#app.backend.previewWorkflow(this.path, this.#launchOf(alone));
      if (mine !== this.#latest) return;
      this.plan = plan;
      this.planError = null;
    } catch (thrown) {
      if (mine !== this.#latest) return;
      this.planError = asServiceError(thrown);
    }
  }

  /** The plan again, and what is missing in the inputs. */
  preview(): Promise<void> {
    this.asked = true;
    return this.replan();
  }

  async save(): Promise<boolean> {
    if (!this.editor.dirty) return true;
    return (await this.#app.attempt(() => this.editor.save())) ?? false;
  }

  /** Saves and launches; `alone` runs the workflow as it stands, once an input. Asks only when money is at stake. */
  async launch(alone: boolean): Promise<void> {
    this.asked = true;
    if (!this.canLaunch || Object.keys(this.problems).length) return;
    this.launching = true;
    try {
      if (!(await this.save())) return;
      const launch = this.#launchOf(alone);
      await this.#app.attempt(async () => {
        const plan = await this.#app.backend.previewWorkflow(this.path, launch);
        if (!alone) this.plan = plan;
        if (plan.spends_money && !(await this.#agreeToSpend(plan))) return;
        const run = await this.#app.backend.launchWorkflow(this.path, launch);
        await this.#app.runs.refresh();
        this.#app.navigation.openRun(run.campaign, run.id);
      });
    } finally {
      this.launching = false;
    }
  }

  #agreeToSpend(plan: PlanPreview): Promise<boolean> {
    const { value, note } = plan.cost_usd;
    const cost = value === null ? `an unknown amount${note ? ` (${note})` : ''}` : `about ${dollars(value)}`;
    const budget = this.workflow?.ab_test?.budget_usd;
    const limit =
      budget == null ? 'There is no budget.' : `No call is made once ${dollars(budget)} would be passed.`;
    const text = `${plural(plan.trials, 'trial')} cost ${cost}. ${limit}`;
    return this.#app.ask({ title: `Launch ${this.editor.name}?`, text, yes: 'Launch' });
  }

  /** Lifts the block; `true` when it is lifted. */
  async lift(reason: string): Promise<boolean> {
    const check = await this.#app.attempt(() => this.#app.backend.deployUnblock(this.path, reason));
    if (!check) return false;
    this.check.value = check;
    this.#app.toasts.good(`The block of ${this.editor.name} is lifted.`);
    this.#app.runsChanged++;
    return true;
  }
}
