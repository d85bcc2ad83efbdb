import { cleanup, fireEvent, screen, within } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { FakeBackend } from '$lib/backend/fake';
import type { TrialRow } from '$lib/bindings/TrialRow';
import { FakeFaultRun } from '$lib/backend/fake/fault-run';
import { click, expectAccessible, openWindow, settle, text } from './helpers';

afterEach(cleanup);

const RUN = { campaign: 'faults', run: 3 };

function rowOf(backend: FakeBackend, wanted: (row: TrialRow) => boolean): TrialRow {
  const run = backend.run(3);
  const row = Array.from({ length: run.done }, (_, index) => run.trial(index)).find(wanted);
  if (!row) throw new Error('no such trial');
  return row;
}

/** Opens the drawer on the first trial that fits, through the table's filters. */
async function openTrial(variant: string, fits: (row: TrialRow) => boolean) {
  const { backend } = await openWindow('faults', RUN);
  const row = rowOf(backend, (one) => one.variant === variant && fits(one));
  await click('tab-trials');
  const rows = screen.getAllByTestId('trial-row');
  const line = rows.find((one) => one.textContent?.startsWith(`${row.number}`));
  await fireEvent.click(line!);
  await settle();
  return { backend, row };
}

describe('a fault trial', () => {
  it('that passed shows the verdict, times, facts, timeline, ticket and audit', async () => {
    await openTrial(
      'runbook',
      (row) => row.case_id === 'embedded/network_partition' && row.outcome === 'pass',
    );
    expect(text('verdict-head')).toMatch(/Pass.*A command removed the fault itself\./);
    for (const layer of ['service', 'redundancy', 'integrity', 'cause'])
      expect(text(`layer-${layer}`)).toContain('Pass');
    expect(text('time-restore')).toMatch(/\d\.\d\u202fs.*from the fault to the restored service/);
    expect(text('fault-facts')).toMatch(/Network partition, symmetric.*n2.*link proxy.*bwrap/);
    expect(screen.getByTestId('timeline').getAttribute('aria-label')).toMatch(/^Health of n1, n2 and n3/);
    expect(screen.getByTestId('timeline').querySelector('svg')).toBeTruthy();
    expect(text('ticket-1')).toMatch(/critical.*service_level of n2.*given to runbook/);
    expect(text('audit-2')).toMatch(/calls shell.*read.*labctl status/s);
    const drawer = within(screen.getByTestId('trial-drawer'));
    expect(drawer.queryByText('Scores')).toBeNull();
    expect(drawer.queryByText('Steps')).toBeNull();
    expect(drawer.queryByText('Calls')).toBeNull();
    await expectAccessible();
  });

  it('folds long outputs and copies one or all', async () => {
    const { backend } = await openTrial('runbook', (row) => row.outcome === 'pass');
    expect(text('audit-6')).not.toContain('entry 427');
    expect(text('unfold-6')).toBe('Show 40 more lines');
    await click('unfold-6');
    expect(text('audit-6')).toContain('entry 427');
    expect(screen.getByTestId('unfold-6').getAttribute('aria-expanded')).toBe('true');
    await fireEvent.click(screen.getByRole('button', { name: 'Copy entry 2' }));
    await settle();
    expect(backend.copied).toBe('labctl status');
    await click('copy-audit');
    expect(backend.copied).toContain('entry 427');
  });

  it('that failed says which layers, marks destructive commands and exit codes', async () => {
    await openTrial('always-restart', (row) => row.case_id.endsWith('partition') && row.outcome === 'fail');
    expect(text('verdict-head')).toMatch(/Fail.*It did not come back/);
    expect(text('layer-integrity')).toMatch(/Cannot tell.*could not be asked/);
    expect(text('time-restore')).toContain('not within 15.0\u202fs');
    expect(text('audit-5')).toMatch(/destructive.*rm -rf data\/n2/s);
    expect(text('audit-6')).toMatch(/exit 1/);
    await expectAccessible();
  });

  it('without an agent has no audit and sent nothing, and is named quietly', async () => {
    await openTrial('no-agent', (row) => row.outcome === 'fail');
    expect(screen.queryByTestId('audit')).toBeNull();
    expect(text('fault-facts')).toContain('the baseline without an agent');
    const drawer = screen.getByTestId('trial-drawer');
    expect(drawer.textContent).not.toContain('as sent');
    expect(within(drawer).getByText('no agent')).toBeTruthy();
    expect(text('time-claim-lag')).toContain('nobody claimed');
  });

  it('that was void has neither verdict nor timeline, but the reason', async () => {
    await openTrial('noop', (row) => row.outcome === 'void');
    expect(text('verdict-head')).toContain('ended before a verdict');
    expect(screen.queryByTestId('timeline')).toBeNull();
    expect(screen.getByTestId('trial-drawer').textContent).toContain('The fault did not land');
    await expectAccessible();
  });

  it('opens states and samples on demand', async () => {
    const { backend } = await openTrial('runbook', (row) => row.outcome === 'pass');
    expect(text('state-change')).toMatch(
      /Members and settings are as before\.\s+Records: 388 before, 412 after\./,
    );
    expect(screen.queryByTestId('merge-editor')).toBeNull();
    const open = async (testid: string) => {
      const details = screen.getByTestId(testid) as HTMLDetailsElement;
      details.open = true;
      await fireEvent(details, new Event('toggle'));
      await settle();
    };
    await open('states');
    expect(screen.getByTestId('merge-editor')).toBeTruthy();
    await fireEvent.click(screen.getByText('Copy after'));
    expect(JSON.parse(backend.copied)).toMatchObject({ records: 412 });
    await open('health-samples');
    expect(text('health-table')).toMatch(/−3\.0\u202fs.*ms.*3 of 3/);
    await expectAccessible();
  });

  it('draws nothing foreign: scripts in a timeline are left out', async () => {
    const { backend } = await openWindow('faults', RUN);
    const row = rowOf(backend, (one) => one.variant === 'runbook');
    const trial = await backend.trialDetail(3, row.key);
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script><rect onclick="x()"/></svg>';
    const timeline = { description: 'nothing', svg, width: 1, height: 1 };
    vi.spyOn(backend, 'trialDetail').mockResolvedValue({ ...trial, fault: { ...trial.fault!, timeline } });
    await click('tab-trials');
    await fireEvent.click(screen.getAllByTestId('trial-row')[0]!);
    await settle();
    const drawn = screen.getByTestId('timeline');
    expect(drawn.querySelector('rect')?.hasAttribute('onclick')).toBe(false);
    expect(drawn.querySelector('script')).toBeNull();
  });
});

