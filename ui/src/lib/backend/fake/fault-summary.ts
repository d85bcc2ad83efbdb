/** What the results of a fault campaign have beside others: the metrics of the contract, and the share restored. */
import type { FaultSummary } from '$lib/bindings/FaultSummary';
import type { Metric } from '$lib/bindings/Metric';
import type { TrialRow } from '$lib/bindings/TrialRow';
import { distribution, rateEstimate } from './estimates';
import { courseOf } from './fault-run';

export function faultSummary(rows: TrialRow[]): FaultSummary {
  const courses = rows.map((row) => courseOf(row.key)).filter((course) => course.outcome !== 'void');
  const of = (metric: Metric, values: (number | null)[]) =>
    distribution(
      metric,
      values.filter((value) => value !== null),
      'never in these trials',
    );
  const restored = courses.filter((course) => course.restored !== null);
  return {
    limit_s: 15,
    survival: [],
    censored_s: courses.filter((course) => course.restored === null).map(() => 15),
    restored_share: rateEstimate(restored.length, courses.length),
    detect_s: of(
      'detect_s',
      courses.map((course) => course.ticket - course.onset),
    ),
    restore_s: of(
      'restore_s',
      courses.map((course) => course.restored),
    ),
    commands: of(
      'commands',
      courses.map((course) => course.commands),
    ),
    destructive: of(
      'destructive',
      courses.map((course) => course.destructive),
    ),
  };
}
