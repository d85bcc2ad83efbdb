/** What the Variants place does: list, open, create, duplicate, rename, delete with Undo. */
import type { JsonSchema } from '$lib/backend';
import type { CampaignRow } from '$lib/bindings/CampaignRow';
import type { VariantRow } from '$lib/bindings/VariantRow';
import type { App } from '$lib/state/app.svelte';
import type { FileEditor } from '$lib/state/file-editor.svelte';
import { Loader } from '$lib/state/loader.svelte';
import { colourIndices } from './colours';

const NEW_TEXT = (name: string) => `name: ${name}
description: ""
provider: builtin
model: lexical-1
system_prompt: |
  Say here what the model should do.
prompt: "{{ input }}"
`;

export class Variants {
  readonly rows: Loader<VariantRow[]>;
  readonly campaigns: Loader<CampaignRow[]>;
  search = $state('');
  schema = $state.raw<JsonSchema | null>(null);
  renaming = $state(false);
  #app: App;

  constructor(app: App) {
    this.#app = app;
    this.rows = new Loader(() => app.backend.listVariants());
    this.campaigns = new Loader(() => app.backend.listCampaigns());
  }

  shown = $derived.by(() => {
    const wanted = this.search.trim().toLowerCase();
    const rows = this.rows.value ?? [];
    if (!wanted) return rows;
    return rows.filter((row) =>
      [row.name, row.preview, row.variant?.model, ...(row.variant?.tags ?? [])].some((text) =>
        text?.toLowerCase().includes(wanted),
      ),
    );
  });

  colours = $derived.by(() => colourIndices(this.rows.value ?? [], this.campaigns.value ?? []));

  get selected() {
    const path = this.#app.navigation.place.variant;
    return this.rows.value?.find((row) => row.path === path) ?? null;
  }

  async load(): Promise<void> {
    const [rows] = await Promise.all([this.rows.load(), this.campaigns.load(), this.#loadSchema()]);
    const open = this.#app.navigation.place.variant;
    const first = rows?.[0];
    if (rows && first && !rows.some((row) => row.path === open) && !this.#app.editors.isDirty(open ?? '')) {
      this.select(first.path);
    }
  }

  async #loadSchema(): Promise<void> {
    this.schema ??= await this.#app.backend.schema('variant').catch(() => null);
  }

  select(path: string | null): void {
    this.renaming = false;
    this.#app.navigation.openVariant(path);
  }

  editor(): FileEditor | null {
    const path = this.#app.navigation.place.variant;
    return path ? this.#app.editors.get(path, 'variant') : null;
  }

  async save(): Promise<void> {
    const editor = this.editor();
    if (!editor?.dirty) return;
    const saved = await this.#app.attempt(() => editor.save());
    if (saved) await this.rows.load();
  }

  /** A new file; its name is chosen by F2 afterwards. */
  async create(): Promise<void> {
    await this.#write('new-variant', NEW_TEXT);
    this.renaming = true;
  }

  /** A copy of the open text, unsaved changes included, under a free name. */
  async duplicate(): Promise<void> {
    const editor = this.editor();
    if (!editor) return;
    if (!editor.saved) await editor.open();
    const text = editor.text;
    await this.#write(`${editor.name}-copy`, (name) =>
      /^name:.*$/m.test(text) ? text.replace(/^name:.*$/m, `name: ${name}`) : text,
    );
  }

  /** A new variant that starts from an old text, such as an older version. */
  async createFrom(name: string, text: string): Promise<void> {
    await this.#write(name, (free) => text.replace(/^name:.*$/m, `name: ${free}`));
  }

  async #write(wanted: string, text: (name: string) => string): Promise<void> {
    const taken = new Set(this.rows.value?.map((row) => row.name));
    let name = wanted;
    for (let i = 2; taken.has(name); i++) name = `${wanted}-${i}`;
    const path = `variants/${name}.yaml`;
    const file = await this.#app.attempt(() => this.#app.backend.saveFile(path, text(name), null));
    if (!file) return;
    await this.rows.load();
    this.select(file.path);
  }

  async rename(name: string): Promise<void> {
    const editor = this.editor();
    this.renaming = false;
    const wanted = name.trim();
    if (!editor || wanted === '' || wanted === editor.name) return;
    if (editor.dirty && !(await this.#app.attempt(() => editor.save()))) return;
    const file = await this.#app.attempt(() => this.#app.backend.renameFile(editor.path, wanted));
    if (!file) return;
    this.#app.editors.forget(editor.path);
    await this.rows.load();
    this.select(file.path);
  }

  async trash(): Promise<void> {
    const editor = this.editor();
    if (!editor) return;
    const before = this.rows.value?.findIndex((row) => row.path === editor.path) ?? -1;
    const trashed = await this.#app.attempt(() => this.#app.backend.deleteFile(editor.path));
    if (!trashed) return;
    this.#app.editors.forget(editor.path);
    const rows = (await this.rows.load()) ?? [];
    this.select(rows[Math.min(before, rows.length - 1)]?.path ?? null);
    this.#app.toasts.say(`${editor.name} is in the trash.`, {
      label: 'Undo',
      run: async () => {
        const restored = await this.#app.attempt(() => this.#app.backend.restoreFile(trashed.id));
        if (!restored) return;
        await this.rows.load();
        this.select(restored.path);
      },
    });
  }
}
