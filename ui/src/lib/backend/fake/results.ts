/** Comparing, applying and settings in the fake backend. */
import type { Backend } from '$lib/backend/types';
import type { ApplyRequest } from '$lib/bindings/ApplyRequest';
import type { CompareRequest } from '$lib/bindings/CompareRequest';
import type { SettingsView } from '$lib/bindings/SettingsView';
import { makeCase } from './cases';
import { drawCharts } from './charts';
import { breakdown, caseAnswers, caseRow, compare } from './compare';
import { CHECKS, previewApply, settingsView } from './extras';
import { fail } from './files';
import type { FakeRun } from './runs';
import { FakeState } from './state';

export abstract class FakeResults extends FakeState {
  #settings: SettingsView = settingsView();

  #compared(request: CompareRequest): FakeRun {
    this.errorOnDemand('the results');
    const run = request.runs.length
      ? this.run(request.runs[0] ?? 0)
      : (this.runs.find((one) => one.state === 'finished' && one.campaign === request.experiment) ??
        this.runs.find((one) => one.state === 'finished'));
    return run ?? fail('not_found', 'There is no finished run to compare.', 'Launch a campaign first.');
  }

  #variants(run: FakeRun, request: CompareRequest): number[] {
    const all = run.variants.map((_, index) => index);
    return request.variants.length
      ? all.filter((i) => request.variants.includes(run.variants[i] ?? ''))
      : all;
  }

  compare = async (request: CompareRequest) => compare(this.#compared(request), request);
  drawCharts: Backend['drawCharts'] = async (request) => drawCharts(this.#compared(request.compare), request);
  saveChart = async () => undefined;

  listCases: Backend['listCases'] = async (request, onlyDifferent, search, offset, limit) => {
    const run = this.#compared(request);
    const variants = this.#variants(run, request);
    const all = Array.from({ length: run.cases }, (_, i) => i).filter((i) => {
      if (search && !makeCase(i).id.includes(search) && !makeCase(i).input.includes(search)) return false;
      return !onlyDifferent || new Set(caseRow(run, i, variants).cells.map((cell) => cell.passes)).size > 1;
    });
    return {
      rows: all.slice(offset, offset + limit).map((i) => caseRow(run, i, variants)),
      total: all.length,
      offset,
    };
  };

  caseAnswers: Backend['caseAnswers'] = async (request, index) => {
    const run = this.#compared(request);
    return caseAnswers(run, index, this.#variants(run, request));
  };

  breakdown: Backend['breakdown'] = async (request, field) => {
    const run = this.#compared(request);
    return breakdown(run, field, this.#variants(run, request));
  };

  async #evidence(request: CompareRequest): Promise<string> {
    return (await this.compare(request)).best?.evidence ?? 'success rate of the last run';
  }

  /** The variants of a workflow go back into its file. */
  #completed(request: ApplyRequest): ApplyRequest {
    const file = this.#compared(request.compare).workflow;
    if (file === null) return request;
    const target = request.target ?? { file, key_path: null, node: 'draft' };
    return { ...request, variant: request.variant ?? 'evidence', target };
  }

  previewApply: Backend['previewApply'] = async (asked) => {
    const request = this.#completed(asked);
    const block = this.standing(request.target?.file ?? '');
    return previewApply(request, this.files, await this.#evidence(request.compare), block);
  };

  apply: Backend['apply'] = async (asked, targetHash) => {
    const request = this.#completed(asked);
    const preview = await this.previewApply(request);
    if (preview.target_hash !== targetHash)
      fail('conflict', `${preview.target.file} changed.`, 'Look at the diff again.');
    if (preview.block && !request.override_block?.trim())
      fail('conflict', `Deployment of ${preview.target.file} is blocked.`, 'Give a reason to apply it.');
    const row = this.applied.apply(request, this.files, preview.evidence, request.compare.runs);
    this.changed(row.target.file);
    return row;
  };

  undoApply = async (id: number) => {
    const row = this.applied.undo(id, this.files);
    this.changed(row.target.file);
    return row;
  };
  listApplied = async () => this.applied.rows;
  exportRun = async () => undefined;

  settings = async () => this.#settings;
  async saveSettings(settings: SettingsView['settings']) {
    this.#settings = { ...this.#settings, settings };
    return this.#settings;
  }

  #setKey(provider: string, key: 'keychain' | 'missing') {
    const providers = this.#settings.providers.map((one) =>
      one.provider === provider ? { ...one, key } : one,
    );
    this.#settings = { ...this.#settings, providers };
    return (
      providers.find((one) => one.provider === provider) ?? fail('not_found', `No provider ${provider}.`)
    );
  }

  setKey: Backend['setKey'] = async (provider) => this.#setKey(provider, 'keychain');
  deleteKey: Backend['deleteKey'] = async (provider) => this.#setKey(provider, 'missing');
  testProvider: Backend['testProvider'] = async (provider) =>
    provider === 'builtin'
      ? { ok: true, message: 'Answered in 3 ms.', models: ['lexical-1'] }
      : { ok: false, message: '401: the key was not accepted. Set another key.', models: [] };
  localServers: Backend['localServers'] = async () => [
    {
      name: 'Ollama',
      provider: 'ollama',
      base_url: 'http://localhost:11434',
      models: ['llama3.2:3b', 'qwen3:8b'],
    },
  ];
  doctor = async () => CHECKS;
}
