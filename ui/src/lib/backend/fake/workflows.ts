/** Workflows, gates, blocks, experiments and MLflow in the fake backend. */
import type { Backend } from '$lib/backend/types';
import type { DeployBlock } from '$lib/bindings/DeployBlock';
import type { DeployCheck } from '$lib/bindings/DeployCheck';
import type { Diagnostic } from '$lib/bindings/Diagnostic';
import type { ExperimentRow } from '$lib/bindings/ExperimentRow';
import type { MlflowState } from '$lib/bindings/MlflowState';
import type { PlanPreview } from '$lib/bindings/PlanPreview';
import type { RunRow } from '$lib/bindings/RunRow';
import type { WorkflowLaunch } from '$lib/bindings/WorkflowLaunch';
import type { WorkflowRow } from '$lib/bindings/WorkflowRow';
import { askedFields } from '$lib/workflows/field-type';
import { unknown } from './estimates';
import { check, fail, kindOf, nameOf } from './files';
import { FakeResults } from './results';
import { FakeRun } from './runs';
import { HOUR } from './state';
import { EXAMPLE } from './workflow-texts';
import { gateResults, workflowValue } from './workflow-values';

const SERVER = 'http://localhost:5000';
const ROWS = 24;

export abstract class FakeWorkflows extends FakeResults {
  /** Pages that were opened in the system's browser. */
  opened: string[] = [];

  constructor(...args: ConstructorParameters<typeof FakeResults>) {
    super(...args);
    if (this.kind === 'workflows') this.#addExample();
  }

  #addExample(): void {
    const text = this.files.read(EXAMPLE).text;
    const id = this.runs.length + 1;
    const run = new FakeRun(id, 'ticket_replies', ['current', 'evidence'], 1, 10, text, Date.now() - HOUR);
    run.workflow = EXAMPLE;
    this.runs.unshift(run.finish());
    const old = { lifted_at: Date.now() - 20 * HOUR, lifted_reason: 'measured on a busy machine' };
    this.blocks.push({ ...this.#blockOf(run), id: 1, run: 1, at: Date.now() - 25 * HOUR, ...old });
    this.ended(run);
  }

  #blockOf(run: FakeRun): DeployBlock {
    const failed = gateResults(run.repetitions).filter((result) => result.verdict === 'fail');
    const workflow = run.workflow ?? '';
    return {
      id: this.blocks.length + 1,
      workflow,
      run: run.id,
      at: run.endedAt ?? Date.now(),
      failed,
      lifted_at: null,
      lifted_reason: null,
    };
  }

  protected override ended(run: FakeRun): void {
    if (run.workflow !== EXAMPLE || run.variants.length < 2) return;
    run.gates = gateResults(run.repetitions);
    this.blocks.unshift(this.#blockOf(run));
  }

  #check(path: string): Diagnostic[] {
    return check('workflow', this.files.read(path).text);
  }

  async listWorkflows(): Promise<WorkflowRow[]> {
    this.errorOnDemand('the workflows');
    return [...this.files.texts.keys()]
      .filter((path) => kindOf(path) === 'workflow')
      .map((path) => {
        const name = nameOf(path);
        const diagnostics = this.#check(path);
        const workflow = diagnostics.length ? null : workflowValue(path, name);
        const experiment = workflow?.ab_test?.experiment ?? workflow?.name ?? null;
        const runs = this.runs.filter((run) => run.campaign === experiment);
        const newest = runs.find((run) => run.state === 'finished');
        return {
          name,
          path,
          workflow,
          diagnostics,
          experiment,
          last_run: runs[0]?.row() ?? null,
          runs: runs.length,
          gates: newest?.gates ?? [],
          block: this.standing(path),
        };
      });
  }

