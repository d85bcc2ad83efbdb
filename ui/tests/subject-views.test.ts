import { cleanup, fireEvent, screen, within } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { FakeBackend, FakeKind } from '$lib/backend/fake';
import { click, expectAccessible, openWindow, settle, text, type } from './helpers';

afterEach(cleanup);

const button = (testid: string) => screen.getByTestId(testid) as HTMLButtonElement;

/** The Subjects place, where only `beat` takes samples. */
async function openSubjects(kind: FakeKind = 'faults', subject: string | null = null) {
  const opened = await openWindow(kind, { name: 'subjects', subject });
  opened.backend.beatMs = 0;
  return opened;
}

async function start(backend: FakeBackend) {
  await click('try-start');
  backend.beat();
  await settle();
}

describe('subjects', () => {
  it.each(['faults', 'starter', 'empty', 'error'] as FakeKind[])('are accessible: %s', async (kind) => {
    await openSubjects(kind);
    await expectAccessible();
  });

  it('say whether they are ready, and what is missing', async () => {
    await openSubjects();
    expect(text('subject-embedded')).toContain('Ready');
    expect(text('subject-etcd')).toMatch(/1 thing missing.*no Docker engine/);
    expect(text('subject-tikv')).toContain('2 things missing');
  });

  it('show the literal error with a copy button, and can’t be started then', async () => {
    const { backend } = await openSubjects();
    await click('subject-etcd');
    const line = screen.getByTestId('requirement-Docker engine');
    expect(line.textContent).toContain('No such file or directory (os error 2)');
    await fireEvent.click(within(line).getByRole('button'));
    await settle();
    expect(backend.copied).toMatch(/^Docker engine: .*os error 2\)\n/);
    expect(button('try-start').disabled).toBe(true);
    expect(text('offer-latency')).toMatch(/Not possible here:.*can’t be reached/);
    await expectAccessible();
  });

  it('name mechanisms, literal reasons and campaigns', async () => {
    await openSubjects();
    expect(text('offer-latency')).toContain('link proxy');
    await click('subject-tikv');
    expect(text('offer-latency')).toContain('Specified qdisc kind is unknown');
    await click('subject-embedded');
    await fireEvent.click(within(screen.getByTestId('used-in')).getByText('faults'));
    await settle();
    expect(screen.getByTestId('fault-fields')).toBeTruthy();
  });

  it('are edited as files, with findings', async () => {
    const { backend } = await openSubjects();
    await click('tab-file');
    expect(screen.getByTestId('code-editor')).toBeTruthy();
    backend.changeOutside('subjects/embedded.yaml', 'name: embedded\nkinds: embedded\n');
    await settle();
    expect(text('diagnostics')).toContain('unknown key “kinds”');
    expect(text('subject-embedded')).toContain('1 error');
    await expectAccessible();
  });

  it('are made with one button where there are none, and thrown away with Undo', async () => {
    const { backend } = await openSubjects('empty');
    await fireEvent.click(within(screen.getByTestId('empty-state')).getByRole('button'));
    await settle();
    expect(backend.files.read('subjects/embedded.yaml').text).toContain('kind: embedded');
    await fireEvent.keyDown(screen.getByTestId('subject-list'), { key: 'Delete' });
    await settle();
    expect(backend.files.texts.has('subjects/embedded.yaml')).toBe(false);
    await click('toast-action');
    expect(backend.files.texts.has('subjects/embedded.yaml')).toBe(true);
  });

  it('are walked through by key, and found in the palette', async () => {
    await openSubjects();
    await fireEvent.keyDown(screen.getByTestId('subject-list'), { key: 'j' });
    await settle();
    expect(screen.getByRole('heading', { level: 2, name: 'etcd' })).toBeTruthy();
    await fireEvent.keyDown(window, { key: '4', ctrlKey: true });
    await fireEvent.keyDown(window, { key: 'k', ctrlKey: true });
    await settle();
    await type('palette-input', 'tikv');
    await fireEvent.keyDown(screen.getByTestId('palette-input'), { key: 'Enter' });
    await settle();
    expect(screen.getByRole('heading', { level: 2, name: 'tikv' })).toBeTruthy();
  });
});