describe('a fault campaign', () => {
  it('is shown by subject, fault and variant, with its baseline named quietly', async () => {
    const { backend } = await openWindow('faults', RUN);
    expect(backend.run(3)).toBeInstanceOf(FakeFaultRun);
    const map = within(screen.getByTestId('heat-map'));
    expect(map.getByTitle('embedded/node_kill')).toBeTruthy();
    expect(
      map.getByRole('button', { name: 'embedded/node_kill, no agent: 0 pass, 3 fail, 3 of 3 done' }),
    ).toBeTruthy();
    expect(text('campaign-faults')).toContain('embedded · 4 faults');
    await expectAccessible();
  });

  it('opens in the builder, which edits only what it can', async () => {
    const { backend } = await openWindow('faults', { campaign: 'faults' });
    await settle(20);
    expect(text('plan-trials')).toBe('48');
    expect(text('plan-matrix')).toMatch(/no agent.*noop.*embedded\/latency/s);
    expect(text('fault-fields')).toMatch(/embedded.*Kill a node\s+on any node/s);
    expect(screen.queryByTestId('field-dataset')).toBeNull();
    expect(screen.queryByTestId('add-scorer')).toBeNull();
    expect(screen.queryByTestId('field-pass_threshold')).toBeNull();
    await expectAccessible();
    await fireEvent.click(screen.getByTestId('field-include_baseline'));
    await settle();
    await click('save');
    expect(backend.files.read('campaigns/faults.yaml').text).toContain('include_baseline: false');
    expect(backend.files.read('campaigns/faults.yaml').text).toContain('{type: node_pause}');
  });

  it('leads from the builder to its subject', async () => {
    await openWindow('faults', { campaign: 'faults' });
    await settle(20);
    await fireEvent.click(within(screen.getByTestId('fault-fields')).getByText('embedded'));
    await settle();
    expect(screen.getByTestId('subject-pane')).toBeTruthy();
  });
});

