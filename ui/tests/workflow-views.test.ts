import { cleanup, fireEvent, screen, within } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { FakeKind } from '$lib/backend/fake';
import type { Place } from '$lib/state/navigation.svelte';
import { expectAccessible, openWindow, settle } from './helpers';

afterEach(cleanup);

const EXAMPLE = 'workflows/mlflow_example.yaml';
const WORKFLOW: Partial<Place> = { section: 'workflows', workflow: EXAMPLE };
const RUN: Partial<Place> = { ...WORKFLOW, campaign: 'ticket_replies', run: 3 };

const click = async (testid: string) => {
  await fireEvent.click(screen.getByTestId(testid));
  await settle();
};
const type = async (testid: string, value: string) => {
  await fireEvent.input(screen.getByTestId(testid), { target: { value } });
  await settle();
};
const text = (testid: string) => screen.getByTestId(testid).textContent ?? '';

describe('workflows and experiments are accessible, full, empty and with an error', () => {
  const places: [string, Partial<Place>][] = [
    ['workflows', { section: 'workflows' }],
    ['own program', { section: 'workflows', workflow: 'workflows/own_program.yaml' }],
    ['experiments', { section: 'experiments' }],
  ];
  const kinds: FakeKind[] = ['workflows', 'starter', 'empty', 'error'];
  const all = kinds.flatMap((kind) => places.map(([name, place]) => [kind, name, place] as const));
  it.each(all)('%s: %s', async (kind, _name, place) => {
    await openWindow(kind, place);
    await expectAccessible();
  });

  it('a run of a workflow, and Compare with gates', async () => {
    await openWindow('workflows', RUN);
    await expectAccessible();
    cleanup();
    await openWindow('workflows', { name: 'compare' });
    await expectAccessible();
  });
});

