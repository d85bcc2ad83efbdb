/** The text of one file while it is edited: unsaved changes, findings, and changes made outside. */
import type { Backend } from '$lib/backend';
import type { Diagnostic } from '$lib/bindings/Diagnostic';
import type { FileKind } from '$lib/bindings/FileKind';
import type { FileText } from '$lib/bindings/FileText';
import type { ServiceError } from '$lib/bindings/ServiceError';
import type { TextEdit } from '$lib/bindings/TextEdit';
import { asServiceError } from '$lib/format/errors';

const CHECK_AFTER_MS = 200;

/** What happened to the file on disk while there is unsaved text. */
export type Outside = { kind: 'changed'; file: FileText } | { kind: 'deleted' };

export class FileEditor {
  text = $state('');
  diagnostics = $state.raw<Diagnostic[]>([]);
  /** The file as it was read or saved last; null until it is read. */
  saved = $state.raw<FileText | null>(null);
  outside = $state.raw<Outside | null>(null);
  error = $state.raw<ServiceError | null>(null);
  saving = $state(false);
  /** The file does not exist yet. */
  isNew = $state(false);
  readonly path: string;
  readonly kind: FileKind;
  #backend: Backend;
  #checking: ReturnType<typeof setTimeout> | undefined;
  #edits: Promise<unknown> = Promise.resolve();

  constructor(backend: Backend, path: string, kind: FileKind) {
    this.#backend = backend;
    this.path = path;
    this.kind = kind;
  }

  get dirty() {
    return this.saved !== null && this.text !== this.saved.text;
  }

  get hasErrors() {
    return this.diagnostics.some((finding) => finding.severity === 'error');
  }

  get name(): string {
    return (this.path.split('/').pop() ?? this.path).replace(/\.ya?ml$/, '');
  }

  async open(): Promise<void> {
    try {
      this.#accept(await this.#backend.readFile(this.path));
    } catch (thrown) {
      this.error = asServiceError(thrown);
    }
  }

  /** Takes what the user typed; findings follow shortly. */
  type(text: string): void {
    if (text === this.text) return;
    this.text = text;
    clearTimeout(this.#checking);
    this.#checking = setTimeout(() => void this.check(), CHECK_AFTER_MS);
  }

  async check(): Promise<void> {
    const text = this.text;
    const found = await this.#backend.checkText(this.kind, this.name, text).catch(() => null);
    if (found && text === this.text) this.diagnostics = found;
  }

  /** Writes single values into the text, one request after the other. Fails with a ServiceError. */
  edit(edits: TextEdit[]): Promise<void> {
    const work = this.#edits.then(async () => this.type(await this.#backend.editText(this.text, edits)));
    this.#edits = work.catch(() => undefined);
    return work;
  }

  /** Saves; `false` when the file changed outside meanwhile. Other failures are thrown. */
  async save(): Promise<boolean> {
    if (!this.saved || this.saving) return false;
    this.saving = true;
    const text = this.text;
    try {
      const gone = this.isNew || this.outside?.kind === 'deleted';
      const file = await this.#backend.saveFile(this.path, text, gone ? null : this.saved.hash);
      this.saved = file;
      this.isNew = false;
      this.outside = null;
      if (this.text === text) this.diagnostics = file.diagnostics;
      return true;
    } catch (thrown) {
      if (asServiceError(thrown).code !== 'conflict') throw thrown;
      await this.lookOutside();
      if (this.outside === null) throw thrown;
      return false;
    } finally {
      this.saving = false;
    }
  }

  /** Reads what is on disk after a notice: taken at once when nothing is unsaved, shown as a conflict otherwise. */
  async lookOutside(): Promise<void> {
    let file: FileText;
    try {
      file = await this.#backend.readFile(this.path);
    } catch (thrown) {
      const error = asServiceError(thrown);
      if (error.code !== 'not_found' || this.isNew) return;
      this.outside = { kind: 'deleted' };
      return;
    }
    if (file.hash === this.saved?.hash) {
      this.outside = null;
    } else if (!this.dirty || file.text === this.text) {
      this.#accept(file);
    } else {
      this.outside = { kind: 'changed', file };
    }
  }

  /** Drops the unsaved text for what is on disk. */
  takeOutside(): void {
    if (this.outside?.kind === 'changed') this.#accept(this.outside.file);
  }

  /** Keeps the unsaved text; the next save replaces what is on disk now. */
  keepMine(): void {
    if (this.outside?.kind === 'changed') {
      this.saved = this.outside.file;
      this.isNew = false;
      this.outside = null;
    }
  }

  /** Drops the unsaved text. */
  revert(): void {
    if (this.saved) this.#accept(this.saved);
  }

  /** Starts with a text that is not saved anywhere yet. */
  draft(text: string, diagnostics: Diagnostic[]): void {
    this.isNew = true;
    this.saved = { path: this.path, kind: this.kind, text: '', hash: '', diagnostics: [] };
    this.text = text;
    this.diagnostics = diagnostics;
  }

  #accept(file: FileText): void {
    this.isNew = false;
    this.saved = file;
    this.text = file.text;
    this.diagnostics = file.diagnostics;
    this.outside = null;
    this.error = null;
  }
}

/** The editors of files that were opened; unsaved text survives going to another place. */
export class Editors {
  #open = $state.raw(new Map<string, FileEditor>());
  #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  get(path: string, kind: FileKind): FileEditor {
    const known = this.#open.get(path);
    if (known) return known;
    const editor = new FileEditor(this.#backend, path, kind);
    this.#open.set(path, editor);
    void editor.open();
    return editor;
  }

  /** An editor with a text that is not saved yet, in the place of one that is open. */
  draft(path: string, kind: FileKind, text: string, diagnostics: Diagnostic[]): FileEditor {
    const editor = new FileEditor(this.#backend, path, kind);
    editor.draft(text, diagnostics);
    this.#open.set(path, editor);
    return editor;
  }

  isDirty(path: string): boolean {
    return this.#open.get(path)?.dirty ?? false;
  }

  dirty(): FileEditor[] {
    return [...this.#open.values()].filter((editor) => editor.dirty);
  }

  forget(path: string): void {
    this.#open.delete(path);
  }

  clear(): void {
    this.#open.clear();
  }

  /** After files changed on disk. */
  async look(paths: string[]): Promise<void> {
    const known = paths.map((path) => this.#open.get(path)).filter((editor) => editor !== undefined);
    await Promise.all(known.map((editor) => editor.lookOutside()));
  }
}
