/** Something that is read from the program: loading, there, or failed. A newer request always wins. */
import type { ServiceError } from '$lib/bindings/ServiceError';
import { asServiceError } from '$lib/format/errors';

export class Loader<T> {
  value = $state.raw<T | null>(null);
  error = $state.raw<ServiceError | null>(null);
  loading = $state(false);
  #latest = 0;
  #read: () => Promise<T>;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  /** Reads again; the old value stays visible meanwhile. */
  async load(): Promise<T | null> {
    const mine = ++this.#latest;
    this.loading = true;
    try {
      const value = await this.#read();
      if (mine !== this.#latest) return this.value;
      this.value = value;
      this.error = null;
    } catch (thrown) {
      if (mine !== this.#latest) return this.value;
      this.error = asServiceError(thrown);
    }
    this.loading = false;
    return this.value;
  }

  /** Stops waiting; what comes later is dropped. */
  cancel(): void {
    this.#latest++;
    this.loading = false;
    if (this.value === null) {
      this.error = {
        code: 'internal',
        message: 'Loading was cancelled.',
        hint: 'Try again.',
        diagnostics: [],
      };
    }
  }

  /** Forgets the value, for another subject. */
  clear(): void {
    this.#latest++;
    this.value = null;
    this.error = null;
    this.loading = false;
  }
}
