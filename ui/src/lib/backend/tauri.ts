/** The backend in the real window. The only file that knows Tauri. */
import { Channel, invoke } from '@tauri-apps/api/core';
import { getCurrentWebview } from '@tauri-apps/api/webview';
import { getCurrentWindow } from '@tauri-apps/api/window';
import { open, save } from '@tauri-apps/plugin-dialog';
import { load, type Store } from '@tauri-apps/plugin-store';
import type { Backend, Commands, Desktop, Notice } from './types';

/** Turns a promise of "stop listening" into a function that works even when called early. */
function later(listening: Promise<() => void>): () => void {
  let ended = false;
  let stop: (() => void) | undefined;
  void listening.then((unlisten) => {
    if (ended) unlisten();
    else stop = unlisten;
  });
  return () => {
    ended = true;
    stop?.();
  };
}

const commands: Commands = {
  openWorkspace: (path) => invoke('open_workspace', { path }),
  workspace: () => invoke('workspace'),
  listVariants: () => invoke('list_variants'),
  listCampaigns: () => invoke('list_campaigns'),
  listDatasets: () => invoke('list_datasets'),
  listWorkflows: () => invoke('list_workflows'),
  previewDataset: (path) => invoke('preview_dataset', { path }),

  listSubjects: () => invoke('list_subjects'),
  startTryOut: (subject) => invoke('start_try_out', { subject }),
  tryOut: () => invoke('try_out'),
  injectTryOut: (fault) => invoke('inject_try_out', { fault }),
  revertTryOut: () => invoke('revert_try_out'),
  closeTryOut: () => invoke('close_try_out'),
  listFaults: () => invoke('list_faults'),
  revertFault: (id) => invoke('revert_fault', { id }),
  sweep: () => invoke('sweep'),

  readFile: (path) => invoke('read_file', { path }),
  checkText: (kind, name, text) => invoke('check_text', { kind, name, text }),
  editText: (text, edits) => invoke('edit_text', { text, edits }),
  textValues: (text) => invoke('text_values', { text }),
  saveFile: (path, text, expectedHash) => invoke('save_file', { path, text, expectedHash }),
  renameFile: (path, name) => invoke('rename_file', { path, name }),
  deleteFile: (path) => invoke('delete_file', { path }),
  restoreFile: (id) => invoke('restore_file', { id }),
  schema: (kind) => invoke('schema', { kind }),
  variantVersions: (name) => invoke('variant_versions', { name }),

  previewImport: (paths) => invoke('preview_import', { paths }),
  importFiles: (decisions) => invoke('import_files', { decisions }),

  previewCampaign: (text, name) => invoke('preview_campaign', { text, name }),
  launch: (campaign, options) => invoke('launch', { campaign, options }),
  previewWorkflow: (workflow, launch) => invoke('preview_workflow', { workflow, launch }),
  launchWorkflow: (workflow, launch) => invoke('launch_workflow', { workflow, launch }),
  deployCheck: (workflow) => invoke('deploy_check', { workflow }),
  deployUnblock: (workflow, reason) => invoke('deploy_unblock', { workflow, reason }),
  pauseRun: (run) => invoke('pause_run', { run }),
  continueRun: (run) => invoke('continue_run', { run }),
  stopRun: (run) => invoke('stop_run', { run }),
  resumeRun: (run, options) => invoke('resume_run', { run, options }),
  retryFailed: (run) => invoke('retry_failed', { run }),

  listRuns: (campaign, offset, limit) => invoke('list_runs', { campaign, offset, limit }),
  runDetail: (run) => invoke('run_detail', { run }),
  deleteRun: (run) => invoke('delete_run', { run }),
  runMatrix: (run, offset, limit) => invoke('run_matrix', { run, offset, limit }),
  listTrials: (run, filter, offset, limit) => invoke('list_trials', { run, filter, offset, limit }),
  trialDetail: (run, key) => invoke('trial_detail', { run, key }),
  runEvents: (run, after) => invoke('run_events', { run, after }),

  listExperiments: (mlflowUri) => invoke('list_experiments', { mlflowUri }),
  mlflowState: () => invoke('mlflow_state'),
  openUrl: (url) => invoke('open_url', { url }),

  triageSwitch: () => invoke('triage_switch'),
  listTopics: () => invoke('list_topics'),
  previewTriage: (request) => invoke('preview_triage', { request }),
  createTriage: (request) => invoke('create_triage', { request }),
  listTriage: (offset, limit) => invoke('list_triage', { offset, limit }),
  triageDetail: (run) => invoke('triage_detail', { run }),
  triageItems: (run, order, search, offset, limit) =>
    invoke('triage_items', { run, order, search, offset, limit }),
  triageCalls: (run, offset, limit) => invoke('triage_calls', { run, offset, limit }),
  cancelTriage: (run) => invoke('cancel_triage', { run }),
  queueView: () => invoke('queue_view'),
  pauseQueue: () => invoke('pause_queue'),
  continueQueue: () => invoke('continue_queue'),
  emergencyStop: () => invoke('emergency_stop'),
  clearEmergencyStop: () => invoke('clear_emergency_stop'),
  drainQueue: () => invoke('drain_queue'),
  dropJob: (run) => invoke('drop_job', { run }),
  startQueueWorker: () => invoke('start_queue_worker'),

  httpState: () => invoke('http_state'),
  startHttp: (port) => invoke('start_http', { port }),
  stopHttp: () => invoke('stop_http'),

  compare: (request) => invoke('compare', { request }),
  drawCharts: (request) => invoke('draw_charts', { request }),
  saveChart: (request, kind, path) => invoke('save_chart', { request, kind, path }),
  listCases: (request, onlyDifferent, search, offset, limit) =>
    invoke('list_cases', { request, onlyDifferent, search, offset, limit }),
  caseAnswers: (request, caseIndex) => invoke('case_answers', { request, case: caseIndex }),
  breakdown: (request, field) => invoke('breakdown', { request, field }),

  previewApply: (request) => invoke('preview_apply', { request }),
  apply: (request, targetHash) => invoke('apply', { request, targetHash }),
  undoApply: (id) => invoke('undo_apply', { id }),
  listApplied: () => invoke('list_applied'),

  exportRun: (run, format, path) => invoke('export_run', { run, format, path }),

  settings: () => invoke('settings'),
  saveSettings: (settings) => invoke('save_settings', { settings }),
  setKey: (provider, key) => invoke('set_key', { provider, key }),
  deleteKey: (provider) => invoke('delete_key', { provider }),
  testProvider: (provider) => invoke('test_provider', { provider }),
  localServers: () => invoke('local_servers'),
  doctor: () => invoke('doctor'),
};

