import { cleanup, fireEvent, screen } from '@testing-library/svelte';
import { afterEach, describe, expect, it } from 'vitest';
import { moment, wholeNumber } from '$lib/triage/problems';
import { sources, times } from '$lib/triage/strata';
import { utc, windowText } from '$lib/triage/words';
import { click, expectAccessible, openWindow, settle, text, type } from './helpers';
import { strataOf } from './samples';

afterEach(cleanup);

describe('the palette', () => {
  it('finds tests, topics and the emergency stop', async () => {
    await openWindow('triage', { name: 'variants' });
    const choose = async (words: string) => {
      await fireEvent.keyDown(window, { key: 'k', ctrlKey: true });
      await settle();
      await type('palette-input', words);
      await fireEvent.keyDown(screen.getByTestId('palette-input'), { key: 'Enter' });
      await settle();
    };
    await choose('#6 operations');
    expect(text('triage-test')).toContain('#6');
    await choose('papers topic');
    expect(screen.getByTestId('topic-pane').textContent).toContain('papers');
    await choose('emergency stop');
    await click('confirm-yes');
    expect(text('queue-standing')).toBe('Emergency stop');
  });
});

describe('settings', () => {
  it('turn triage tests on and off, and set workers and cap', async () => {
    const { backend } = await openWindow('starter', { name: 'settings' });
    await click('abtests');
    expect((await backend.triageSwitch()).enabled).toBe(true);
    await fireEvent.change(screen.getByTestId('triage_workers'), { target: { value: '2' } });
    await fireEvent.change(screen.getByTestId('triage_max_items'), { target: { value: '0' } });
    await settle();
    expect((await backend.queueView()).workers).toBe(2);
    expect((await backend.settings()).settings.triage_max_items).toBeNull();
    expect(text('view-settings')).toContain('This must be a whole number from 1');
  });

  it('leave the switch to the environment where it decides', async () => {
    const { backend } = await openWindow('starter', { name: 'variants' });
    backend.byEnvironment = true;
    backend.emit({ type: 'queue' });
    await click('place-settings');
    const box = screen.getByTestId('abtests') as HTMLInputElement;
    expect([box.checked, box.disabled]).toEqual([true, true]);
    expect(text('abtests-help')).toContain('has turned them on');
  });

  it('start the HTTP API, show its token once, and stop it', async () => {
    const { backend } = await openWindow('starter', { name: 'settings' });
    await type('http-port', '99999');
    expect((screen.getByTestId('http-start') as HTMLButtonElement).disabled).toBe(true);
    await type('http-port', '80');
    await click('http-start');
    expect(text('toast')).toContain('Port 80 can’t be opened');
    await type('http-port', '9000');
    await click('http-start');
    expect(text('http-address')).toBe('http://127.0.0.1:9000');
    await click('copy-token');
    expect(backend.copied).toBe(text('http-token'));
    await expectAccessible();
    await click('place-variants');
    await click('place-settings');
    expect(text('http-token')).toContain('it is shown once');
    await click('http-stop');
    expect(screen.queryByTestId('http-address')).toBeNull();
  });
});

describe('parts', () => {
  it('put groups into rows by source and columns by time', () => {
    const selection = strataOf();
    expect(sources(selection.strata).map((row) => [row.type, row.id, row.chosen, row.candidates])).toEqual([
      ['hn', 'front page', 2, 3],
      ['rss', 'lwn.net', 3, 9],
    ]);
    expect(times(selection).map((column) => `${column.day} ${column.time}`)).toEqual([
      '1 Nov 00:00',
      '1 Nov 08:00',
      '1 Nov 16:00',
    ]);
    expect(windowText(selection.window)).toBe('2026-11-01 to 2026-11-02');
    expect(utc(Date.UTC(2026, 10, 1, 9, 30))).toBe('2026-11-01 09:30');
  });

  it('read dates and whole numbers as the program does', () => {
    expect(moment('2026-11-01')).toBe(Date.UTC(2026, 10, 1));
    expect(moment(' 2026-11-01T12:30:00Z ')).toBe(Date.UTC(2026, 10, 1, 12, 30));
    expect(moment('2026-11-01T12:30:00+02:00')).toBe(Date.UTC(2026, 10, 1, 10, 30));
    for (const text of ['', '1 Nov', '2026-13-01', '2026-11-01T12:30:00']) expect(moment(text)).toBeNull();
    expect([wholeNumber(' 12 '), wholeNumber(''), wholeNumber('1.5'), wholeNumber('-1')]).toEqual([
      12,
      null,
      undefined,
      undefined,
    ]);
  });
});
