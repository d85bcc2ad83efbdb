/** Light or dark: chosen, or as the system is. */
import type { Backend, ThemeChoice } from '$lib/backend';
import type { ChartTheme } from '$lib/bindings/ChartTheme';

export class Theme {
  choice = $state<ThemeChoice>('system');
  #systemDark = $state(false);
  #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
    const query = window.matchMedia('(prefers-color-scheme: dark)');
    this.#systemDark = query.matches;
    query.addEventListener('change', (event) => {
      this.#systemDark = event.matches;
      this.#show();
    });
  }

  get shown(): ChartTheme {
    const dark = this.choice === 'dark' || (this.choice === 'system' && this.#systemDark);
    return dark ? 'dark' : 'light';
  }

  async restore(): Promise<void> {
    const kept = await this.#backend.recall<ThemeChoice>('theme');
    if (kept) this.choice = kept;
    this.#show();
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    this.#show();
    void this.#backend.setTheme(choice);
    void this.#backend.remember('theme', choice);
  }

  #show(): void {
    document.documentElement.dataset.theme = this.shown;
  }
}
