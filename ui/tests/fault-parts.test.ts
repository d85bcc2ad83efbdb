import { describe, expect, it } from 'vitest';
import type { Fault } from '$lib/bindings/Fault';
import type { Outcome } from '$lib/bindings/Outcome';
import type { FaultTrial } from '$lib/bindings/FaultTrial';
import { faultDetail } from '$lib/backend/fake/fault-trials';
import { FakeFaultRun } from '$lib/backend/fake/fault-run';
import { sampleOf } from '$lib/backend/fake/health';
import { plannedOf } from '$lib/backend/fake/lab';
import { folded, measures, offset, stateChange, auditText, cellOf } from '$lib/faults/fault-trial';
import { faultText, undoText, variantLabel } from '$lib/format/fault';
import { higherIsBetter, metricDifference, metricLabel, metricValue } from '$lib/format/metric';
import { seconds } from '$lib/format/numbers';
import { boundText, metricOf } from '$lib/gates/gates';
import { caseWidth } from '$lib/runs/cells';
import { faultOf, problemsOf, startInput } from '$lib/subjects/fault-form';
import { ceiling, nodesOf, trace } from '$lib/subjects/health';
import type { Gate } from '$lib/bindings/Gate';

const thin = (text: string) => text.replaceAll('\u202f', ' ');

describe('faults in words', () => {
  it('name their parameters', () => {
    const latency: Fault = { kind: 'latency', target: 'any', min_ms: 50, max_ms: 150 };
    expect(thin(faultText(latency))).toBe('Latency, 50 to 150 ms');
    expect(thin(faultText({ kind: 'packet_loss', target: 'leader', percent: 30 }))).toBe('Packet loss, 30 %');
    expect(thin(faultText({ kind: 'disk_pressure', target: 'any', fill_percent: 80 }))).toBe(
      'Disk pressure, 80 % of what is free',
    );
    expect(faultText({ kind: 'network_partition', target: 'any', direction: 'asymmetric' })).toBe(
      'Network partition, asymmetric',
    );
    expect(faultText({ kind: 'node_kill', target: 'any' })).toBe('Kill a node');
  });

  it('tell how they are undone, and who is no agent', () => {
    expect(undoText({ do: 'clear_links', links: [['n1', 'client']] })).toBe('let n1 → client pass');
    expect(undoText({ do: 'remove_rules', node: 'n1', helper: 'x', tag: 't' })).toBe('take the rules off n1');
    expect(variantLabel('no-agent')).toBe('no agent');
    expect(variantLabel('noop')).toBe('noop');
  });
});

describe('the fault form', () => {
  it('starts with the program’s own values', () => {
    expect(faultOf(startInput('latency'))).toEqual({
      kind: 'latency',
      target: 'any',
      min_ms: 50,
      max_ms: 150,
    });
    expect(faultOf(startInput('packet_loss'))).toEqual({ kind: 'packet_loss', target: 'any', percent: 30 });
    expect(faultOf(startInput('network_partition'))).toEqual({
      kind: 'network_partition',
      target: 'any',
      direction: 'symmetric',
    });
    expect(faultOf({ ...startInput('node_kill'), target: 'node:n2' })).toEqual({
      kind: 'node_kill',
      target: { node: 'n2' },
    });
  });

  it.each([
    ['packet_loss', 'percent', ['0', '100.5', '-1', '', 'half'], ['0.5', '100']],
    ['disk_pressure', 'fill_percent', ['0', '101'], ['1', '100']],
    ['latency', 'min_ms', ['0', '1.5', '151'], ['1', '150']],
    ['latency', 'max_ms', ['49', '60001'], ['50', '60000']],
  ] as const)('%s: %s keeps its range', (kind, key, wrong, right) => {
    const withValue = (value: string) => {
      const input = startInput(kind);
      return { ...input, numbers: { ...input.numbers, [key]: value } };
    };
    for (const value of wrong) expect(faultOf(withValue(value)), value).toBeNull();
    for (const value of right) expect(problemsOf(withValue(value)), value).toEqual({});
  });
});

describe('health', () => {
  const planned = plannedOf({ kind: 'node_kill', target: 'any' }, 'n2', 'signal');
  const samples = [sampleOf(0, 0, null), sampleOf(500, 1, planned), sampleOf(1000, 2, null)];

  it('tells the newest state of each node, and which one leads', () => {
    const [first, second] = nodesOf(samples.slice(0, 2));
    expect(first).toMatchObject({ node: 'n1', up: true, leader: true });
    expect(second).toMatchObject({ node: 'n2', up: false, text: 'no write, no read: connection refused' });
    expect(nodesOf([])).toEqual([]);
  });

  it('draws gaps where a write or read failed, and nothing invented between', () => {
    const nodes = nodesOf(samples);
    expect(ceiling(nodes, 100)).toBe(120);
    const drawn = trace(nodes[1]!.beats, 120, 100, 240, 30);
    expect(drawn.lines.length).toBe(2);
    expect(drawn.failures).toEqual([120]);
    expect(drawn.limit).toBeCloseTo(5.7, 1);
  });

  it('shows a sample’s cell with its error', () => {
    expect(cellOf(samples[1]!, 'n2')).toEqual({
      text: '× write, read',
      ok: false,
      title: 'connection refused',
    });
    expect(cellOf(samples[0]!, 'n1')).toMatchObject({ ok: true, title: 'healthy, leads' });
    expect(cellOf(samples[0]!, 'n9').text).toBe('—');
  });
});