  async previewWorkflow(path: string, launch: WorkflowLaunch): Promise<PlanPreview> {
    const found = this.#check(path);
    const workflow = workflowValue(path, nameOf(path));
    const test = launch.alone ? null : workflow.ab_test;
    const cases = workflow.ab_test?.dataset ? ROWS : 1;
    const missing = askedFields(workflow.program).filter(
      (field) => cases === 1 && !(field.name in launch.inputs),
    );
    const diagnostics = [
      ...found,
      ...missing.map<Diagnostic>((field) => ({
        severity: 'error',
        code: 'missing-input',
        file: path,
        path: `inputs.${field.name}`,
        start: null,
        end: null,
        message: `the input “${field.name}” is missing`,
        hint: 'Give it a value.',
      })),
    ];
    const names = test?.variants.map((one) => one.name) ?? [workflow.name];
    const trials = found.length ? 0 : cases * names.length * (test?.run_count ?? 1);
    const exact = { interval: null, method: 'characters ÷ 4', note: null };
    const ran = this.runs.some((run) => run.workflow === path);
    return {
      campaign: null,
      cases,
      case_ids: ['inputs'],
      variants: names.map((name) => ({
        name,
        model: workflow.program.nodes[0]?.llm.model ?? 'own program',
        trials: trials / names.length,
        cost_usd: 0,
      })),
      trials,
      first_trials: [],
      cost_usd: { ...exact, value: 0, n: trials },
      seconds: ran
        ? { ...exact, value: trials / 31, n: trials }
        : unknown('no earlier run of these variants'),
      spends_money: false,
      diagnostics,
    };
  }

  async launchWorkflow(path: string, launch: WorkflowLaunch): Promise<RunRow> {
    const plan = await this.previewWorkflow(path, launch);
    const problem = plan.diagnostics[0];
    if (problem) fail('bad_input', `${path}: ${problem.message}`, problem.hint);
    const workflow = workflowValue(path, nameOf(path));
    const experiment = workflow.ab_test?.experiment ?? workflow.name;
    const names = plan.variants.map((one) => one.name);
    const repetitions = plan.trials / plan.cases / names.length;
    const text = this.files.read(path).text;
    const id = this.runs.length + 1;
    const run = new FakeRun(id, experiment, names, plan.cases, repetitions, text, Date.now());
    run.workflow = path;
    this.launched.push(launch);
    this.runs.unshift(run);
    this.emit({ type: 'runs' });
    this.tick(run);
    return run.row();
  }

  async deployCheck(workflow: string): Promise<DeployCheck> {
    const history = this.blocks.filter((block) => block.workflow === workflow);
    return { workflow, block: this.standing(workflow), history };
  }

  async deployUnblock(workflow: string, reason: string): Promise<DeployCheck> {
    if (!reason.trim()) fail('bad_input', 'A block is lifted with a reason.', 'Say why it may be deployed.');
    if (!this.standing(workflow)) fail('not_found', `No block stands against ${workflow}.`);
    this.blocks = this.blocks.map((block) =>
      block.workflow === workflow && block.lifted_at === null
        ? { ...block, lifted_at: Date.now(), lifted_reason: reason }
        : block,
    );
    return this.deployCheck(workflow);
  }

  listExperiments: Backend['listExperiments'] = async (uri) => {
    this.errorOnDemand('the experiments');
    if (uri !== null) return experimentsOf(uri);
    const names = [...new Set(this.runs.map((run) => run.campaign))];
    return names.map((name) => {
      const runs = this.runs.filter((run) => run.campaign === name);
      const last_at = Math.max(...runs.map((run) => run.createdAt));
      return { name, runs: runs.length, last_at, mlflow_id: null, url: null };
    });
  };

  async mlflowState(): Promise<MlflowState> {
    const set = (await this.settings()).settings.mlflow_tracking_uri;
    const uri = set ?? (this.kind === 'workflows' ? SERVER : null);
    const waits = this.kind === 'workflows';
    return {
      tracking_uri: uri,
      source: set !== null ? 'settings' : uri !== null ? 'environment' : null,
      waiting: waits ? 12 : 0,
      problem: waits
        ? `${uri ?? SERVER} does not answer: connection refused. Start it with “mlflow server”; nothing is lost.`
        : null,
      url: uri?.startsWith('http') ? uri : null,
    };
  }

  openUrl = async (url: string) => void this.opened.push(url);
}

function experimentsOf(uri: string): ExperimentRow[] {
  if (!/^(https?:|sqlite:|\/|\.|file:)/.test(uri))
    fail(
      'bad_input',
      `“${uri}” is no MLflow store.`,
      'Write http://HOST:PORT, sqlite:///FILE or the path of a folder.',
    );
  const page = (id: string) => (uri.startsWith('http') ? `${uri}/#/experiments/${id}` : null);
  return [
    { name: 'prompt_search', runs: 9_412, last_at: Date.now() - 3 * HOUR, mlflow_id: '4', url: page('4') },
    { name: 'ticket_replies', runs: 20, last_at: Date.now() - HOUR, mlflow_id: '2', url: page('2') },
    { name: 'Default', runs: 0, last_at: null, mlflow_id: '0', url: page('0') },
  ];
}
