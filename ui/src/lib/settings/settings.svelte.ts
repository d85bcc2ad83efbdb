/** The Settings place: providers and keys, prices, limits, and what works on this machine. */
import type { HttpState } from '$lib/backend';
import type { Check } from '$lib/bindings/Check';
import type { ClassifierSettings } from '$lib/bindings/ClassifierSettings';
import type { LocalServer } from '$lib/bindings/LocalServer';
import type { Price } from '$lib/bindings/Price';
import type { Provider } from '$lib/bindings/Provider';
import type { ProviderSettings } from '$lib/bindings/ProviderSettings';
import type { ProviderTest } from '$lib/bindings/ProviderTest';
import type { Settings as Stored } from '$lib/bindings/Settings';
import type { SettingsView } from '$lib/bindings/SettingsView';
import type { App } from '$lib/state/app.svelte';
import { Loader } from '$lib/state/loader.svelte';

export class Settings {
  readonly view: Loader<SettingsView>;
  readonly servers: Loader<LocalServer[]>;
  readonly checks: Loader<Check[]>;
  readonly http: Loader<HttpState>;
  tests = $state<Partial<Record<Provider, ProviderTest | 'running'>>>({});
  #app: App;

  constructor(app: App) {
    this.#app = app;
    this.view = new Loader(() => app.backend.settings());
    this.servers = new Loader(() => app.backend.localServers());
    this.checks = new Loader(() => app.backend.doctor());
    this.http = new Loader(() => app.backend.httpState());
  }

  async load(): Promise<void> {
    await Promise.all([this.view.load(), this.servers.load(), this.checks.load(), this.http.load()]);
  }

  async #save(change: (settings: Stored) => Stored): Promise<void> {
    const { value } = this.view;
    if (!value) return;
    const saved = await this.#app.attempt(() => this.#app.backend.saveSettings(change(value.settings)));
    if (saved) this.view.value = saved;
    else await this.view.load();
  }

  setProvider(provider: Provider, part: Partial<ProviderSettings>): Promise<void> {
    return this.#save((settings) => {
      const none = { base_url: null, max_parallel: null, requests_per_minute: null, tokens_per_minute: null };
      const now = settings.providers[provider] ?? none;
      return { ...settings, providers: { ...settings.providers, [provider]: { ...now, ...part } } };
    });
  }

  setPrice(model: string, price: Price | null): Promise<void> {
    return this.#save((settings) => {
      const prices = Object.fromEntries(Object.entries(settings.prices).filter(([name]) => name !== model));
      return { ...settings, prices: price ? { ...prices, [model]: price } : prices };
    });
  }

  setSpendCap(usd: number | null): Promise<void> {
    return this.#save((settings) => ({ ...settings, spend_cap_usd: usd }));
  }

  setTrackingUri(uri: string | null): Promise<void> {
    return this.#save((settings) => ({ ...settings, mlflow_tracking_uri: uri }));
  }

  setClassifier(classifier: ClassifierSettings | null): Promise<void> {
    return this.#save((settings) => ({ ...settings, classifier }));
  }

  async setTriage(
    part: Partial<Pick<Stored, 'abtests' | 'triage_workers' | 'triage_max_items'>>,
  ): Promise<void> {
    await this.#save((settings) => ({ ...settings, ...part }));
    await this.#app.triage.start();
  }

  /** Starts the HTTP API; its token is known only now. */
  async startHttp(port: number | null): Promise<void> {
    const state = await this.#app.attempt(() => this.#app.backend.startHttp(port));
    if (state) this.http.value = state;
  }

  async stopHttp(): Promise<void> {
    const state = await this.#app.attempt(() => this.#app.backend.stopHttp());
    if (state) this.http.value = state;
  }

  async setKey(provider: Provider, key: string): Promise<boolean> {
    const status = await this.#app.attempt(() => this.#app.backend.setKey(provider, key));
    if (status) this.#app.toasts.good(`The key of ${provider} is set.`);
    await this.view.load();
    return status !== null;
  }

  async deleteKey(provider: Provider): Promise<void> {
    const title = `Delete the key of ${provider}?`;
    const text = 'It is taken out of the keychain. Bakeoff cannot show it or bring it back.';
    if (!(await this.#app.ask({ title, text, yes: 'Delete', danger: true }))) return;
    await this.#app.attempt(() => this.#app.backend.deleteKey(provider));
    await this.view.load();
  }

  async test(provider: Provider): Promise<void> {
    this.tests[provider] = 'running';
    const result = await this.#app.attempt(() => this.#app.backend.testProvider(provider));
    this.tests[provider] = result ?? { ok: false, message: 'The test could not run.', models: [] };
  }
}

/** A number typed into a field: null for none, undefined for nonsense. */
export function typedNumber(text: string): number | null | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  const value = Number(trimmed);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}
