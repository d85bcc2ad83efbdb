/** What the command palette finds, and how it ranks. */
import { keysFor } from '$lib/state/shortcuts';
import type { App } from '$lib/state/app.svelte';
import { togglePause } from '$lib/shell/keys';
import { askEmergencyStop } from '$lib/triage/stop';
import { testState, windowText } from '$lib/triage/words';
import { PLACES } from '$lib/shell/places';

export interface Entry {
  key: string;
  group: 'Commands' | 'Variants' | 'Campaigns' | 'Workflows' | 'Subjects' | 'Triage' | 'Runs' | 'Trials';
  label: string;
  detail: string;
  run: () => void;
}

/** Commands that work everywhere. */
export function commandEntries(app: App): Entry[] {
  const command = (label: string, keys: string, run: () => void): Entry => ({
    key: `command:${label}`,
    group: 'Commands',
    label,
    detail: keysFor(keys),
    run,
  });
  return [
    ...PLACES.map(({ name, label }, index) =>
      command(`Go to ${label}`, `Mod+${index + 1}`, () => app.navigation.go(name)),
    ),
    command('Go to Workflows', '', () => app.navigation.openSection('workflows')),
    command('Go to Experiments', '', () => app.navigation.openSection('experiments')),
    ...triageCommands(app).map(([label, run]) => command(label, '', run)),
    command('Import files…', 'Mod+O', () => void app.chooseImport()),
    command('Pause or resume the run', 'Mod+Shift+P', () => void togglePause(app)),
    command('Apply best prompt…', '', () => (app.sheet = { kind: 'apply' })),
    ...labCommands(app).map(([label, run]) => command(label, '', run)),
    command('Light theme', '', () => app.theme.choose('light')),
    command('Dark theme', '', () => app.theme.choose('dark')),
    command('Follow the system’s theme', '', () => app.theme.choose('system')),
    command('Keyboard shortcuts', '?', () => (app.sheet = { kind: 'shortcuts' })),
    command('Open another workspace…', '', () => void chooseWorkspace(app)),
  ];
}

/** Triage tests; what stops them is there only where they are on. */
function triageCommands(app: App): [string, () => void][] {
  const { navigation, triage } = app;
  const shown = (work: () => void) => () => {
    navigation.openTriage('list');
    work();
  };
  const goTo: [string, () => void] = ['Go to Triage', () => navigation.openTriage('list')];
  const queue = triage.queue.value;
  if (!triage.enabled || !queue) return [goTo];
  return [
    goTo,
    ['New triage test…', () => navigation.openTriage('new')],
    ['Go to Topics', () => navigation.openTriage('topics')],
    queue.paused
      ? ['Continue the triage queue', shown(() => void triage.continue())]
      : ['Pause the triage queue', shown(() => void triage.pause())],
    queue.emergency_stop
      ? ['Clear the emergency stop', shown(() => void triage.clearStop())]
      : ['Emergency stop of triage tests…', shown(() => void askEmergencyStop(app))],
  ];
}

/** What can be ended from everywhere. */
function labCommands({ lab, navigation }: App): [string, () => void][] {
  const shown = (work: () => Promise<void>) => () => {
    navigation.go('subjects');
    void work();
  };
  return [
    ...(lab.tryOut?.fault ? [['Revert the fault now', shown(lab.revert)] as [string, () => void]] : []),
    ...(lab.tryOut
      ? [[`Remove the tried subject ${lab.tryOut.subject}`, shown(lab.close)] as [string, () => void]]
      : []),
    ['Clean up leftovers of faults', shown(() => lab.sweep())],
  ];
}

export async function chooseWorkspace(app: App): Promise<void> {
  const path = await app.attempt(() => app.backend.openFolder('Open a workspace'));
  if (path) await app.openWorkspace(path);
}

