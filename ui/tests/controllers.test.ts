import { describe, expect, it } from 'vitest';
import { Apply } from '$lib/apply/apply.svelte';
import { FakeBackend } from '$lib/backend/fake';
import { Builder } from '$lib/campaigns/builder.svelte';
import { Compare } from '$lib/compare/compare.svelte';
import { SCORECARD, sortedBy } from '$lib/compare/summary';
import { Import } from '$lib/import/import.svelte';
import { matching, workspaceEntries } from '$lib/palette/entries';
import { cellKey, Run } from '$lib/runs/run.svelte';
import { timelineBars } from '$lib/runs/timeline';
import { TrialList } from '$lib/runs/trials.svelte';
import { App } from '$lib/state/app.svelte';
import { ofRuns } from '$lib/state/navigation.svelte';
import { Variants } from '$lib/variants/variants.svelte';
import { settle } from './helpers';

const PATH = 'variants/default.yaml';

async function start() {
  const backend = new FakeBackend();
  const app = new App(backend);
  app.watch();
  await app.start();
  return { backend, app };
}

describe('variants', () => {
  it('duplicates under a free name, and deletes with Undo', async () => {
    const { backend, app } = await start();
    const variants = new Variants(app);
    await variants.load();
    variants.select(PATH);
    await settle();
    await variants.duplicate();
    const copy = 'variants/default-copy.yaml';
    expect(backend.files.read(copy).text).toContain('name: default-copy');
    await variants.trash();
    expect(backend.files.texts.has(copy)).toBe(false);
    await app.toasts.list.at(-1)?.action?.run();
    expect(backend.files.texts.has(copy)).toBe(true);
  });

  it('does not rename over another file', async () => {
    const { backend, app } = await start();
    const variants = new Variants(app);
    await variants.load();
    variants.select(PATH);
    await settle();
    await variants.rename('examples');
    expect(backend.files.texts.has(PATH)).toBe(true);
    expect(app.toasts.list.at(-1)?.tone).toBe('bad');
  });
});

describe('the campaign builder', () => {
  async function builder() {
    const all = await start();
    const made = new Builder(all.app, 'campaigns/tickets.yaml');
    await settle();
    await made.form.read(made.editor.text);
    await made.replan(made.editor.text);
    return { ...all, builder: made };
  }

  it('plans the text and can be launched without a question when nothing is charged', async () => {
    const { backend, app, builder: made } = await builder();
    expect([made.plan?.trials, made.canLaunch]).toEqual([360, true]);
    await made.launch();
    expect(app.question).toBeNull();
    expect(backend.runs[0]?.state).toBe('running');
    expect(app.navigation.place.run).toBe(3);
    backend.runs.forEach((run) => (run.state = 'stopped'));
  });

  it('asks when money is at stake, and launches nothing on no', async () => {
    const { backend, app, builder: made } = await builder();
    backend.files.texts.set(PATH, 'name: default\nprovider: openai\nmodel: gpt-5\n');
    await made.replan(made.editor.text);
    const launching = made.launch();
    await settle(2);
    expect(app.question?.text).toContain('360 trials');
    app.question?.answer(false);
    await launching;
    expect(backend.runs.length).toBe(2);
  });

  it('names what stops it', async () => {
    const { builder: made } = await builder();
    await made.toggleVariant('examples');
    made.editor.type(
      made.editor.text.replace('variants: [default, definitions]', 'variants: [default, gone]'),
    );
    await made.replan(made.editor.text);
    expect(made.canLaunch).toBe(false);
    expect(made.blockers.map((finding) => finding.message)).toContain('there is no variant “gone”');
  });
});

describe('a run', () => {
  it('fills its heat map from the news', async () => {
    const { backend, app } = await start();
    await backend.launch('tickets');
    const live = backend.runs[0]!;
    const run = new Run(app, live.id);
    const stop = run.start();
    await settle();
    const before = run.cells.size;
    backend.emit(live.advance(30));
    expect(run.cells.size).toBeGreaterThan(before);
    const key = live.key(0);
    expect(run.cells.get(cellKey(key.case, key.variant))?.done).toBe(1);
    expect(run.done).toBe(live.done);
    stop();
    live.state = 'stopped';
  });

  it('ignores news that are older than what it knows', async () => {
    const { backend, app } = await start();
    const run = backend.runs[0]!;
    const [older, newer] = [run.progress(), run.progress()];
    app.hear(newer);
    app.hear(older);
    expect(app.runs.progress.get(run.id)?.sequence).toBe((newer as { sequence: number }).sequence);
  });

  it('filters trials by outcome, variant and case', async () => {
    const { app } = await start();
    const trials = new TrialList(app, 2);
    trials.show({ outcomes: ['fail'], variant: 0, case: null, search: null });
    await settle();
    const row = trials.rows.row(0);
    expect([row?.outcome, row?.variant]).toEqual(['fail', 'default']);
    const failed = trials.rows.total;
    trials.clear();
    await settle();
    expect(trials.rows.total).toBeGreaterThan(failed);
  });

  it('draws attempts and waiting on one axis', async () => {
    const { backend } = await start();
    const detail = await backend.trialDetail(2, { case: 4, variant: 0, repetition: 0 });
    const bars = timelineBars(detail);
    expect(bars.map((bar) => bar.failed)).toEqual([true, false]);
    expect(bars[1]!.left).toBeGreaterThan(bars[0]!.left + bars[0]!.width);
  });
});

