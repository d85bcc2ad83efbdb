import { cleanup, fireEvent, screen, within } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { FakeKind } from '$lib/backend/fake';
import type { Place } from '$lib/state/navigation.svelte';
import { click, expectAccessible, openWindow, settle, text, type } from './helpers';

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const LIST: Partial<Place> = { section: 'triage', triage: 'list' };
const NEW: Partial<Place> = { section: 'triage', triage: 'new' };
const TOPICS: Partial<Place> = { section: 'triage', triage: 'topics' };

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
    expect(text('variant-fields-1')).toContain('There is no key for anthropic');
    expect(queueIt().disabled).toBe(false);
    await fireEvent.change(screen.getByTestId('field-topic'), { target: { value: 'papers' } });
    await typedPause();
    expect(text('topic-findings')).toMatch(/topics\/papers\.yaml:3:1.*Unknown key “sorce”/s);
    expect(queueIt().disabled).toBe(true);
  });

  it('asks with a prompt of its own, where one is written', async () => {
    const { backend } = await openForm();
    const asked = vi.spyOn(backend, 'previewTriage');
    await type('variant-0-system_prompt', 'Judge for operators.\n');
    await typedPause();
    const prompts = asked.mock.lastCall?.[0].variants.map((variant) => variant.system_prompt);
    expect(prompts).toEqual(['Judge for operators.\n', null, null]);
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
