import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import AppView from '../src/App.svelte';
import type { FakeKind } from '$lib/backend/fake';
import type { Place } from '$lib/state/navigation.svelte';
import { click, expectAccessible, openWindow, settle, text, type } from './helpers';

afterEach(cleanup);

const LIST: Partial<Place> = { section: 'triage', triage: 'list' };
const NEW: Partial<Place> = { section: 'triage', triage: 'new' };
const TOPICS: Partial<Place> = { section: 'triage', triage: 'topics' };
/** Its test of 51 items by three variants, ended; 6 is one of 200 by eight. */
const TEST: Partial<Place> = { section: 'triage', triage: 3 };

/** Longer than what is put off while one types. */
async function typedPause() {
  vi.advanceTimersByTime(400);
  await settle();
}

async function openForm(kind: FakeKind = 'triage') {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
  const opened = await openWindow(kind, NEW);
  await typedPause();
  return opened;
}

afterEach(() => vi.useRealTimers());

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

describe('a new test', () => {
  const queueIt = () => screen.getByTestId('queue-it') as HTMLButtonElement;

  it('begins with the last seven days, 50 items and three variants, and shows what it would take', async () => {
    await openForm();
    const value = (id: string) => (screen.getByTestId(id) as HTMLInputElement).value;
    const days =
      (Date.parse(value('field-window_end')) - Date.parse(value('field-window_start'))) / 86_400_000;
    expect(days).toBe(7);
    expect(value('field-max_items')).toBe('50');
    expect(value('variant-0-model')).toBe('gpt-5.1');
    expect(value('variant-0-reasoning_effort')).toBe('low');
    expect(value('variant-2-model')).toBe('gpt-5-mini');
    expect(text('preview-items')).toMatch(/^\d+ of \d+$/);
    expect(text('preview-cost')).toContain('$');
    const strata = screen.getByTestId('strata');
    expect(within(strata).getAllByRole('row').length).toBe(6);
    expect(strata.textContent).toMatch(/front page\s*hn/);
    expect(queueIt().disabled).toBe(false);
  });

  it('begins with the files that need no network where there are some', async () => {
    const { backend } = await openWindow('triage', LIST);
    for (const name of ['quick', 'careful'])
      backend.files.texts.set(
        `variants/${name}.yaml`,
        `name: ${name}\nprovider: builtin\nmodel: lexical-1\ntags: [triage-test]\n`,
      );
    await click('new-triage');
    expect(text('variant-fields-0')).toContain('variants/quick.yaml');
    expect(text('variant-fields-1')).toContain('variants/careful.yaml');
    expect(screen.queryByTestId('variant-fields-2')).toBeNull();
  });

  it('says what is wrong at the field, and asks for nothing meanwhile', async () => {
    const { backend } = await openForm();
    const asked = vi.spyOn(backend, 'previewTriage');
    await type('field-window_start', '2026-12-24');
    await type('field-window_end', '2026-12-01');
    expect(text('triage-new')).toContain('The window ends before it starts.');
    expect(screen.getByTestId('field-window_end').getAttribute('aria-invalid')).toBe('true');
    await type('field-window_end', 'soon');
    expect(text('triage-new')).toContain('Write a date such as 2026-11-23');
    await click('last-7');
    await type('field-max_items', '201');
    expect(text('triage-new')).toContain('This must be from 1 to 200');
    await type('field-max_items', '20');
    await type('variant-1-max_output_tokens', '0');
    expect(text('variant-fields-1')).toContain('This must be 1 or more');
    await type('variant-1-max_output_tokens', '');
    await type('variant-1-name', 'gpt-5.1 low');
    expect(text('variant-fields-1')).toContain('is taken');
    expect(queueIt().disabled).toBe(true);
    expect(text('triage-preview')).toContain('Mend what is marked');
    await click('remove-variant-1');
    await click('remove-variant-1');
    expect(text('problem-variants')).toContain('Two variants at least');
    await typedPause();
    expect(asked).not.toHaveBeenCalled();
    await expectAccessible();
  });

  it('shows the program’s findings at their fields', async () => {
    await openForm();
    await fireEvent.change(screen.getByTestId('variant-1-provider'), { target: { value: 'anthropic' } });
    await typedPause();
    expect(text('variant-fields-1')).toContain('there is no key for anthropic');
    expect(queueIt().disabled).toBe(false);
    await fireEvent.change(screen.getByTestId('field-topic'), { target: { value: 'papers' } });
    await typedPause();
    expect(text('topic-findings')).toMatch(/topics\/papers\.yaml:3:1.*unknown key “sorce”/s);
    expect(queueIt().disabled).toBe(true);
  });

  it('shows an empty window as such', async () => {
    await openForm();
    await type('field-window_start', '2019-01-01');
    await type('field-window_end', '2019-01-08');
    await typedPause();
    expect(text('triage-preview')).toContain('No candidate is in this window.');
  });

  it('sends what was chosen, and nothing for “Not sent”', async () => {
    const { backend } = await openForm();
    const asked = vi.spyOn(backend, 'createTriage');
    await fireEvent.change(screen.getByTestId('variant-0-reasoning_effort'), { target: { value: '' } });
    await type('variant-1-max_output_tokens', '700');
    await click('remove-variant-2');
    await click('add-file');
    await click('add-file-definitions');
    await typedPause();
    await click('queue-it');
    const request = asked.mock.calls[0]?.[0];
    expect(request).toMatchObject({ topic: 'ai-news', max_items: 50, seed: null, budget_usd: null });
    expect(request?.variants).toMatchObject([
      {
        name: 'gpt-5.1 low',
        provider: 'openai',
        model: 'gpt-5.1',
        reasoning_effort: null,
        max_output_tokens: null,
      },
      { name: 'gpt-5.1 none', reasoning_effort: 'none', max_output_tokens: 700 },
      { name: 'definitions', provider: null, model: null },
    ]);
    expect(text('triage-created')).toMatch(/Triage test #10 is queued.*tests are before it/s);
    await expectAccessible();
    await click('create-another');
    expect(screen.getByTestId('variant-fields-2')).toBeTruthy();
  });

  it('is queued by Ctrl-Enter, and leads to its results', async () => {
    const { backend } = await openForm('triage-empty');
    await fireEvent.keyDown(window, { key: 'Enter', ctrlKey: true });
    await settle();
    expect(text('triage-created')).toContain('Triage test #3 is running');
    await click('view-results');
    expect(screen.getByTestId('triage-test')).toBeTruthy();
    expect((await backend.listTriage(0, 1)).rows[0]?.run).toBe(3);
  });

  it('without topics starts one', async () => {
    const { backend } = await openWindow('triage', LIST);
    for (const path of [...backend.files.texts.keys()])
      if (path.startsWith('topics/')) backend.files.texts.delete(path);
    await click('new-triage');
    expect(text('empty-state')).toContain('No topics yet');
    await fireEvent.click(within(screen.getByTestId('empty-state')).getByRole('button'));
    await settle();
    expect(backend.files.texts.get('topics/new-topic.yaml')).toContain('datasets/tickets.jsonl');
    expect(screen.getByTestId('topic-pane')).toBeTruthy();
  });
});

describe('topics', () => {
  it('are edited as files, with findings', async () => {
    const { backend } = await openWindow('triage', TOPICS);
    expect(text('topic-papers')).toContain('1 error');
    await click('topic-papers');
    expect(text('diagnostics')).toContain('unknown key “sorce”');
    backend.changeOutside('topics/papers.yaml', 'id: papers\nsource: {file: datasets/papers.csv}\n');
    await settle();
    expect(text('topic-papers')).toContain('datasets/papers.csv');
    await fireEvent.keyDown(screen.getByTestId('topic-list'), { key: 'Delete' });
    await settle();
    expect(backend.files.texts.has('topics/papers.yaml')).toBe(false);
    await click('toast-action');
    expect(backend.files.texts.has('topics/papers.yaml')).toBe(true);
  });
});