describe('trying a subject', () => {
  it('starts it, injects a fault, shows what becomes of it, reverts, and removes it', async () => {
    const { backend } = await openSubjects();
    await click('sweep');
    await click('try-start');
    expect(text('try-state')).toBe('Starting');
    backend.beat();
    await settle();
    expect(text('try-state')).toBe('Running');
    expect(text('health-n2')).toMatch(/up, write and read in.*\u202fms/);
    await fireEvent.change(screen.getByTestId('fault-kind'), { target: { value: 'node_pause' } });
    await fireEvent.change(screen.getByTestId('fault-target'), { target: { value: 'node:n3' } });
    await click('inject');
    expect(text('try-fault')).toMatch(/Pause a node.*on n3, by signal.*has not seen it yet/);
    expect(text('faults-badge')).toContain('1');
    expect(text('fault-100')).toMatch(/Pause a node.*In force.*on n3.*let n3 go on/);
    backend.beat();
    await settle();
    expect(text('try-seen')).toContain('no answer within 1 s');
    expect(text('health-n3')).toMatch(/down,.*no write, no read: no answer within 1 s/);
    expect(text('subject-embedded')).toContain('Fault in force');
    await expectAccessible();
    await click('try-revert');
    expect(screen.queryByTestId('try-fault')).toBeNull();
    expect(screen.getByTestId('no-faults')).toBeTruthy();
    expect(screen.queryByTestId('faults-badge')).toBeNull();
    await click('try-remove');
    expect(await backend.tryOut()).toBeNull();
    expect(button('try-start').disabled).toBe(false);
  });

  it('takes the fault’s parameters within their ranges only', async () => {
    const { backend } = await openSubjects();
    const asked = vi.spyOn(backend, 'injectTryOut');
    await start(backend);
    await fireEvent.change(screen.getByTestId('fault-kind'), { target: { value: 'latency' } });
    await type('fault-min_ms', '400');
    expect(text('fault-form')).toContain('“150” is not allowed: not under the least, 400.');
    expect(button('inject').disabled).toBe(true);
    await type('fault-max_ms', '600.5');
    expect(button('inject').disabled).toBe(true);
    await type('fault-max_ms', '600');
    await expectAccessible();
    await fireEvent.submit(screen.getByTestId('fault-form'));
    await settle();
    expect(asked).toHaveBeenCalledWith({ kind: 'latency', target: 'any', min_ms: 400, max_ms: 600 });
  });

  it('counts the lease down', async () => {
    const { backend } = await openSubjects();
    await start(backend);
    await click('inject');
    const left = within(screen.getByTestId('try-panel')).getByTestId('countdown');
    expect(left.textContent).toMatch(/1\u202fmin (29|30)\u202fs left/);
  });

  it('is one subject at a time, and follows the news of the program', async () => {
    const { backend } = await openSubjects();
    await start(backend);
    await click('subject-tikv');
    expect(text('try-panel')).toContain('embedded is being tried');
    const tried = await backend.tryOut();
    const error = 'node n2 ended with code 101: address already in use';
    backend.emit({ type: 'try_out', try_out: { ...tried!, state: 'failed', error } });
    await fireEvent.click(within(screen.getByTestId('try-panel')).getByText('Show it'));
    await settle();
    expect(text('try-error')).toContain('address already in use');
    expect(text('try-state')).toBe('Failed');
    expect(screen.queryByTestId('fault-form')).toBeNull();
    backend.emit({ type: 'try_out', try_out: null });
    await settle();
    expect(screen.getByTestId('try-start')).toBeTruthy();
  });

  it('says why it could not be started', async () => {
    const { backend } = await openSubjects();
    vi.spyOn(backend, 'startTryOut').mockRejectedValue({
      code: 'unavailable',
      message: 'No port is free between 20000 and 20100.',
      hint: null,
      diagnostics: [],
    });
    await click('try-start');
    expect(text('toast')).toContain('No port is free');
    expect(button('try-start').disabled).toBe(false);
  });

  it('is ended from the palette, from everywhere', async () => {
    const { backend } = await openSubjects();
    await start(backend);
    await click('inject');
    await click('place-variants');
    await fireEvent.keyDown(window, { key: 'k', ctrlKey: true });
    await settle();
    await type('palette-input', 'revert the fault now');
    await fireEvent.keyDown(screen.getByTestId('palette-input'), { key: 'Enter' });
    await settle();
    expect((await backend.tryOut())?.fault).toBeNull();
    expect(screen.getByTestId('view-subjects')).toBeTruthy();
  });
});

describe('faults in force and leftovers', () => {
  it('are listed with their undo and note, and reverted', async () => {
    await openSubjects();
    expect(text('fault-7')).toMatch(
      /Latency, 300 to 500.ms.*Could not be reverted.*on n2, by link proxy, in.*run #3/,
    );
    expect(text('fault-7')).toContain('let n2 → n1, n2 → n3 pass');
    expect(text('fault-7')).toContain('still answer late: 404 ms');
    await click('revert-7');
    expect(screen.getByTestId('no-faults')).toBeTruthy();
  });

  it('lead to their run', async () => {
    await openSubjects();
    await fireEvent.click(within(screen.getByTestId('fault-7')).getByText('run #3'));
    await settle();
    expect(screen.getByTestId('run-view')).toBeTruthy();
  });

  it('are cleaned up with a report, and nothing is said to be left the second time', async () => {
    const { backend } = await openSubjects();
    await click('sweep');
    expect(text('sweep-report')).toMatch(/Removed.*process 41377/);
    await expectAccessible();
    await fireEvent.click(within(screen.getByTestId('sweep-report')).getByRole('button'));
    expect(backend.copied).toContain('process 41377');
    await click('sweep');
    expect(text('sweep-report')).toContain('Nothing was left behind.');
  });

  it('say what could not be removed', async () => {
    const { backend } = await openSubjects();
    vi.spyOn(backend, 'sweep').mockResolvedValue({
      removed: [],
      problems: ['network lab-3: has active endpoints'],
    });
    await click('sweep');
    expect(text('sweep-report')).toMatch(
      /Not everything could be removed.*× network lab-3: has active endpoints/,
    );
  });

  it('show an error with Try again', async () => {
    await openSubjects('error');
    const panel = screen.getByRole('complementary', { name: 'Faults on this machine' });
    expect(panel.textContent).toContain('Reading the fault journal failed');
    await click('sweep');
    expect(text('toast')).toContain('Reading the leftovers failed');
  });
});