describe('comparing agents', () => {
  it('shows what the results have besides, in its unit', async () => {
    await openWindow('faults', { name: 'compare' });
    const card = text('scorecard');
    expect(card).toMatch(
      /Success rate.*Restored share.*Time to detect, mean.*Time to restore, p50.*Commands, mean/s,
    );
    expect(card).toMatch(/Time to restore, mean\s*—.*7\.\d\u202fs/s);
    // A line that no variant has is left out.
    expect(card).not.toContain('Score, mean');
    expect(text('verdict-no-agent')).toContain('no agent');
    await expectAccessible();
  });

  it('tells fault by fault, with every outcome', async () => {
    await openWindow('faults', { name: 'compare' });
    const table = text('fault-table');
    expect(table).toMatch(/embedded\s*node_kill/);
    expect(table).toMatch(/embedded\s*latency.*Void 1/s);
    await fireEvent.change(screen.getByTestId('fault-metric'), { target: { value: 'restore_s' } });
    await settle();
    expect(text('fault-table')).toMatch(/node_kill.*\u202fs/s);
    await expectAccessible();
  });

  it('is decided by any metric of the results', async () => {
    await openWindow('faults', { name: 'compare' });
    await fireEvent.change(screen.getByTestId('compare-metric'), { target: { value: 'commands' } });
    await settle();
    expect(text('verdict-runbook')).toMatch(/5.*\+5/s);
    await fireEvent.change(screen.getByTestId('compare-metric'), { target: { value: 'restore_s' } });
    await settle();
    expect(text('verdict-runbook')).toMatch(/7\.\d\u202fs/);
  });

  it('stays as it was for prompts', async () => {
    await openWindow('starter', { name: 'compare' });
    const options = [...screen.getByTestId('compare-metric').querySelectorAll('option')];
    expect(options.map((option) => option.value)).not.toContain('restore_s');
    expect(text('scorecard')).toContain('Score, mean');
    expect(text('scorecard')).not.toContain('Time to');
    expect(screen.queryByTestId('fault-table')).toBeNull();
  });
});

describe('the model that tells the class of commands', () => {
  it('is kept once it has a name, and with its address', async () => {
    const { backend } = await openWindow('faults', { name: 'settings' });
    const kept = async () => (await backend.settings()).settings.classifier;
    const change = async (testId: string, value: string) => {
      await fireEvent.change(screen.getByTestId(testId), { target: { value } });
      await settle();
    };
    const providers = [...screen.getByTestId('classifier-provider').querySelectorAll('option')];
    expect(providers.map((option) => option.value)).not.toContain('builtin');
    await change('classifier-provider', 'openai-compatible');
    expect(await kept()).toBeNull();
    expect(document.body.textContent).toContain('until then nothing is saved');
    await change('classifier-model', ' small-1 ');
    expect(await kept()).toEqual({ provider: 'openai-compatible', model: 'small-1', base_url: null });
    await change('classifier-address', 'http://127.0.0.1:9000/v1');
    expect((await kept())?.base_url).toBe('http://127.0.0.1:9000/v1');
    await expectAccessible();
    await change('classifier-provider', 'anthropic');
    expect(await kept()).toBeNull();
    expect((screen.getByTestId('classifier-model') as HTMLInputElement).value).toBe('');
    await change('classifier-model', 'small-2');
    expect(await kept()).toEqual({ provider: 'anthropic', model: 'small-2', base_url: null });
    await change('classifier-provider', '');
    expect(await kept()).toBeNull();
  });
});
