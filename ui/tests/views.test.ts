import { cleanup, fireEvent, screen } from '@testing-library/svelte';
import { afterEach, describe, expect, it } from 'vitest';
import type { FakeKind } from '$lib/backend/fake';
import type { Place } from '$lib/state/navigation.svelte';
import { expectAccessible, openWindow, settle } from './helpers';

afterEach(cleanup);

const click = async (testid: string) => {
  await fireEvent.click(screen.getByTestId(testid));
  await settle();
};

describe('every place is accessible, full, empty and with an error', () => {
  const places: Partial<Place>[] = [
    { name: 'variants' },
    { name: 'campaigns' },
    { name: 'campaigns', campaign: 'tickets', run: 2 },
    { name: 'compare' },
    { name: 'settings' },
  ];
  const all = (['starter', 'empty', 'error'] as FakeKind[]).flatMap((kind) =>
    places.map((place) => [kind, `${place.name}${place.run ? ' run' : ''}`, place] as const),
  );
  it.each(all)('%s: %s', async (kind, _name, place) => {
    await openWindow(kind, place);
    await expectAccessible();
  });
});

describe('the first minute', () => {
  it('opens on the starter campaign with Launch, and leads to Apply', async () => {
    const { backend } = await openWindow('fresh');
    backend.pace = { ms: 0, trials: 200 };
    expect((screen.getByTestId('launch') as HTMLButtonElement).disabled).toBe(false);
    await click('launch');
    await settle(30);
    await click('banner-compare');
    await click('apply-best');
    expect(screen.getByTestId('apply-evidence').textContent).toMatch(/^success rate .* n = \d+; default/);
    await click('apply-confirm');
    expect(backend.files.read('variants/default.yaml').text).toContain('Examples:');
    await click('toast-action');
    expect(backend.files.read('variants/default.yaml').text).not.toContain('Examples:');
  });
});

describe('sheets', () => {
  it('shows the import sheet on a drop, accessible', async () => {
    const { backend } = await openWindow('starter', { name: 'variants' });
    backend.drop({ type: 'over', paths: ['/x/terse.yaml'] });
    await settle();
    expect(screen.getByTestId('drop-veil').textContent).toContain('terse.yaml');
    backend.drop({ type: 'drop', paths: ['/x/terse.yaml', '/x/broken.yaml'] });
    await settle();
    expect(screen.queryByTestId('drop-veil')).toBeNull();
    await expectAccessible();
    await click('import-confirm');
    expect(backend.files.texts.has('variants/terse.yaml')).toBe(true);
  });

  it('opens the palette with Ctrl-K and goes where Enter says', async () => {
    await openWindow();
    await fireEvent.keyDown(window, { key: 'k', ctrlKey: true });
    await settle();
    const input = screen.getByTestId('palette-input');
    await fireEvent.input(input, { target: { value: 'go to settings' } });
    await settle();
    await expectAccessible();
    await fireEvent.keyDown(input, { key: 'Enter' });
    await settle();
    expect(screen.getByTestId('view-settings')).toBeTruthy();
  });

  it('opens a trial from the table and closes it with Escape', async () => {
    await openWindow('starter', { name: 'campaigns', campaign: 'tickets', run: 2 });
    await click('tab-trials');
    await fireEvent.click(screen.getAllByTestId('trial-row')[0]!);
    await settle();
    await expectAccessible();
    await fireEvent.keyDown(screen.getByTestId('trial-drawer'), { key: 'Escape' });
    await settle();
    expect(screen.queryByTestId('trial-drawer')).toBeNull();
  });

  it('applies on Enter', async () => {
    const { backend } = await openWindow('starter', { name: 'compare' });
    await click('apply-best');
    await expectAccessible();
    await fireEvent.keyDown(screen.getByTestId('apply-sheet'), { key: 'Enter' });
    await settle();
    expect(backend.files.read('variants/default.yaml').text).toContain('Examples:');
  });
});

describe('an edit outside', () => {
  it('is announced while there is unsaved text', async () => {
    const { backend } = await openWindow('starter', { name: 'variants', variant: 'variants/default.yaml' });
    await click('tab-form');
    const model = screen.getByTestId('field-model');
    await fireEvent.change(model, { target: { value: 'mine' } });
    await settle();
    backend.changeOutside('variants/default.yaml', 'name: default\nmodel: theirs\n');
    await settle();
    await click('outside-theirs');
    expect((screen.getByTestId('field-model') as HTMLInputElement).value).toBe('theirs');
  });
});

describe('long lists', () => {
  it('keep the document small with 100,000 trials', async () => {
    await openWindow('huge', { name: 'campaigns', campaign: 'tickets', run: 1 });
    await click('tab-trials');
    expect(screen.getByTestId('trial-table').getAttribute('aria-rowcount')).toBe('100002');
    expect(screen.getAllByTestId('trial-row').length).toBeLessThan(60);
  });
});
