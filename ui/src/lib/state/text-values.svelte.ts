/** The values of a YAML text that is being edited, read by the program shortly after each change. */
import type { Backend } from '$lib/backend';

export class TextValues {
  values = $state.raw<Record<string, unknown>>({});
  #backend: Backend;
  #latest = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async read(text: string): Promise<void> {
    const mine = ++this.#latest;
    const values = await this.#backend.textValues(text).catch(() => null);
    if (values && mine === this.#latest) this.values = values;
  }
}
