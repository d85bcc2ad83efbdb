/** The window's only door to the program: one method a command, see "The edge" in ARCHITECTURE.md. */
import type { AppliedRow } from '$lib/bindings/AppliedRow';
import type { ApplyPreview } from '$lib/bindings/ApplyPreview';
import type { ApplyRequest } from '$lib/bindings/ApplyRequest';
import type { Breakdown } from '$lib/bindings/Breakdown';
import type { CampaignRow } from '$lib/bindings/CampaignRow';
import type { CaseAnswers } from '$lib/bindings/CaseAnswers';
import type { CaseRow } from '$lib/bindings/CaseRow';
import type { ChartKind } from '$lib/bindings/ChartKind';
import type { ChartRequest } from '$lib/bindings/ChartRequest';
import type { Check } from '$lib/bindings/Check';
import type { CompareRequest } from '$lib/bindings/CompareRequest';
import type { CompareView } from '$lib/bindings/CompareView';
import type { DatasetPreview } from '$lib/bindings/DatasetPreview';
import type { DatasetRow } from '$lib/bindings/DatasetRow';
import type { DeployCheck } from '$lib/bindings/DeployCheck';
import type { Diagnostic } from '$lib/bindings/Diagnostic';
import type { DrawnChart } from '$lib/bindings/DrawnChart';
import type { ExperimentRow } from '$lib/bindings/ExperimentRow';
import type { ExportFormat } from '$lib/bindings/ExportFormat';
import type { Fault } from '$lib/bindings/Fault';
import type { FaultRow } from '$lib/bindings/FaultRow';
import type { FileKind } from '$lib/bindings/FileKind';
import type { FileText } from '$lib/bindings/FileText';
import type { HttpState } from '$lib/bindings/HttpState';
import type { ImportDecision } from '$lib/bindings/ImportDecision';
import type { ImportItem } from '$lib/bindings/ImportItem';
import type { LaunchOptions } from '$lib/bindings/LaunchOptions';
import type { LocalServer } from '$lib/bindings/LocalServer';
import type { Matrix } from '$lib/bindings/Matrix';
import type { MlflowState } from '$lib/bindings/MlflowState';
import type { Notice } from '$lib/bindings/Notice';
import type { Page } from '$lib/bindings/Page';
import type { PlanPreview } from '$lib/bindings/PlanPreview';
import type { Provider } from '$lib/bindings/Provider';
import type { ProviderStatus } from '$lib/bindings/ProviderStatus';
import type { ProviderTest } from '$lib/bindings/ProviderTest';
import type { ProviderCall } from '$lib/bindings/ProviderCall';
import type { QueueView } from '$lib/bindings/QueueView';
import type { RunDetail } from '$lib/bindings/RunDetail';
import type { RunEvent } from '$lib/bindings/RunEvent';
import type { RunRow } from '$lib/bindings/RunRow';
import type { Settings } from '$lib/bindings/Settings';
import type { SettingsView } from '$lib/bindings/SettingsView';
import type { SubjectRow } from '$lib/bindings/SubjectRow';
import type { SweepReport } from '$lib/bindings/SweepReport';
import type { TextEdit } from '$lib/bindings/TextEdit';
import type { TopicRow } from '$lib/bindings/TopicRow';
import type { TrashedFile } from '$lib/bindings/TrashedFile';
import type { TriageDetail } from '$lib/bindings/TriageDetail';
import type { TriageItem } from '$lib/bindings/TriageItem';
import type { TriageOrder } from '$lib/bindings/TriageOrder';
import type { TriagePreview } from '$lib/bindings/TriagePreview';
import type { TriageRequest } from '$lib/bindings/TriageRequest';
import type { TriageRow } from '$lib/bindings/TriageRow';
import type { TriageSwitch } from '$lib/bindings/TriageSwitch';
import type { TrialDetail } from '$lib/bindings/TrialDetail';
import type { TrialFilter } from '$lib/bindings/TrialFilter';
import type { TrialKey } from '$lib/bindings/TrialKey';
import type { TrialRow } from '$lib/bindings/TrialRow';
import type { TryOut } from '$lib/bindings/TryOut';
import type { VariantRow } from '$lib/bindings/VariantRow';
import type { VariantVersion } from '$lib/bindings/VariantVersion';
import type { WorkflowLaunch } from '$lib/bindings/WorkflowLaunch';
import type { WorkflowRow } from '$lib/bindings/WorkflowRow';
import type { WorkspaceInfo } from '$lib/bindings/WorkspaceInfo';

