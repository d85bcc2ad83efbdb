/** Steps of the fake example's trials: triage, draft, and one or two reviews. */
import type { Step } from '$lib/bindings/Step';
import type { TrialDetail } from '$lib/bindings/TrialDetail';

const TICKET = 'Replication lag on db-3 reached 340 s after the nightly import.';

export function stepsOf(trial: TrialDetail): Step[] {
  const failed = trial.row.outcome !== 'pass';
  const twice = trial.row.key.repetition % 2 === 1;
  const [start, end] = [trial.started_at, trial.ended_at];
  const at = (share: number) => start + (end - start) * share;
  const state: Step['state'] = { ticket: TICKET, urgency: 4, known_hosts: ['db-3'], tone: 'calm' };
  const steps: Step[] = [];
  const add = (node: string, iteration: number, from: number, to: number, user: string, outputs: object) => {
    Object.assign(state, outputs);
    steps.push({
      node,
      iteration,
      item: null,
      started_at: at(from),
      ended_at: at(to),
      latency_ms: at(to) - at(from) - 0.4,
      usage: { input_tokens: 40 + user.length, cached_input_tokens: null, output_tokens: 18 },
      cost_usd: 0,
      sent: { system: null, user },
      answer: JSON.stringify(outputs),
      outputs: { ...outputs },
      state: { ...state },
      error: null,
    });
  };
  const reply = 'The lag came with the import; we move it to the replica’s quiet hour and watch it tonight.';
  add('triage', 1, 0, 0.24, `File this ticket under one label.\nTicket: ${TICKET}`, {
    label: 'database',
    severity: 4,
  });
  add('draft', 1, 0.25, 0.62, `Write a reply to this ticket.\nTicket: ${TICKET}\nLabel: database`, { reply });
  add('review', 1, 0.63, twice ? 0.8 : 1, `Is this reply right and calm?\nReply: ${reply}`, {
    approved: !twice,
    remarks: twice ? ['name the evidence'] : [],
  });
  if (twice)
    add('review', 2, 0.81, 1, `Is this reply right and calm?\nReply: ${reply}`, {
      approved: !failed,
      remarks: [],
    });
  const last = steps.at(-1);
  if (failed && last) {
    last.outputs = {};
    last.answer = 'I would rather not say.';
    last.error = 'The answer is no JSON, and after one repair turn neither: expected approved (bool).';
  }
  return steps;
}
