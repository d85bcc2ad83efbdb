/** The apply sheet: which variant goes where, the diff, and writing it with Undo. */
import type { ApplyPreview } from '$lib/bindings/ApplyPreview';
import type { ApplyRequest } from '$lib/bindings/ApplyRequest';
import type { ServiceError } from '$lib/bindings/ServiceError';
import { asServiceError } from '$lib/format/errors';
import type { App } from '$lib/state/app.svelte';
import { Loader } from '$lib/state/loader.svelte';
import { ofRuns } from '$lib/state/navigation.svelte';

export class Apply {
  readonly preview: Loader<ApplyPreview>;
  request = $state.raw<ApplyRequest>();
  variants = $state.raw<string[]>([]);
  /** Why it is written although the target's deployment is blocked. */
  reason = $state('');
  writing = $state(false);
  error = $state.raw<ServiceError | null>(null);
  #app: App;

  constructor(app: App) {
    this.#app = app;
    const compare = app.navigation.compare ?? ofRuns([]);
    this.request = { compare, variant: null, target: null, also: [] };
    this.preview = new Loader(() => app.backend.previewApply(this.request as ApplyRequest));
  }

  get canApply() {
    return (
      !this.writing &&
      !this.preview.loading &&
      this.preview.value !== null &&
      !this.preview.error &&
      !this.preview.value.nothing_to_do &&
      (this.preview.value.block === null || this.reason.trim() !== '')
    );
  }

  async start(): Promise<void> {
    await this.preview.load();
    const compare = { ...(this.request as ApplyRequest).compare, variants: [] };
    const view = await this.#app.backend.compare(compare).catch(() => null);
    this.variants = view?.comparison.variants.map((one) => one.name) ?? [];
  }

  change(part: Partial<ApplyRequest>): void {
    this.request = { ...(this.request as ApplyRequest), ...part };
    this.error = null;
    void this.preview.load();
  }

  toggleAlso(field: string): void {
    const { also } = this.request as ApplyRequest;
    this.change({ also: also.includes(field) ? also.filter((one) => one !== field) : [...also, field] });
  }

  /** Writes the file; `true` when it is done. */
  async apply(): Promise<boolean> {
    const preview = this.preview.value;
    if (!this.canApply || !preview) return false;
    this.writing = true;
    try {
      // What is applied is exactly what was shown, not a better variant that came in meanwhile.
      const request = {
        ...(this.request as ApplyRequest),
        variant: preview.variant,
        target: preview.target,
        override_block: preview.block === null ? null : this.reason.trim(),
      };
      const row = await this.#app.backend.apply(request, preview.target_hash);
      this.#app.toasts.good(`${row.target.file} now has the prompt of ${row.variant}.`, {
        label: 'Undo',
        run: () => this.#undo(row.id, row.target.file),
      });
      return true;
    } catch (thrown) {
      this.error = asServiceError(thrown);
      if (this.error.code === 'conflict') void this.preview.load();
      return false;
    } finally {
      this.writing = false;
    }
  }

  async #undo(id: number, file: string): Promise<void> {
    const undone = await this.#app.attempt(() => this.#app.backend.undoApply(id));
    if (undone) this.#app.toasts.good(`${file} is as it was before.`);
  }
}
