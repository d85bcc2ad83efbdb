/** Attempts of a trial on one axis. */
import type { TrialDetail } from '$lib/bindings/TrialDetail';

export interface Bar {
  number: number;
  /** Share of the whole, 0 to 1. */
  left: number;
  width: number;
  ms: number;
  failed: boolean;
  judge: boolean;
  label: string;
}

export function timelineBars(trial: TrialDetail): Bar[] {
  const end = Math.max(trial.ended_at, ...trial.attempts.map((attempt) => attempt.ended_at));
  const start = Math.min(trial.started_at, ...trial.attempts.map((attempt) => attempt.started_at));
  const span = Math.max(1, end - start);
  return trial.attempts.map((attempt) => {
    const ms = attempt.ended_at - attempt.started_at;
    const status = attempt.error ?? (attempt.status === null ? 'no status' : `status ${attempt.status}`);
    return {
      number: attempt.number,
      left: (attempt.started_at - start) / span,
      width: Math.max(ms / span, 0.004),
      ms,
      failed: attempt.error !== null,
      judge: attempt.purpose === 'judge',
      label: `${attempt.purpose === 'judge' ? 'Judge' : 'Answer'}, ${attempt.provider} ${attempt.model}: ${status}`,
    };
  });
}
