import { cleanup, fireEvent, screen, within } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeTest } from '$lib/backend/fake/triage-run';
import type { Place } from '$lib/state/navigation.svelte';
import { click, expectAccessible, openWindow, settle, text, type } from './helpers';

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

/** 51 items by three variants, ended. */
const THREE: Partial<Place> = { section: 'triage', triage: 3 };
/** 200 items by eight variants, ended. */
const EIGHT: Partial<Place> = { section: 'triage', triage: 6 };
/** Running. */
const LIVE: Partial<Place> = { section: 'triage', triage: 7 };

const rows = () => screen.getAllByTestId('item-row');
const spreads = () => rows().map((row) => Number(/(\d+) apart/.exec(row.textContent ?? '')?.[1] ?? -1));

describe('a triage test', () => {
  it('tells run, window, variants and what they were asked', async () => {
    await openWindow('triage', EIGHT);
    expect(text('triage-count')).toMatch(/1,600\s*of 1,600 answers: 200 items × 8 variants/);
    const tags = within(screen.getByRole('list', { name: 'Variants' })).getAllByRole('listitem');
    expect(tags.length).toBe(8);
    expect(tags[3]?.textContent).toMatch(/gpt-5.1 medium.*effort medium/s);
    expect(tags[5]?.textContent).toMatch(/claude-haiku-4-5 · at most 600 tokens/);
    expect(text('triage-test')).toContain('bakeoff_triage_1');
  });

  it('sums up each variant with intervals, and remembers which part is open', async () => {
    const { backend } = await openWindow('triage', THREE);
    const line = text('summary-gpt-5.1 none');
    expect(line).toMatch(/of 51/);
    expect(line).toMatch(/\[\d+(\.\d)?, \d+(\.\d)?\]/);
    await click('fold-agreement');
    const pairs = within(screen.getByTestId('triage-agreement')).getAllByRole('row');
    expect(pairs.length).toBe(4);
    expect(text('triage-agreement')).toMatch(/Krippendorff.*gpt-5.1 low\s*and\s*gpt-5.1 none/s);
    await expectAccessible();
    await click('fold-sample');
    expect(text('strata')).toMatch(/lwn\.net\s*rss/);
    await expectAccessible();
    await click('fold-sample');
    expect(backend.memory.get('triage-part')).toBe('none');
  });

  it('leads to its trials, and these lead back', async () => {
    await openWindow('triage', THREE);
    await click('triage-trials');
    expect(screen.queryByTestId('triage-test')).toBeNull();
    expect(text('run-state')).toBe('Finished');
    await click('back-to-builder');
    expect(text('triage-test')).toContain('#3');
  });

  it('has one column a variant: score, flags in words, reason, categories, figures, or the error', async () => {
    await openWindow('triage', EIGHT);
    const header = within(screen.getByTestId('item-table')).getAllByRole('columnheader');
    expect(header.map((one) => one.textContent?.trim())).toContain('a-local-model-with-a-long-name');
    const cells = rows().flatMap((row) => within(row).getAllByRole('gridcell').slice(1));
    expect(cells.length % 8).toBe(0);
    const said = cells.map((cell) => cell.textContent ?? '');
    expect(said.some((one) => /\d+.*the topic.*\+\d.*tok · .*s · \$/s.test(one))).toBe(true);
    const flags = screen.getAllByRole('img', { name: /relevant, (not )?novel, / });
    expect(flags.length).toBeGreaterThan(rows().length * 6);
    expect(said.some((one) => one.includes('Provider error') && one.includes('503'))).toBe(true);
  });

  it('keeps the document small with 200 items by 8 variants', async () => {
    await openWindow('triage', EIGHT);
    expect(screen.getByTestId('item-table').getAttribute('aria-rowcount')).toBe('200');
    expect(rows().length).toBeLessThan(20);
  });

  it('orders by differences, score or date, and searches', async () => {
    const { backend } = await openWindow('triage', THREE);
    const asked = vi.spyOn(backend, 'triageItems');
    const flagged = rows().map((row) => row.textContent?.includes('flags differ'));
    expect(flagged).toEqual([...flagged].sort((a, b) => Number(b) - Number(a)));
    expect(spreads()[0]).toBeGreaterThan(0);
    await fireEvent.change(screen.getByTestId('item-order'), { target: { value: 'newest' } });
    await settle();
    expect(asked.mock.calls.at(-1)?.[1]).toBe('newest');
    const dates = rows().map((row) => /\d{4}-\d\d-\d\d( \d\d:\d\d)?/.exec(row.textContent ?? '')?.[0] ?? '');
    expect(dates).toEqual([...dates].sort().reverse());
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    await type('item-search', 'heise');
    vi.advanceTimersByTime(200);
    await settle();
    expect(rows().every((row) => row.textContent?.includes('heise'))).toBe(true);
    await type('item-search', 'nothing like it');
    vi.advanceTimersByTime(200);
    await settle();
    expect(text('empty-state')).toContain('No item matches');
  });

  it('opens answers side by side, goes on with J and K, copies JSON, and closes with Escape', async () => {
    const { backend } = await openWindow('triage', THREE);
    const table = screen.getByTestId('item-table');
    await fireEvent.keyDown(table, { key: 'j' });
    await fireEvent.keyDown(table, { key: 'Enter' });
    await settle();
    await expectAccessible();
    expect(text('answer-Score')).toContain('differs');
    expect(screen.getByTestId('answer-Score').className).toContain('differs');
    expect(text('item-drawer')).toContain('1 of 51');
    await click('copy-json-0');
    const { rows: items } = await backend.triageItems(3, 'differences', null, 0, 200);
    expect(JSON.parse(backend.copied)).toEqual(items[0]?.results[0]?.triage);
    await fireEvent.keyDown(screen.getByTestId('item-drawer'), { key: 'J' });
    await settle();
    expect(text('item-drawer')).toContain('2 of 51');
    await fireEvent.keyDown(screen.getByTestId('item-drawer'), { key: 'k' });
    await settle();
    expect(text('item-drawer')).toContain('1 of 51');
    await fireEvent.keyDown(screen.getByTestId('item-drawer'), { key: 'Escape' });
    await settle();
    expect(screen.queryByTestId('item-drawer')).toBeNull();
    expect(screen.getByTestId('triage-test')).toBeTruthy();
  });

  it('copies an error as {error}', async () => {
    const { backend } = await openWindow('triage', THREE);
    const { rows: items } = await backend.triageItems(3, 'differences', null, 0, 200);
    const place = items.findIndex((item) => item.results.some((one) => one?.error));
    const variant = items[place]?.results.findIndex((one) => one?.error) ?? -1;
    for (let i = 0; i <= place; i++) await fireEvent.keyDown(screen.getByTestId('item-table'), { key: 'j' });
    await fireEvent.keyDown(screen.getByTestId('item-table'), { key: 'Enter' });
    await settle();
    await click(`copy-json-${variant}`);
    expect(JSON.parse(backend.copied)).toEqual({ error: items[place]?.results[variant]?.error });
    expect(text('answers-table')).toContain(items[place]?.results[variant]?.error ?? '?');
  });

  it('opens the item’s address in the browser', async () => {
    const { backend } = await openWindow('triage', THREE);
    const { rows: items } = await backend.triageItems(3, 'differences', null, 0, 200);
    const place = items.findIndex((item) => item.url !== null);
    for (let i = 0; i <= place; i++) await fireEvent.keyDown(screen.getByTestId('item-table'), { key: 'j' });
    await fireEvent.keyDown(screen.getByTestId('item-table'), { key: 'Enter' });
    await settle();
    await click('open-item');
    expect(backend.opened).toEqual([items[place]?.url]);
  });

  it('lists every call, also those that failed', async () => {
    const { backend } = await openWindow('triage', THREE);
    await click('tab-calls');
    await expectAccessible();
    const { total } = await backend.triageCalls(3, 0, 1);
    expect(total).toBeGreaterThan(153);
    expect(screen.getByTestId('call-table').getAttribute('aria-rowcount')).toBe(String(total));
    const calls = screen.getAllByTestId('call-row').map((row) => row.textContent ?? '');
    expect(calls.some((one) => /triage.*gpt-5.*200 ok/s.test(one))).toBe(true);
    expect(calls.some((one) => one.includes('`is_novel` is missing'))).toBe(true);
  });

  it('is exported as CSV', async () => {
    const { backend } = await openWindow('triage', THREE);
    const asked = vi.spyOn(backend, 'exportRun');
    await click('export-triage');
    expect(asked).toHaveBeenCalledWith(3, 'csv', '/home/me/triage-ai-news-3.csv');
  });

  it('says why it failed, and what is missing', async () => {
    await openWindow('triage', { section: 'triage', triage: 4 });
    expect(text('triage-error')).toContain('openai answered 401');
    cleanup();
    await openWindow('triage', { section: 'triage', triage: 99 });
    expect(text('error-state')).toContain('There is no triage test #99.');
  });
});