describe('a fault trial', () => {
  const run = new FakeFaultRun(1, '', 0).finish();
  const trials = Array.from({ length: run.planned }, (_, index) => faultDetail(run.trial(index)));
  const base = trials.find((one) => one.trial.restore_s !== null)!.trial;
  const said = (change: Partial<FaultTrial>, outcome: Outcome = 'fail') =>
    Object.fromEntries(
      measures({ ...base, ...change }, outcome).map(({ key, value, hint }) => [
        key,
        `${thin(value)}: ${hint}`,
      ]),
    );

  it('explains the sign of the claim lag', () => {
    expect(said({ claim_lag_s: -3, restore_s: 12.4 })).toMatchObject({
      restore: '12.4 s: from the fault to the restored service',
      'claim-lag': '−3.0 s: claimed before it was restored: too early',
    });
    expect(said({ claim_lag_s: -1.2 }, 'pass')['claim-lag']).toBe(
      '−1.2 s: claimed before it was restored, within what is allowed',
    );
    expect(said({ claim_lag_s: 2.06 })['claim-lag']).toBe('+2.1 s: claimed after it was restored');
  });

  it('says for how long it was watched when it was not restored', () => {
    expect(said({ restore_s: null, censored_s: 15, claim_lag_s: null })).toMatchObject({
      restore: 'not within 15.0 s: watched for that long, then given up',
      'claim-lag': '—: claimed, but it was never restored',
    });
    const clocks = { ...base.clocks, resolved_at: null };
    expect(said({ clocks, restore_s: null, censored_s: null, claim_lag_s: null, detect_s: null })).toEqual({
      detect: '—: no ticket was opened',
      restore: '—: it never came to that',
      'claim-lag': '—: nobody claimed that it was resolved',
    });
  });

  it('says what is not as it was before', () => {
    const state = { members: ['n1', 'n2'], settings: { version: '1' }, records: 3, raw: {} };
    expect(stateChange(state, { ...state, records: 9, raw: { term: 2 } })).toBe(
      'Members and settings are as before.',
    );
    expect(stateChange(state, { ...state, members: ['n1', 'n3'], settings: { version: '2' } })).toBe(
      'Not as before: without n2; with n3 added; version changed.',
    );
    expect(stateChange(state, null)).toBe('One of the states was not taken.');
  });

  it('folds long texts only', () => {
    const lines = (n: number) => Array.from({ length: n }, (_, i) => `line ${i}`).join('\n');
    expect(folded(lines(10))).toBeNull();
    expect(folded(lines(11))).toEqual({ start: lines(8), rest: '3 more lines' });
    expect(folded('x'.repeat(900))).toEqual({ start: 'x'.repeat(700), rest: '200 more characters' });
    expect(thin(offset(900, 1000))).toBe('−0.1 s');
  });

  it('copies the whole audit, exit codes included', () => {
    const entry = trials.find((one) => one.audit.some((line) => line.exit_code === 1))!;
    const text = auditText(entry.audit, entry.trial.clocks.landed_at!);
    expect(text).toMatch(/tool_call shell destructive\nrm -rf data\/n2/);
    expect(text).toContain('tool_result shell, exit 1');
  });
});

describe('metrics that the program adds', () => {
  it('are written in the unit that their name ends with', () => {
    expect(thin(metricValue('restore_s', 12.44))).toBe('12.4 s');
    expect(thin(metricValue('detect_s', 725))).toBe('12 min 5 s');
    expect(metricValue('commands', 4)).toBe('4');
    expect(metricValue('commands', 4.25)).toBe('4.3');
    expect(thin(metricValue('restored_share', 0.5))).toBe('50.0 %');
    expect(thin(metricDifference('restored_share', -0.25))).toBe('−25.0 pp');
    expect(thin(metricDifference('restore_s', -3.21))).toBe('−3.2 s');
    expect(metricLabel('restore_s')).toBe('Time to restore');
    expect(metricLabel('restored_share')).toBe('Restored share');
    expect(higherIsBetter('restored_share')).toBe(true);
    expect(higherIsBetter('restore_s')).toBe(false);
    expect(seconds(null)).toBe('—');
  });

  it('are known to gates, also by their short names', () => {
    expect(metricOf('ttr_p95')).toEqual({ metric: 'restore_s', aggregate: 'p95' });
    const gate = { name: '', metric: 'detect_s', min: null, max: 5, on: 'variant' } as unknown as Gate;
    expect(thin(boundText(gate))).toBe('Time to detect at most 5.0 s');
  });

  it('leave room for long case ids', () => {
    expect(caseWidth(['t-001'], 7, 64)).toBe(64);
    expect(caseWidth(['embedded/network_partition'], 7, 64)).toBe(186);
    expect(caseWidth(['x'.repeat(90)], 7, 64)).toBe(240);
  });
});
