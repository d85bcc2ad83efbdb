import { describe, expect, it } from 'vitest';
import { asServiceError, errorText, findingText } from '$lib/format/errors';
import { intervalText, metricDifference, metricValue } from '$lib/format/metric';
import {
  bytes,
  count,
  dollars,
  duration,
  longDuration,
  percent,
  pValue,
  roughTokens,
} from '$lib/format/numbers';
import { when } from '$lib/format/time';

/** Narrow spaces are for the eye only. */
const plain = (text: string) => text.replaceAll('\u202f', ' ');

function check<T>(write: (value: T) => string, cases: [T, string][]) {
  it.each(cases)('%s is %s', (value, expected) => expect(plain(write(value))).toBe(expected));
}

describe('what cannot be known is a dash, never 0', () => {
  for (const write of [count, percent, duration, dollars, longDuration, pValue]) {
    it(write.name, () => expect(write(null)).toBe('—'));
  }
});

describe('durations', () =>
  check(duration, [
    [0, '0.0 ms'],
    [0.42, '0.42 ms'],
    [812, '812 ms'],
    [1240, '1.24 s'],
    [59_940, '59.9 s'],
    [125_000, '2 min 5 s'],
  ]));

describe('long durations', () =>
  check(longDuration, [
    [0, '0 s'],
    [200, '3 min 20 s'],
    [7500, '2 h 5 min'],
    [3600, '1 h'],
  ]));

describe('dollars', () =>
  check(dollars, [
    [0, '$0'],
    [1.239, '$1.24'],
    [0.0312, '$0.031'],
    [0.00042, '$0.00042'],
    [-2, '−$2.00'],
  ]));

describe('p values', () =>
  check(pValue, [
    [0.0004, 'p < 0.001'],
    [0.0312, 'p = 0.031'],
  ]));

describe('bytes', () =>
  check(bytes, [
    [512, '512 B'],
    [21_480, '21 kB'],
    [3_400_000, '3.4 MB'],
  ]));

it('counts characters, not UTF-16 units, for tokens', () => expect(roughTokens('🙂🙂🙂🙂')).toBe(1));

describe('metrics', () => {
  it('shows a difference of rates in percentage points', () =>
    expect(plain(metricDifference('success_rate', -0.031))).toBe('−3.1 pp'));
  it('signs a slower latency', () => expect(plain(metricDifference('latency_ms', 120))).toBe('+120 ms'));
  it('keeps the unit', () => expect(plain(metricValue('latency_ms', 85))).toBe('85 ms'));
  it('writes an interval with an open end', () => {
    const estimate = { value: 0.5, interval: { low: 0.4, high: null }, n: 3, method: '', note: null };
    expect(plain(intervalText(estimate, percent))).toBe('[40.0 %, —]');
  });
});

describe('times', () => {
  const now = new Date(2026, 10, 20, 15, 0).getTime();
  const ago = (ms: number) => when(now - ms, now);
  it('is just now', () => expect(ago(5000)).toBe('just now'));
  it('counts minutes', () => expect(ago(300_000)).toBe('5 min ago'));
  it('shows the clock today', () => expect(ago(2 * 3_600_000)).toBe('13:00'));
  it('names yesterday', () => expect(ago(20 * 3_600_000)).toBe('yesterday 19:00'));
  it('names the day before that', () => expect(ago(72 * 3_600_000)).toBe('17 Nov 15:00'));
});

describe('errors', () => {
  it('wraps what is no ServiceError', () => expect(asServiceError(new Error('x')).code).toBe('internal'));
  it('tells a finding in sentences, and leaves names as they are', () => {
    expect(findingText({ message: 'no candidate is left', hint: 'take another window' })).toBe(
      'No candidate is left. Take another window.',
    );
    expect(findingText({ message: 'topics/news.yaml has errors', hint: null })).toBe(
      'topics/news.yaml has errors.',
    );
    expect(findingText({ message: 'gpt-5 is unknown!', hint: '' })).toBe('gpt-5 is unknown!');
  });
  it('is copied with its findings', () => {
    const start = { line: 3, column: 8 };
    const finding = {
      severity: 'error',
      code: 'c',
      file: 'a.yaml',
      path: '',
      start,
      end: null,
      message: 'm',
      hint: 'h',
    };
    const error = { code: 'bad_input', message: 'No.', hint: 'Try.', diagnostics: [finding] } as const;
    expect(errorText({ ...error, diagnostics: [finding as never] })).toBe(
      'No. (bad_input)\nTry.\na.yaml:3:8: error: m (h)',
    );
  });
});