describe('a running test', () => {
  it('fills in by news; the chosen item stays chosen, and nothing is emptied meanwhile', async () => {
    const { backend } = await openWindow('triage', LIVE);
    const test = backend.runs.find((run): run is FakeTest => run instanceof FakeTest && run.id === 7)!;
    await fireEvent.change(screen.getByTestId('item-order'), { target: { value: 'newest' } });
    await settle();
    expect(text('item-table')).toContain('Not asked yet');
    await fireEvent.change(screen.getByTestId('item-order'), { target: { value: 'differences' } });
    await settle();
    await fireEvent.click(rows()[1]!);
    await fireEvent.keyDown(screen.getByTestId('item-drawer'), { key: 'Escape' });
    await settle();
    const chosen = () => document.querySelector('[aria-selected="true"] .title')?.textContent;
    const before = chosen();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    backend.emit(test.advance(20));
    await settle();
    expect(screen.queryByTestId('skeleton')).toBeNull();
    vi.advanceTimersByTime(1200);
    await settle();
    expect(screen.queryByTestId('skeleton')).toBeNull();
    expect(text('triage-count')).toMatch(new RegExp(`${test.done}\\s*of 153`));
    expect(chosen()).toBe(before);
  });

  it('can be cancelled after a question', async () => {
    const { backend } = await openWindow('triage', LIVE);
    await click('cancel-triage');
    expect(text('confirm')).toContain('Results so far are kept.');
    await click('confirm-yes');
    expect(text('triage-state')).toBe('Cancelled');
    expect(screen.queryByTestId('cancel-triage')).toBeNull();
    expect((await backend.triageDetail(7)).row.state).toBe('cancelled');
  });

  it('is opened from the bar at the bottom', async () => {
    await openWindow('triage', { name: 'variants' });
    await fireEvent.click(screen.getByRole('button', { name: /triage-ai-news/ }));
    await settle();
    expect(text('triage-test')).toContain('#7');
  });
});