/** Variants, campaigns, workflows, subjects and runs of the workspace. */
export async function workspaceEntries(app: App): Promise<Entry[]> {
  const { backend, navigation } = app;
  const off = { rows: [] };
  const [variants, campaigns, workflows, subjects, topics, tests, runs] = await Promise.all([
    backend.listVariants().catch(() => []),
    backend.listCampaigns().catch(() => []),
    backend.listWorkflows().catch(() => []),
    backend.listSubjects().catch(() => []),
    app.triage.enabled ? backend.listTopics().catch(() => []) : [],
    app.triage.enabled ? backend.listTriage(0, 50).catch(() => off) : off,
    backend.listRuns(null, 0, 50).catch(() => off),
  ]);
  const isTest = new Set(tests.rows.map((row) => row.run));
  return [
    ...variants.map<Entry>(({ name, path, variant }) => ({
      key: `variant:${path}`,
      group: 'Variants',
      label: name,
      detail: variant?.model ?? 'has errors',
      run: () => navigation.openVariant(path),
    })),
    ...campaigns.map<Entry>(({ name, campaign }) => ({
      key: `campaign:${name}`,
      group: 'Campaigns',
      label: name,
      detail: campaign
        ? (campaign.triage?.topic ?? campaign.lab?.subjects.join(', ') ?? campaign.dataset)
        : '',
      run: () => navigation.openCampaign(name),
    })),
    ...workflows.map<Entry>(({ name, path, workflow }) => ({
      key: `workflow:${path}`,
      group: 'Workflows',
      label: name,
      detail: workflow ? (workflow.description ?? '') : 'has errors',
      run: () => navigation.openWorkflow(path),
    })),
    ...subjects.map<Entry>(({ name, path, subject, is_ready }) => ({
      key: `subject:${path}`,
      group: 'Subjects',
      label: name,
      detail: subject === null ? 'has errors' : is_ready ? 'ready' : 'something is missing',
      run: () => navigation.openSubject(path),
    })),
    ...topics.map<Entry>(({ name, path, topic }) => ({
      key: `topic:${path}`,
      group: 'Triage',
      label: name,
      detail: topic ? (topic.description ?? 'topic') : 'topic, has errors',
      run: () => navigation.openTopic(path),
    })),
    ...tests.rows.map<Entry>((row) => ({
      key: `triage:${row.run}`,
      group: 'Triage',
      label: `#${row.run} ${row.topic}`,
      detail: `${testState(row)[0]}, ${windowText(row.window)}`,
      run: () => navigation.openTriage(row.run),
    })),
    ...runs.rows
      .filter((row) => !isTest.has(row.id))
      .map<Entry>(({ id, campaign, state }) => ({
        key: `run:${id}`,
        group: 'Runs',
        label: `#${id} ${campaign}`,
        detail: state,
        run: () => navigation.openRun(campaign, id),
      })),
  ];
}

/** Trials whose case id contains the text, of the run that is open or the newest one. */
export async function trialEntries(app: App, text: string): Promise<Entry[]> {
  if (text.length < 2) return [];
  const run = app.navigation.place.run ?? app.runs.rows[0]?.id;
  if (run === undefined) return [];
  const filter = { outcomes: [], variant: null, case: null, search: text };
  const page = await app.backend.listTrials(run, filter, 0, 8).catch(() => ({ rows: [] }));
  return page.rows.map((row) => ({
    key: `trial:${run}/${row.number}`,
    group: 'Trials',
    label: `${row.case_id} · ${row.variant}`,
    detail: `#${run}, ${row.outcome}`,
    run: () => app.navigation.openTrial(run, row.key),
  }));
}

/** All words must occur; entries that begin with the text come first. */
export function matching(entries: Entry[], text: string): Entry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (entry: Entry): number => {
    const label = entry.label.toLowerCase();
    const all = `${label} ${entry.group.toLowerCase()} ${entry.detail.toLowerCase()}`;
    if (!words.every((word) => all.includes(word))) return -1;
    if (label.startsWith(words[0] ?? '')) return 3;
    return words.every((word) => label.includes(word)) ? 2 : 1;
  };
  return entries
    .map((entry, index) => ({ entry, index, rank: rank(entry) }))
    .filter((one) => one.rank >= 0)
    .sort((a, b) => (words.length ? b.rank - a.rank : 0) || a.index - b.index)
    .map((one) => one.entry);
}
