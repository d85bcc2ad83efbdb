import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, describe, expect, it } from 'vitest';
import AppView from '../src/App.svelte';
import type { FakeKind } from '$lib/backend/fake';
import type { Place } from '$lib/state/navigation.svelte';
import { click, expectAccessible, openWindow, settle, text } from './helpers';

afterEach(cleanup);

const LIST: Partial<Place> = { section: 'triage', triage: 'list' };
const NEW: Partial<Place> = { section: 'triage', triage: 'new' };
const TOPICS: Partial<Place> = { section: 'triage', triage: 'topics' };
/** Its test of 51 items by three variants, ended; 6 is one of 200 by eight. */
const TEST: Partial<Place> = { section: 'triage', triage: 3 };

describe('triage is accessible, full, empty, off and with an error', () => {
  const places: [string, Partial<Place>][] = [
    ['list', LIST],
    ['new', NEW],
    ['topics', TOPICS],
    ['test', TEST],
  ];
  const kinds: FakeKind[] = ['triage', 'triage-empty', 'starter', 'error'];
  const all = kinds.flatMap((kind) => places.map(([name, place]) => [kind, name, place] as const));
  it.each(all)('%s: %s', async (kind, _name, place) => {
    await openWindow(kind, place);
    await expectAccessible();
  });
});

describe('turned off', () => {
  it('explains itself, and one button turns it on', async () => {
    const { backend } = await openWindow('starter', LIST);
    expect(text('triage-off')).toMatch(/gives the same candidates.*off by default/s);
    await click('turn-on');
    expect((await backend.settings()).settings.abtests).toBe(true);
    expect(text('empty-state')).toContain('No triage tests yet');
    expect(text('queue-counts')).toContain('0 running, 0 waiting');
  });

  it('says so where the environment decides', async () => {
    const { backend } = await openWindow('starter', LIST);
    backend.byEnvironment = false;
    backend.emit({ type: 'queue' });
    await settle();
    expect(text('off-by-environment')).toContain('ENABLE_ABTESTS');
    expect(screen.queryByTestId('turn-on')).toBeNull();
  });
});

describe('the list', () => {
  it('is newest first, with state, items taken of wanted, progress and cost', async () => {
    await openWindow('triage', LIST);
    const runs = screen.getAllByTestId(/^triage-\d+$/).map((row) => row.getAttribute('data-testid'));
    expect(runs.slice(0, 3)).toEqual(['triage-9', 'triage-8', 'triage-7']);
    expect(text('triage-6')).toMatch(/operations.*Completed.*8: gpt-5.1 low.*200 of 200.*1,600 answers.*—/s);
    expect(text('triage-4')).toMatch(/Failed/);
    expect(text('triage-4')).toContain('openai answered 401');
    expect(text('triage-5')).toMatch(/Cancelled.*31 of 150/s);
  });

  it('opens a test by click, and by J and Enter', async () => {
    await openWindow('triage', LIST);
    const list = screen.getByTestId('triage-list');
    await fireEvent.keyDown(list, { key: 'j' });
    await fireEvent.keyDown(list, { key: 'Enter' });
    await settle();
    expect(screen.getByRole('heading', { level: 1 }).textContent).toContain('#9');
    await click('back-to-list');
    await click('triage-3');
    expect(text('triage-state')).toBe('Completed');
  });

  it('tells what failed, and reads again', async () => {
    await openWindow('error', LIST);
    expect(text('error-state')).toContain('the database is locked');
  });
});

describe('the queue', () => {
  it('shows what runs, then what waits in order, and drops one', async () => {
    await openWindow('triage', LIST);
    const jobs = () => screen.getAllByTestId(/^job-\d+$/).map((job) => job.getAttribute('data-testid'));
    expect(jobs()).toEqual(['job-7', 'job-8', 'job-9']);
    expect(text('job-7')).toMatch(/Running.*51 items × 3 variants/s);
    expect(text('job-8')).toMatch(/1.*Queued.*120 items × 4 variants/s);
    await click('drop-8');
    expect(jobs()).toEqual(['job-7', 'job-9']);
    expect(text('triage-8')).toContain('Cancelled');
  });

  it('asks before a running test is stopped; the next one starts', async () => {
    await openWindow('triage', LIST);
    await click('drop-7');
    await click('confirm-yes');
    expect(text('triage-7')).toContain('Cancelled');
    expect(text('job-8')).toContain('Running');
  });

  it('pauses and continues', async () => {
    const { backend } = await openWindow('triage', LIST);
    await click('queue-pause');
    expect(text('queue-standing')).toBe('Paused');
    await backend.cancelTriage(7);
    await settle();
    expect(text('job-8')).toContain('Queued');
    await click('queue-continue');
    expect(screen.queryByTestId('queue-standing')).toBeNull();
    expect(text('job-8')).toContain('Running');
  });

  it('stops everything at once after a question, until the stop is cleared', async () => {
    await openWindow('triage', LIST);
    await click('queue-stop');
    expect(text('confirm')).toContain('1 running test is cancelled at once');
    await expectAccessible();
    await click('confirm-yes');
    expect(text('queue')).toContain('The emergency stop is on');
    expect(text('triage-7')).toContain('Stopped by the emergency stop.');
    expect(text('job-8')).toContain('Queued');
    await click('queue-clear-stop');
    expect(text('job-8')).toContain('Running');
  });

  it('drops all that wait on Clear', async () => {
    await openWindow('triage', LIST);
    await click('queue-clear');
    await click('confirm-yes');
    expect(text('queue-counts')).toContain('1 running, 0 waiting');
    expect(screen.queryByTestId('queue-clear')).toBeNull();
  });

  it('says when nobody works on it, and works on it here', async () => {
    const { backend } = await openWindow('triage', LIST);
    backend.workedOn = false;
    await backend.cancelTriage(7);
    await settle();
    expect(text('queue-idle')).toContain('Nobody works on the queue');
    expect(text('job-8')).toContain('Queued');
    await click('queue-work');
    expect(screen.queryByTestId('queue-idle')).toBeNull();
    expect(text('job-8')).toContain('Running');
  });

  it('is worked on by this window once a workspace is open, where tests are on', async () => {
    const { backend, unmount } = await openWindow('triage', LIST);
    backend.workedOn = false;
    unmount();
    render(AppView, { props: { backend } });
    await settle();
    expect(backend.workedOn).toBe(true);
    expect(screen.queryByTestId('queue-idle')).toBeNull();
  });
});