describe('the list of workflows', () => {
  it('shows shape, last run, block, and what was not run yet', async () => {
    await openWindow('workflows', { section: 'workflows' });
    expect(text('workflow-mlflow_example')).toMatch(/Blocked.*3 nodes × 2 variants · ticket_replies.*#3/);
    expect(text('workflow-own_program')).toMatch(/Not run yet.*own program × 2 variants/);
  });

  it('says the worst verdict of the gates once the block is lifted', async () => {
    await openWindow('workflows', WORKFLOW);
    await click('lift-block');
    expect((screen.getByTestId('lift-confirm') as HTMLButtonElement).disabled).toBe(true);
    await expectAccessible();
    await type('lift-reason', 'measured on a busy machine');
    await click('lift-confirm');
    expect(screen.queryByTestId('deploy-block')).toBeNull();
    expect(text('workflow-mlflow_example')).toContain('Gates: fail');
    expect(text('block-history')).toContain('measured on a busy machine');
  });

  it('opens a file with errors on its text, with the number of findings', async () => {
    const { backend } = await openWindow('workflows', WORKFLOW);
    backend.changeOutside(EXAMPLE, `flwo:\n  name: x\n${backend.files.read(EXAMPLE).text}`);
    await settle();
    expect(text('workflow-mlflow_example')).toContain('1 error');
    expect(screen.getByTestId('code-editor')).toBeTruthy();
    expect(text('diagnostics')).toContain('unknown key “flwo”');
    expect(screen.queryByTestId('launch-ab')).toBeNull();
    expect((screen.getByTestId('run-once') as HTMLButtonElement).disabled).toBe(true);
  });

  it('starts a new workflow, and throws it away with Undo', async () => {
    const { backend } = await openWindow('empty', { section: 'workflows' });
    await fireEvent.click(within(screen.getByTestId('empty-state')).getByRole('button'));
    await settle();
    expect(backend.files.read('workflows/new_workflow.yaml').text).toContain('experiment: new_workflow');
    await fireEvent.keyDown(screen.getByTestId('workflow-list'), { key: 'Delete' });
    await settle();
    expect(backend.files.texts.has('workflows/new_workflow.yaml')).toBe(false);
    await click('toast-action');
    expect(backend.files.texts.has('workflows/new_workflow.yaml')).toBe(true);
  });
});

describe('the graph', () => {
  it('begins at the node under test; clicks and arrow keys choose another', async () => {
    await openWindow('workflows', WORKFLOW);
    expect(screen.getByTestId('node-draft').getAttribute('aria-checked')).toBe('true');
    expect(screen.getByTestId('node-draft').getAttribute('aria-label')).toContain(
      'under test by current, evidence',
    );
    await click('node-triage');
    expect(text('node-details')).toMatch(/triage.*File this ticket.*severity.*int/s);
    await fireEvent.keyDown(screen.getByTestId('node-triage'), { key: 'ArrowRight' });
    await fireEvent.keyDown(screen.getByTestId('node-draft'), { key: 'ArrowRight' });
    await settle();
    expect(screen.getByTestId('node-review').getAttribute('aria-checked')).toBe('true');
    expect(text('node-details')).toContain('list[str]');
  });

  it('shows the command of a program of one’s own instead, and rows instead of inputs', async () => {
    await openWindow('workflows', { section: 'workflows', workflow: 'workflows/own_program.yaml' });
    expect(screen.queryByTestId('workflow-graph')).toBeNull();
    expect(text('workflow-runner')).toContain('python3 tools/triage_graph.py --quiet');
    expect(screen.queryByTestId('workflow-inputs')).toBeNull();
    expect(text('workflow-plan')).toContain('datasets/tickets.jsonl');
    expect(text('workflow-trials')).toBe('48');
  });

  it('shows each variant against its node', async () => {
    await openWindow('workflows', WORKFLOW);
    expect(text('ab-variant-current')).toContain('the same as the node’s');
    const added = screen.getByTestId('ab-variant-evidence').querySelectorAll('ins');
    expect([...added].map((part) => part.textContent).join(' ')).toContain('Name the evidence');
  });
});

describe('launching a workflow', () => {
  it('says what is missing or wrong, then launches with typed inputs', async () => {
    const { backend } = await openWindow('workflows', WORKFLOW);
    backend.pace = { ms: 0, trials: 20 };
    await click('launch-ab');
    expect(text('workflow-inputs')).toContain('This is needed: a text.');
    await type('input-ticket', 'Disk full on db-3');
    await type('input-urgency', 'soon');
    expect(text('workflow-inputs')).toContain('This must be a whole number.');
    await type('input-urgency', '4');
    await type('input-known_hosts', '["db-3"]');
    await click('launch-ab');
    expect(backend.launched).toEqual([
      {
        inputs: { ticket: 'Disk full on db-3', urgency: 4, known_hosts: ['db-3'] },
        alone: false,
        options: {},
      },
    ]);
    expect(screen.getByTestId('run-view')).toBeTruthy();
    expect(screen.getByTestId('workflow-list')).toBeTruthy();
    await settle(30);
    expect(text('gate-strip')).toContain('1 of 3 gates fails');
    await click('back-to-builder');
    expect(screen.getByTestId('workflow-graph')).toBeTruthy();
    expect((screen.getByTestId('input-ticket') as HTMLTextAreaElement).value).toBe('Disk full on db-3');
  });

  it('runs once, alone', async () => {
    const { backend } = await openWindow('workflows', {
      section: 'workflows',
      workflow: 'workflows/own_program.yaml',
    });
    backend.pace = { ms: 0, trials: 40 };
    await click('run-once');
    expect(backend.launched[0]?.alone).toBe(true);
    expect(backend.runs[0]?.variants).toEqual(['own_program']);
  });
});

describe('a run of a workflow', () => {
  it('names the workflow, and a step opens with everything about it', async () => {
    await openWindow('workflows', { ...RUN, section: 'campaigns', workflow: null });
    expect(text('run-workflow')).toContain(EXAMPLE);
    expect(screen.getByTestId('workflow-list')).toBeTruthy();
    await click('tab-trials');
    await fireEvent.click(screen.getAllByTestId('trial-row')[0]!);
    await settle();
    await click('step-1');
    expect(text('step-details')).toMatch(/Write a reply.*Outputs.*reply.*State after it.*severity/s);
    await expectAccessible();
  });

  it('marks each verdict with its sentence for hover and screen readers', async () => {
    await openWindow('workflows', { name: 'compare' });
    const mark = screen.getByTestId('gate-latency_ms_p95-evidence');
    expect(mark.textContent).toMatch(/evidence.*Fail.*75/s);
    expect(mark.title).toContain('15 ms too much');
    expect(mark.querySelector('.visually-hidden')?.textContent).toBe(mark.title);
    expect(text('gate-success_rate-current')).toContain('Cannot tell');
  });
});

describe('applying to a workflow', () => {
  it('asks for a reason while deployment is blocked, and writes the chosen node', async () => {
    const { backend } = await openWindow('workflows', { name: 'compare' });
    const before = backend.files.read(EXAMPLE).text;
    await click('apply-best');
    expect((screen.getByTestId('apply-node') as HTMLSelectElement).value).toBe('draft');
    expect(text('apply-block')).toContain('latency_ms_p95');
    const confirm = screen.getByTestId('apply-confirm') as HTMLButtonElement;
    expect(confirm.disabled).toBe(true);
    await expectAccessible();
    await type('override-reason', 'the latency was the network');
    expect(confirm.disabled).toBe(false);
    await click('apply-confirm');
    expect(backend.files.read(EXAMPLE).text).toMatch(/node under test\n {4}prompt: \|\n.*four sentences/);
    await click('toast-action');
    expect(backend.files.read(EXAMPLE).text).toBe(before);
  });
});

describe('experiments', () => {
  it('are read again when runs change and every ten seconds', async () => {
    const { backend } = await openWindow('workflows', { section: 'experiments' });
    expect(text('experiment-list')).toMatch(/ticket_replies.*1.*tickets.*2/s);
    backend.runs = backend.runs.filter((run) => run.id !== 2);
    backend.emit({ type: 'runs' });
    await settle();
    expect(text('experiment-list')).toMatch(/tickets\s*1/);
    cleanup();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const again = await openWindow('workflows', { section: 'experiments' });
    again.backend.runs = [];
    vi.advanceTimersByTime(10_000);
    vi.useRealTimers();
    await settle();
    expect(text('experiments-pane')).toContain('No experiments yet');
  });

  it('open Compare on the experiment, here and in MLflow, and MLflow in the browser', async () => {
    const { backend } = await openWindow('workflows', { section: 'experiments' });
    expect(text('mlflow-state')).toMatch(/12 trials\s+wait to be logged:.*connection refused/s);
    await click('open-mlflow-prompt_search');
    expect(backend.opened).toEqual(['http://localhost:5000/#/experiments/4']);
    const asked = vi.spyOn(backend, 'compare');
    await click('mlflow-experiment-prompt_search');
    expect(asked.mock.calls.at(-1)?.[0]).toMatchObject({
      experiment: 'prompt_search',
      mlflow_uri: 'http://localhost:5000',
    });
    expect(text('verdict-strip')).toContain('read from http://localhost:5000');
    await click('place-campaigns');
    await click('experiment-tickets');
    expect(asked.mock.calls.at(-1)?.[0]).toMatchObject({ experiment: 'tickets', runs: [] });
  });

  it('take another store, and say what may be written when it is none', async () => {
    await openWindow('starter', { section: 'experiments' });
    expect(text('mlflow-state')).toContain('Nothing is logged to MLflow');
    expect(screen.queryByTestId('mlflow-experiments')).toBeNull();
    await fireEvent.change(screen.getByTestId('mlflow-uri'), { target: { value: 'ftp://x' } });
    await settle();
    expect(text('error-state')).toContain('“ftp://x” is no MLflow store.');
    await fireEvent.change(screen.getByTestId('mlflow-uri'), { target: { value: 'sqlite:///a.db' } });
    await settle();
    expect(text('mlflow-experiments')).toContain('prompt_search');
  });

  it('are logged where Settings says', async () => {
    const { backend } = await openWindow('starter', { name: 'settings' });
    await fireEvent.change(screen.getByTestId('mlflow-tracking-uri'), {
      target: { value: '/home/me/mlruns ' },
    });
    await settle();
    expect((await backend.settings()).settings.mlflow_tracking_uri).toBe('/home/me/mlruns');
    await fireEvent.change(screen.getByTestId('mlflow-tracking-uri'), { target: { value: '' } });
    await settle();
    expect((await backend.settings()).settings.mlflow_tracking_uri).toBeNull();
  });
});