/** Web views that refuse the clipboard still copy what is selected. */
function copyBySelection(text: string): void {
  const field = document.createElement('textarea');
  field.value = text;
  (document.querySelector('dialog[open]') ?? document.body).append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  if (!copied) throw new Error('The text could not be copied: this system refuses the clipboard.');
}

let store: Promise<Store> | undefined;
const memory = () => (store ??= load('window.json', { defaults: {}, autoSave: 300 }));

const desktop: Desktop = {
  watch(callback) {
    const channel = new Channel<Notice>();
    channel.onmessage = callback;
    void invoke('watch', { channel });
    return () => (channel.onmessage = () => undefined);
  },
  onDrop(callback) {
    let paths: string[] = [];
    return later(
      getCurrentWebview().onDragDropEvent(({ payload }) => {
        if (payload.type === 'enter') paths = payload.paths;
        if (payload.type === 'leave') callback({ type: 'leave' });
        else if (payload.type === 'drop') callback({ type: 'drop', paths: payload.paths });
        else if (payload.type === 'enter') callback({ type: 'over', paths });
      }),
    );
  },
  onClose(callback) {
    return later(
      getCurrentWindow().onCloseRequested(async (event) => {
        if (!(await callback())) event.preventDefault();
      }),
    );
  },

  async openFiles(title, filters) {
    const chosen = await open({ title, filters, multiple: true });
    return chosen ?? [];
  },
  openFolder: (title) => open({ title, directory: true }),
  saveAs: (title, suggested, filters) => save({ title, filters, defaultPath: suggested }),

  setTheme: (theme) => getCurrentWindow().setTheme(theme === 'system' ? null : theme),
  copy: (text) => navigator.clipboard.writeText(text).catch(() => copyBySelection(text)),

  async remember(key, value) {
    await (await memory()).set(key, value);
  },
  async recall<T>(key: string) {
    return (await (await memory()).get<T>(key)) ?? null;
  },
};

export const tauri: Backend = { ...commands, ...desktop };