describe('comparing', () => {
  it('opens on the newest run, and a click changes the baseline', async () => {
    const { app } = await start();
    const compare = new Compare(app);
    await compare.start();
    expect(compare.view.value?.runs).toEqual([2]);
    compare.setBaseline('examples');
    await settle();
    expect(compare.view.value?.comparison.baseline).toBe(2);
  });

  it('hides variants, but never all', async () => {
    const { app } = await start();
    const compare = new Compare(app);
    await compare.start();
    for (const name of ['default', 'definitions', 'examples']) compare.toggleVariant(name);
    expect(compare.request.variants).toEqual(['examples']);
  });

  it('sorts by a metric with unknown values last', async () => {
    const { backend } = await start();
    const { comparison } = await backend.compare(ofRuns([2]));
    const line = SCORECARD.find((one) => one.key === 'latency');
    const [first, ...rest] = comparison.variants;
    const unknown = {
      ...first!,
      latency_ms: { ...first!.latency_ms, mean: { ...first!.latency_ms.mean, value: null } },
    };
    expect(sortedBy([unknown, ...rest], line).map((one) => one.name)).toEqual([
      'definitions',
      'examples',
      'default',
    ]);
  });
});

describe('applying', () => {
  it('writes what was shown and offers Undo, which restores the bytes', async () => {
    const { backend, app } = await start();
    const before = backend.files.read(PATH).text;
    app.navigation.compare = ofRuns([2]);
    const apply = new Apply(app);
    await apply.start();
    expect(apply.preview.value?.variant).toBe('examples');
    expect(await apply.apply()).toBe(true);
    expect(backend.files.read(PATH).text).toContain('Examples:');
    await app.toasts.list.at(-1)?.action?.run();
    expect(backend.files.read(PATH).text).toBe(before);
  });

  it('writes no model or parameter unless it is ticked', async () => {
    const { backend, app } = await start();
    app.navigation.compare = ofRuns([2]);
    const apply = new Apply(app);
    await apply.start();
    await apply.apply();
    expect(backend.files.read(PATH).text).toContain('pace_ms: 40');
    apply.toggleAlso('pace_ms');
    await settle();
    await apply.apply();
    expect(backend.files.read(PATH).text).toContain('pace_ms: 60');
  });

  it('refuses a target that changed, and shows the new diff', async () => {
    const { backend, app } = await start();
    app.navigation.compare = ofRuns([2]);
    const apply = new Apply(app);
    await apply.start();
    backend.files.texts.set(PATH, 'name: default\nmodel: other\n');
    expect(await apply.apply()).toBe(false);
    expect(apply.error?.code).toBe('conflict');
    expect(backend.files.read(PATH).text).toBe('name: default\nmodel: other\n');
  });
});

describe('importing', () => {
  const PATHS = ['/x/terse.yaml', '/x/examples.yaml', '/x/broken.yaml'];

  it('writes nothing before Import, and never a file with errors', async () => {
    const { backend, app } = await start();
    const before = [...backend.files.texts.keys()];
    const sheet = new Import(app, PATHS);
    await sheet.load();
    expect([...backend.files.texts.keys()]).toEqual(before);
    expect(sheet.decisions.map((one) => one.choice)).toEqual(['import', 'keep_both', 'skip']);
    expect(await sheet.import()).toBe(true);
    expect([...backend.files.texts.keys()].slice(before.length)).toEqual([
      'variants/terse.yaml',
      'variants/examples-2.yaml',
    ]);
  });

  it('opens a file with errors in the editor, unsaved', async () => {
    const { backend, app } = await start();
    const sheet = new Import(app, PATHS);
    await sheet.load();
    sheet.mend(sheet.items.value![2]!);
    const editor = app.editors.get('variants/broken.yaml', 'variant');
    expect([editor.dirty, editor.hasErrors, backend.files.texts.has('variants/broken.yaml')]).toEqual([
      true,
      true,
      false,
    ]);
    editor.type(editor.text.replace('modle', 'model'));
    expect(await editor.save()).toBe(true);
    expect(backend.files.read('variants/broken.yaml').diagnostics).toEqual([]);
  });
});

describe('the palette', () => {
  it('finds variants, campaigns and runs by words in any order', async () => {
    const { app } = await start();
    const entries = await workspaceEntries(app);
    expect(matching(entries, 'tickets #1')[0]?.key).toBe('run:1');
    expect(matching(entries, 'exam').map((entry) => entry.key)).toEqual([
      'variant:variants/examples.yaml',
      'workflow:workflows/mlflow_example.yaml',
    ]);
    expect(matching(entries, 'nothing like this')).toEqual([]);
  });
});
