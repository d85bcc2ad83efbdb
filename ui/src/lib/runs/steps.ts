/** Steps of a workflow's trial on one axis. */
import type { Step } from '$lib/bindings/Step';
import type { TrialDetail } from '$lib/bindings/TrialDetail';

export interface StepBar {
  key: string;
  /** `draft`, `review 2`, `rate 1 [3]`. */
  label: string;
  /** Share of the whole, 0 to 1. */
  left: number;
  width: number;
  ms: number;
  failed: boolean;
  step: Step;
}

/** The name of a step, with its iteration where the node ran more than once, and its item from 1. */
export function stepLabel(step: Step, steps: Step[]): string {
  const again = steps.some((one) => one.node === step.node && one.iteration !== step.iteration);
  const item = step.item === null ? '' : ` [${step.item + 1}]`;
  return `${step.node}${again ? ` ${step.iteration}` : ''}${item}`;
}

export function stepBars(trial: TrialDetail): StepBar[] {
  const { steps } = trial;
  const start = Math.min(trial.started_at, ...steps.map((step) => step.started_at));
  const end = Math.max(trial.ended_at, ...steps.map((step) => step.ended_at));
  const span = Math.max(1, end - start);
  return steps.map((step, index) => {
    const ms = step.ended_at - step.started_at;
    return {
      key: `${index}`,
      label: stepLabel(step, steps),
      left: (step.started_at - start) / span,
      width: Math.max(ms / span, 0.004),
      ms,
      failed: step.error !== null,
      step,
    };
  });
}