/** Files dragged over the window, or dropped. */
export type DropEvent =
  { type: 'over'; paths: string[] } | { type: 'leave' } | { type: 'drop'; paths: string[] };

/** One choice of a file dialog. */
export interface FileFilter {
  name: string;
  extensions: string[];
}

/** A JSON Schema, as far as completion and hover read it. */
export interface JsonSchema {
  description?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
}

export type { HttpState, Notice };
export type ThemeChoice = 'light' | 'dark' | 'system';

/** What the program does for the window. Every method fails with a `ServiceError` object. */
export interface Commands {
  openWorkspace(path: string | null): Promise<WorkspaceInfo>;
  workspace(): Promise<WorkspaceInfo>;
  listVariants(): Promise<VariantRow[]>;
  listCampaigns(): Promise<CampaignRow[]>;
  listDatasets(): Promise<DatasetRow[]>;
  listWorkflows(): Promise<WorkflowRow[]>;
  listSubjects(): Promise<SubjectRow[]>;
  previewDataset(path: string): Promise<DatasetPreview>;

  readFile(path: string): Promise<FileText>;
  checkText(kind: FileKind, name: string, text: string): Promise<Diagnostic[]>;
  editText(text: string, edits: TextEdit[]): Promise<string>;
  /** The top-level values of a YAML text; empty where it can't be read. */
  textValues(text: string): Promise<Record<string, unknown>>;
  /** `expectedHash` is null for a file that must not exist yet. */
  saveFile(path: string, text: string, expectedHash: string | null): Promise<FileText>;
  renameFile(path: string, name: string): Promise<FileText>;
  deleteFile(path: string): Promise<TrashedFile>;
  restoreFile(id: string): Promise<FileText>;
  schema(kind: FileKind): Promise<JsonSchema>;
  variantVersions(name: string): Promise<VariantVersion[]>;

  previewImport(paths: string[]): Promise<ImportItem[]>;
  importFiles(decisions: ImportDecision[]): Promise<string[]>;

  previewCampaign(text: string, name: string): Promise<PlanPreview>;
  launch(campaign: string, options: LaunchOptions): Promise<RunRow>;
  /** `workflow` is the file's path relative to the workspace, here and below. */
  previewWorkflow(workflow: string, launch: WorkflowLaunch): Promise<PlanPreview>;
  launchWorkflow(workflow: string, launch: WorkflowLaunch): Promise<RunRow>;
  deployCheck(workflow: string): Promise<DeployCheck>;
  /** Lifts the block that stands; the history keeps it with the reason. */
  deployUnblock(workflow: string, reason: string): Promise<DeployCheck>;
  pauseRun(run: number): Promise<void>;
  continueRun(run: number): Promise<void>;
  stopRun(run: number): Promise<void>;
  resumeRun(run: number, options: LaunchOptions): Promise<RunRow>;
  retryFailed(run: number): Promise<RunRow>;

  listRuns(campaign: string | null, offset: number, limit: number): Promise<Page<RunRow>>;
  runDetail(run: number): Promise<RunDetail>;
  deleteRun(run: number): Promise<void>;
  runMatrix(run: number, offset: number, limit: number): Promise<Matrix>;
  listTrials(run: number, filter: TrialFilter, offset: number, limit: number): Promise<Page<TrialRow>>;
  trialDetail(run: number, key: TrialKey): Promise<TrialDetail>;
  runEvents(run: number, after: number): Promise<RunEvent[]>;

  /** Starts a subject by hand; one at a time. News come as `try_out` notices. */
  startTryOut(subject: string): Promise<TryOut>;
  tryOut(): Promise<TryOut | null>;
  injectTryOut(fault: Fault): Promise<TryOut>;
  revertTryOut(): Promise<TryOut>;
  closeTryOut(): Promise<null>;
  /** Faults that may still be in force. */
  listFaults(): Promise<FaultRow[]>;
  /** Undoes one; the result is what is still open. */
  revertFault(id: number): Promise<FaultRow[]>;
  /** Finds and removes what a crash left behind. */
  sweep(): Promise<SweepReport>;

