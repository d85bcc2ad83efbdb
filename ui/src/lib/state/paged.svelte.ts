/** A long list that is read from the program page by page, as rows come in sight. */
import { SvelteMap } from 'svelte/reactivity';
import type { Page } from '$lib/bindings/Page';
import type { ServiceError } from '$lib/bindings/ServiceError';
import { asServiceError } from '$lib/format/errors';

export const PAGE_SIZE = 200;
const MOST_PAGES = 30;

export class PagedRows<T> {
  total = $state(0);
  /** The first page has not come yet. */
  loading = $state(true);
  error = $state.raw<ServiceError | null>(null);
  #pages = new SvelteMap<number, T[]>();
  #asked = new Set<number>();
  #generation = 0;
  #read: (offset: number, limit: number) => Promise<Page<T>>;

  constructor(read: (offset: number, limit: number) => Promise<Page<T>>) {
    this.#read = read;
  }

  /** The row, once its page is there. */
  row(index: number): T | undefined {
    return this.#pages.get(Math.floor(index / PAGE_SIZE))?.[index % PAGE_SIZE];
  }

  /** Reads the pages of these rows that are not there yet. */
  ensure(first: number, end: number): void {
    for (let page = Math.floor(first / PAGE_SIZE); page * PAGE_SIZE < Math.max(end, 1); page++) {
      if (!this.#asked.has(page)) void this.#load(page);
    }
  }

  /** Forgets everything, for another filter. */
  async reset(): Promise<void> {
    this.#generation++;
    this.#asked.clear();
    this.#pages.clear();
    this.total = 0;
    this.loading = true;
    this.error = null;
    await this.#load(0);
  }

  /** Reads the pages that are there again, keeping the old rows meanwhile. */
  async refresh(): Promise<void> {
    this.#generation++;
    const known = [...this.#asked];
    this.#asked.clear();
    await Promise.all((known.length ? known : [0]).slice(-3).map((page) => this.#load(page)));
  }

  async #load(page: number): Promise<void> {
    const mine = this.#generation;
    this.#asked.add(page);
    try {
      const { rows, total } = await this.#read(page * PAGE_SIZE, PAGE_SIZE);
      if (mine !== this.#generation) return;
      this.#pages.set(page, rows);
      this.total = total;
      this.error = null;
      this.#forgetFar(page);
    } catch (thrown) {
      if (mine !== this.#generation) return;
      this.#asked.delete(page);
      this.error = asServiceError(thrown);
    }
    this.loading = false;
  }

  #forgetFar(near: number): void {
    if (this.#pages.size <= MOST_PAGES) return;
    const farthest = [...this.#pages.keys()].reduce((a, b) =>
      Math.abs(a - near) > Math.abs(b - near) ? a : b,
    );
    this.#pages.delete(farthest);
    this.#asked.delete(farthest);
  }
}
