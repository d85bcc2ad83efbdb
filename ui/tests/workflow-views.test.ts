import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { FakeKind } from '$lib/backend/fake';
import RunGates from '$lib/gates/RunGates.svelte';
import type { Place } from '$lib/state/navigation.svelte';
import { click, expectAccessible, openWindow, settle, text, type } from './helpers';

afterEach(cleanup);

const EXAMPLE = 'workflows/mlflow_example.yaml';
const WORKFLOW: Partial<Place> = { section: 'workflows', workflow: EXAMPLE };
const RUN: Partial<Place> = { ...WORKFLOW, campaign: 'ticket_replies', run: 3 };

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

describe('gates in lists', () => {
  it('are one sign with a label, and nothing where there are none', async () => {
    render(RunGates, { state: 'blocks', name: '3' });
    expect(text('run-gates-3')).toBe('× gates: failed, and blocks deployment');
    cleanup();
    render(RunGates, { state: null, name: '3' });
    expect(screen.queryByTestId('run-gates-3')).toBeNull();
    await openWindow('starter', { section: 'campaigns' });
    expect(screen.queryByTestId(/^run-gates-/)).toBeNull();
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
    expect(text('gates-mlflow_example')).toBe('× gates: Fail');
    expect(screen.queryByTestId('blocked-mlflow_example')).toBeNull();
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

  it('takes dropped files: a good one is opened, one with errors is mended in the editor first', async () => {
    const { backend } = await openWindow('workflows', { section: 'workflows' });
    backend.drop({ type: 'drop', paths: ['/x/replies.yaml', '/x/half_done.yaml'] });
    await settle();
    expect(text('import-replies.yaml')).toContain('workflow');
    await click('import-confirm');
    expect(screen.getByRole('heading', { level: 2, name: 'replies' })).toBeTruthy();
    backend.drop({ type: 'drop', paths: ['/x/half_done.yaml'] });
    await settle();
    await click('mend-half_done.yaml');
    expect(text('workflow-pane')).toContain('Unsaved');
    expect(text('diagnostics')).toContain('unknown key “flwo”');
    expect(backend.files.texts.has('workflows/half_done.yaml')).toBe(false);
    await expectAccessible();
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
    expect(text('node-details')).toContain('then END when state.severity <= 1 and not state.urgency > 3.');
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
    expect(document.activeElement).toBe(screen.getByTestId('input-ticket'));
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

  it('leads from the file to what is missing, and never launches under a dialog', async () => {
    const { backend } = await openWindow('workflows', WORKFLOW);
    await click('tab-file');
    await fireEvent.keyDown(window, { key: 'Enter', ctrlKey: true });
    await settle();
    expect(document.activeElement).toBe(screen.getByTestId('input-ticket'));
    expect(backend.launched).toEqual([]);
    await click('lift-block');
    await fireEvent.keyDown(screen.getByTestId('lift-reason'), { key: 'Enter', ctrlKey: true });
    await settle();
    expect(screen.getByTestId('lift-dialog')).toBeTruthy();
  });

  it('asks when money is at stake, with the plan of the inputs', async () => {
    const { backend } = await openWindow('workflows', {
      section: 'workflows',
      workflow: 'workflows/own_program.yaml',
    });
    const plan = await backend.previewWorkflow('workflows/own_program.yaml', {
      inputs: {},
      alone: false,
      options: {},
    });
    const cost_usd = { ...plan.cost_usd, value: 1.5 };
    vi.spyOn(backend, 'previewWorkflow').mockResolvedValue({ ...plan, cost_usd, spends_money: true });
    await click('launch-ab');
    expect(text('confirm')).toContain('48 trials cost about $1.50. There is no budget.');
    await fireEvent.click(within(screen.getByTestId('confirm')).getByText('Cancel'));
    await settle();
    expect(backend.launched).toEqual([]);
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
