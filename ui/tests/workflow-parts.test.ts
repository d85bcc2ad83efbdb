import { describe, expect, it } from 'vitest';
import { FakeBackend } from '$lib/backend/fake';
import type { Gate } from '$lib/bindings/Gate';
import type { GateResult } from '$lib/bindings/GateResult';
import type { Program } from '$lib/bindings/Program';
import { nearestRankText, SCORECARD } from '$lib/compare/summary';
import { metricValue } from '$lib/format/metric';
import { boundText, gateLines, gatesText, gateValue, metricOf, worst } from '$lib/gates/gates';
import { stepBars, stepLabel } from '$lib/runs/steps';
import { askedFields, parseInput, typeText } from '$lib/workflows/field-type';
import { graphOf, neighbour, place } from '$lib/workflows/graph';
import { promptDiff } from '$lib/workflows/prompt-diff';
import { testedNodes } from '$lib/workflows/variants';

async function example() {
  const rows = await new FakeBackend('workflows').listWorkflows();
  return rows[0]!.workflow!;
}

const program = (nodes: string[], edges: Program['edges']): Program => ({
  state: [],
  nodes: nodes.map((id) => ({ id }) as Program['nodes'][number]),
  edges,
  runner: null,
});

describe('the graph of a workflow', () => {
  it('has every node between START and END, from left to right, without overlap', async () => {
    const { nodes } = place(graphOf((await example()).program));
    expect(nodes.map((node) => node.id)).toEqual(['START', 'triage', 'draft', 'review', 'END']);
    for (const [left, right] of nodes.slice(1).map((node, index) => [nodes[index]!, node] as const)) {
      expect(left.x + left.width / 2).toBeLessThan(right.x - right.width / 2);
    }
  });

  it('labels routes with their condition, and the last one', async () => {
    const { edges } = graphOf((await example()).program);
    const routes = edges.filter((edge) => edge.from === 'triage');
    expect(routes.map(({ to, kind, label }) => [to, kind, label])).toEqual([
      ['END', 'route', 'state.severity <= 1 and not state.urgency > 3'],
      ['draft', 'default', 'otherwise'],
    ]);
    expect(place(graphOf((await example()).program)).edges[1]?.labelAt).not.toBeNull();
  });

  it('marks a loop on its node and leaves it by the exit', async () => {
    const graph = graphOf((await example()).program);
    expect(graph.nodes.find((node) => node.id === 'review')?.repeats).toBe(3);
    const exit = graph.edges.find((edge) => edge.from === 'review');
    expect([exit?.to, exit?.kind]).toEqual(['END', 'exit']);
    expect(exit?.sentence).toContain('at most 3 times');
  });

  it('stacks the node that runs once for each item', () => {
    const parallel = { items_field: 'hosts', target_node: 'probe', collect_field: 'found' };
    const graph = graphOf(
      program(
        ['list', 'probe'],
        [
          { from: 'START', next: { to: 'list' } },
          { from: 'list', next: { parallel } },
          { from: 'probe', next: { to: 'END' } },
        ],
      ),
    );
    expect(graph.nodes.filter((node) => node.stacked).map((node) => node.id)).toEqual(['probe']);
    expect(graph.edges[1]?.label).toBe('each of hosts');
  });

  it('draws two routes to one node as two lines, and drops a route to nowhere', () => {
    const routes = [
      { condition: 'a', to: 'two' },
      { condition: 'b', to: 'two' },
      { condition: null, to: 'gone' },
    ];
    const { edges } = place(graphOf(program(['one', 'two'], [{ from: 'one', next: { routes } }])));
    expect(edges.length).toBe(2);
    expect(new Set(edges.map((edge) => edge.path)).size).toBe(2);
  });

  it('leads arrow keys to the nearest node on that side', async () => {
    const boxes = place(graphOf((await example()).program)).nodes;
    expect(neighbour(boxes, 'triage', 'ArrowRight')).toBe('draft');
    expect(neighbour(boxes, 'review', 'ArrowLeft')).toBe('draft');
    expect(neighbour(boxes, 'START', 'ArrowLeft')).toBe('START');
    expect(neighbour(boxes, 'draft', 'a')).toBe('draft');
  });

  it('knows which variants change which node', async () => {
    const tested = testedNodes(await example());
    expect([...tested]).toEqual([
      [
        'draft',
        [
          { name: 'current', index: 0 },
          { name: 'evidence', index: 1 },
        ],
      ],
    ]);
  });
});

describe('inputs', () => {
  it('asks for fields that are required and have no value of their own', async () => {
    const fields = askedFields((await example()).program);
    expect(fields.map((field) => field.name)).toEqual(['ticket', 'urgency', 'known_hosts']);
  });

  it.each([
    ['str' as const, ' 12 ', ' 12 '],
    ['int' as const, ' 12 ', 12],
    ['float' as const, '-0.5', -0.5],
    ['bool' as const, 'false', false],
    [{ list: 'str' as const }, '["a", "b"]', ['a', 'b']],
    [{ list: null }, '[1, "b"]', [1, 'b']],
    [{ dict: 'int' as const }, '{"a": 1}', { a: 1 }],
    [{ object: [['a', 'bool']] as [string, 'bool'][] }, '{"a": true}', { a: true }],
  ])('reads %j from %j', (kind, typed, value) => {
    expect(parseInput(kind, typed)).toEqual({ value });
  });

  it.each([
    ['str' as const, '  ', 'This is needed: a text.'],
    ['int' as const, '1.5', 'This must be a whole number.'],
    ['int' as const, '12345678901234567890', 'This must be a whole number.'],
    ['float' as const, 'many', 'This must be a number.'],
    ['bool' as const, 'yes', 'This must be true or false.'],
    [{ list: 'int' as const }, 'a', 'This is not JSON. It must be a list, such as ["a", "b"].'],
    [{ list: 'int' as const }, '{}', 'This must be a list, such as ["a", "b"].'],
    [{ list: 'int' as const }, '[1, "b"]', '[1] must be a whole number.'],
    [{ dict: { list: 'str' as const } }, '{"a": ["x", 1]}', 'a[1] must be a text.'],
    [{ object: [['a', 'str']] as [string, 'str'][] }, '{}', 'a is missing; it must be a text.'],
  ])('refuses %j for %j', (kind, typed, problem) => {
    expect(parseInput(kind, typed)).toEqual({ problem });
  });

  it('writes types as a file does', () => {
    expect(typeText({ dict: { list: 'str' } })).toBe('dict[str, list[str]]');
    expect(typeText({ object: [['a', { list: null }]] })).toBe('object{a: list}');
  });
});

