import { describe, expect, it } from 'vitest';
import { FakeBackend } from '$lib/backend/fake';
import { FileEditor } from '$lib/state/file-editor.svelte';

const PATH = 'variants/default.yaml';

describe('a file while it is edited', () => {
  async function editor() {
    const backend = new FakeBackend();
    const file = new FileEditor(backend, PATH, 'variant');
    await file.open();
    return { backend, file };
  }

  it('is unsaved until it is saved', async () => {
    const { backend, file } = await editor();
    file.type(`${file.text}# more\n`);
    expect(file.dirty).toBe(true);
    expect(await file.save()).toBe(true);
    expect([file.dirty, backend.files.read(PATH).text.endsWith('# more\n')]).toEqual([false, true]);
  });

  it('shows a change made outside at once when nothing is unsaved', async () => {
    const { backend, file } = await editor();
    backend.files.texts.set(PATH, 'name: default\nmodel: other\n');
    await file.lookOutside();
    expect([file.text, file.outside]).toEqual(['name: default\nmodel: other\n', null]);
  });

  it('shows a conflict and overwrites neither side', async () => {
    const { backend, file } = await editor();
    file.type('name: default\nmodel: mine\n');
    backend.files.texts.set(PATH, 'name: default\nmodel: theirs\n');
    expect(await file.save()).toBe(false);
    expect(file.outside?.kind).toBe('changed');
    expect(backend.files.read(PATH).text).toContain('theirs');
    file.keepMine();
    expect(await file.save()).toBe(true);
    expect(backend.files.read(PATH).text).toContain('mine');
  });

  it('takes theirs on request', async () => {
    const { backend, file } = await editor();
    file.type('name: default\nmodel: mine\n');
    backend.files.texts.set(PATH, 'name: default\nmodel: theirs\n');
    await file.lookOutside();
    file.takeOutside();
    expect([file.text.includes('theirs'), file.dirty]).toEqual([true, false]);
  });

  it('is written again after it was deleted outside', async () => {
    const { backend, file } = await editor();
    file.type('name: default\nmodel: mine\n');
    backend.files.texts.delete(PATH);
    await file.lookOutside();
    expect(file.outside?.kind).toBe('deleted');
    expect(await file.save()).toBe(true);
    expect(backend.files.read(PATH).text).toContain('mine');
  });

  it('keeps comments when a field of the form changes it', async () => {
    const { file } = await editor();
    await file.edit([{ key: 'model', value: 'other' }]);
    expect(file.text).toContain('# What is in production today.');
    expect(file.text).toContain('model: other');
  });
});
