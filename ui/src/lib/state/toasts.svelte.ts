/** Short messages at the lower edge, some with one action such as Undo. */
import type { ServiceError } from '$lib/bindings/ServiceError';
import { asServiceError, errorText } from '$lib/format/errors';

export interface ToastAction {
  label: string;
  run: () => void | Promise<void>;
}

export interface Toast {
  id: number;
  tone: 'plain' | 'good' | 'bad';
  text: string;
  detail: string | null;
  action: ToastAction | null;
}

const SHOWN_MS = 8000;

export class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #copy: (text: string) => Promise<void>;

  constructor(copy: (text: string) => Promise<void>) {
    this.#copy = copy;
  }

  say(text: string, action: ToastAction | null = null): void {
    this.#add({ tone: 'plain', text, detail: null, action });
  }

  good(text: string, action: ToastAction | null = null): void {
    this.#add({ tone: 'good', text, detail: null, action });
  }

  /** An error stays until it is closed. */
  fail(thrown: unknown): ServiceError {
    const error = asServiceError(thrown);
    const copy = { label: 'Copy', run: () => this.#copy(errorText(error)) };
    const findings = error.diagnostics.map((d) => d.message).slice(0, 2);
    const detail = [error.hint, ...findings].filter(Boolean).join(' ') || null;
    this.#add({ tone: 'bad', text: error.message, detail, action: copy });
    return error;
  }

  close(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** Keeps toasts while the pointer or the focus is on them. */
  hold(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  release(): void {
    for (const toast of this.list) if (toast.tone !== 'bad') this.#schedule(toast.id);
  }

  #add(toast: Omit<Toast, 'id'>): void {
    const id = this.#next++;
    this.list = [...this.list.slice(-3), { ...toast, id }];
    if (toast.tone !== 'bad') this.#schedule(id);
  }

  #schedule(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.set(
      id,
      setTimeout(() => this.close(id), SHOWN_MS),
    );
  }
}