  /** Of this workspace for null, else of the MLflow store at the address. */
  listExperiments(mlflowUri: string | null): Promise<ExperimentRow[]>;
  mlflowState(): Promise<MlflowState>;
  /** Opens a page in the system's browser. */
  openUrl(url: string): Promise<void>;

  /** Whether triage tests may be made; this never refuses, all others of triage do while they are off. */
  triageSwitch(): Promise<TriageSwitch>;
  listTopics(): Promise<TopicRow[]>;
  previewTriage(request: TriageRequest): Promise<TriagePreview>;
  createTriage(request: TriageRequest): Promise<TriageRow>;
  listTriage(offset: number, limit: number): Promise<Page<TriageRow>>;
  triageDetail(run: number): Promise<TriageDetail>;
  triageItems(
    run: number,
    order: TriageOrder,
    search: string | null,
    offset: number,
    limit: number,
  ): Promise<Page<TriageItem>>;
  triageCalls(run: number, offset: number, limit: number): Promise<Page<ProviderCall>>;
  cancelTriage(run: number): Promise<TriageRow>;
  queueView(): Promise<QueueView>;
  pauseQueue(): Promise<QueueView>;
  continueQueue(): Promise<QueueView>;
  emergencyStop(): Promise<QueueView>;
  clearEmergencyStop(): Promise<QueueView>;
  /** Drops all that wait. */
  drainQueue(): Promise<QueueView>;
  dropJob(run: number): Promise<QueueView>;
  /** This program works on the queue until it ends; nothing more when it does already. */
  startQueueWorker(): Promise<void>;

  httpState(): Promise<HttpState>;
  /** `null`: the port that is free and known. */
  startHttp(port: number | null): Promise<HttpState>;
  stopHttp(): Promise<HttpState>;

  compare(request: CompareRequest): Promise<CompareView>;
  drawCharts(request: ChartRequest): Promise<DrawnChart[]>;
  /** The extension of `path` decides: svg or png. */
  saveChart(request: ChartRequest, kind: ChartKind, path: string): Promise<void>;
  listCases(
    request: CompareRequest,
    onlyDifferent: boolean,
    search: string,
    offset: number,
    limit: number,
  ): Promise<Page<CaseRow>>;
  caseAnswers(request: CompareRequest, caseIndex: number): Promise<CaseAnswers>;
  breakdown(request: CompareRequest, field: string): Promise<Breakdown>;

  previewApply(request: ApplyRequest): Promise<ApplyPreview>;
  apply(request: ApplyRequest, targetHash: string): Promise<AppliedRow>;
  undoApply(id: number): Promise<AppliedRow>;
  listApplied(): Promise<AppliedRow[]>;

  exportRun(run: number, format: ExportFormat, path: string): Promise<void>;

  settings(): Promise<SettingsView>;
  saveSettings(settings: Settings): Promise<SettingsView>;
  setKey(provider: Provider, key: string): Promise<ProviderStatus>;
  deleteKey(provider: Provider): Promise<ProviderStatus>;
  testProvider(provider: Provider): Promise<ProviderTest>;
  localServers(): Promise<LocalServer[]>;
  doctor(): Promise<Check[]>;
}

/** What the desktop around the window does. */
export interface Desktop {
  /** Starts the stream of news; the result ends it. */
  watch(callback: (notice: Notice) => void): () => void;
  onDrop(callback: (event: DropEvent) => void): () => void;
  /** Calls back before the window closes; `false` keeps it open. */
  onClose(callback: () => boolean | Promise<boolean>): () => void;

  openFiles(title: string, filters: FileFilter[]): Promise<string[]>;
  openFolder(title: string): Promise<string | null>;
  saveAs(title: string, suggested: string, filters: FileFilter[]): Promise<string | null>;

  setTheme(theme: ThemeChoice): Promise<void>;
  copy(text: string): Promise<void>;

  /** Small things that the window remembers between starts. */
  remember(key: string, value: unknown): Promise<void>;
  recall<T>(key: string): Promise<T | null>;
}

export type Backend = Commands & Desktop;