describe('prompts', () => {
  it('are compared word by word, and both texts come out again', async () => {
    const workflow = await example();
    const before = workflow.program.nodes[1]!.prompt;
    const after = workflow.ab_test!.variants[1]!.prompt!;
    const parts = promptDiff(before, after);
    const text = (sign: string) =>
      parts
        .filter(([own]) => own === ' ' || own === sign)
        .map(([, part]) => part)
        .join('');
    expect([text('-'), text('+')]).toEqual([before, after]);
    expect(promptDiff('same', 'same')).toEqual([[' ', 'same']]);
  });
});

describe('gates', () => {
  const gate = (part: Partial<Gate>): Gate => ({
    name: 'g',
    description: null,
    metric: 'success_rate',
    max: null,
    min: null,
    action: 'warn',
    on: 'variant',
    decide: 'point',
    ...part,
  });
  const result = (of: Gate, variant: string, verdict: GateResult['verdict']): GateResult => ({
    gate: of,
    variant,
    verdict,
    actual: 1,
    interval: null,
    n: 3,
    sentence: '',
  });

  it.each([
    ['latency_ms_p95', 'latency_ms', 'p95'],
    ['avg_cost_usd', 'cost_usd', 'avg'],
    ['tokens', 'total_tokens', null],
    ['quality', null, null],
  ])('read the metric %s', (name, metric, aggregate) => {
    expect(metricOf(name)).toEqual({ metric, aggregate });
  });

  it('write bounds and values in the unit of their metric', () => {
    expect(boundText(gate({ min: 0.8 }))).toBe('Success rate at least 80.0\u202f%');
    expect(boundText(gate({ metric: 'latency_ms_p95', max: 2000, on: 'trial' }))).toBe(
      'Latency p95 at most 2.00\u202fs in every trial',
    );
    expect(gateValue(gate({ on: 'difference' }), -0.05)).toBe('−5.0\u202fpp');
    expect(gateValue(gate({ metric: 'quality' }), 0.1 + 0.2)).toBe('0.3');
    expect(gateValue(gate({}), null)).toBe('—');
  });

  it('are one line each, those that were not checked too, and the worst verdict counts', () => {
    const [a, b] = [gate({ name: 'a' }), gate({ name: 'b' })];
    const results = [result(a, 'x', 'pass'), result(a, 'y', 'cannot_tell')];
    expect(gateLines(results, [a, b]).map((line) => line.results.length)).toEqual([2, 0]);
    expect(worst(results)).toBe('cannot_tell');
    expect(gatesText(results, [a, b])).toBe('1 of 2 gates cannot be told');
    expect(gatesText([...results, result(b, 'x', 'fail')])).toBe('1 of 2 gates fails');
    expect(gatesText([result(a, 'x', 'pass')])).toBe('The gate passes');
    expect(gatesText([], [a])).toBe('1 gate, not checked yet');
  });
});

describe('percentiles by nearest rank', () => {
  it('are told only where they are shown with another number', async () => {
    const backend = new FakeBackend('workflows');
    const view = await backend.compare({
      runs: [3],
      experiment: null,
      variants: [],
      baseline: null,
      metric: null,
      resampling: false,
    });
    const summary = view.comparison.variants[0]!;
    const line = SCORECARD.find(({ key }) => key === 'latency_p95')!;
    const rank = (value: number) => ({
      ...summary,
      latency_ms: { ...summary.latency_ms, nearest_rank: { p50: value, p90: value, p95: value, p99: value } },
    });
    expect(nearestRankText(line, rank(summary.latency_ms.p95.value!))).toBeUndefined();
    expect(nearestRankText(line, rank(90_000))).toBe(metricValue('latency_ms', 90_000));
    expect(nearestRankText(SCORECARD[0]!, rank(90_000))).toBeUndefined();
  });
});

describe('steps', () => {
  it('lie on one axis, one after the other, with iterations where there are several', async () => {
    const backend = new FakeBackend('workflows');
    const trial = await backend.trialDetail(3, { case: 0, variant: 0, repetition: 1 });
    const bars = stepBars(trial);
    expect(bars.map((bar) => bar.label)).toEqual(['triage', 'draft', 'review 1', 'review 2']);
    bars.slice(1).forEach((bar, index) => {
      const before = bars[index]!;
      expect(bar.left).toBeGreaterThanOrEqual(before.left + before.width - 0.005);
    });
    expect(bars.at(-1)!.left + bars.at(-1)!.width).toBeLessThanOrEqual(1.005);
  });

  it('name the item of a parallel node from 1', async () => {
    const backend = new FakeBackend('workflows');
    const [step] = (await backend.trialDetail(3, { case: 0, variant: 0, repetition: 0 })).steps;
    expect(stepLabel({ ...step!, item: 0 }, [step!])).toBe('triage [1]');
  });
});
