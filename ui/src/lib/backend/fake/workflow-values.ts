/** The workflow files of the fake workspace as the program would have checked them. */
import type { Gate } from '$lib/bindings/Gate';
import type { GateResult } from '$lib/bindings/GateResult';
import type { Node } from '$lib/bindings/Node';
import type { Workflow } from '$lib/bindings/Workflow';
import { CURRENT_PROMPT, EVIDENCE_PROMPT, EXAMPLE, OWN } from './workflow-texts';

const LLM: Node['llm'] = {
  provider: 'builtin',
  model: 'lexical-1',
  base_url: null,
  temperature: 0,
  max_output_tokens: null,
  pace_ms: null,
};

function node(id: string, prompt: string, outputs: Node['outputs']): Node {
  return {
    id,
    description: null,
    prompt,
    system_prompt: null,
    inputs: {},
    outputs,
    llm: LLM,
    timeout_seconds: null,
    retries: null,
  };
}

const field = (name: string, type: Workflow['program']['state'][number]['type'], more = {}) => ({
  name,
  type,
  required: false,
  default: null,
  description: null,
  ...more,
});

const gate = (metric: string, more: Partial<Gate>): Gate => ({
  name: metric,
  description: null,
  metric,
  max: null,
  min: null,
  action: 'block_deploy',
  on: 'variant',
  decide: 'point',
  ...more,
});

export const GATES: Gate[] = [
  gate('cost_usd_avg', { max: 0.01 }),
  gate('success_rate', { min: 0.6, decide: 'interval' }),
  gate('latency_ms_p95', { max: 60 }),
];

const variant = (name: string) => ({
  name,
  prompt: null,
  system_prompt: null,
  node_id: null,
  config_overrides: {},
  file: null,
});

const TEST = {
  enabled: true,
  run_count: 10,
  parallel: true,
  dataset: null,
  baseline_variant: null,
  scorers: [],
  budget_usd: null,
};

const EXAMPLE_VALUE: Workflow = {
  name: 'mlflow_example',
  description: 'triage, draft and review of an incident ticket',
  version: '1.2',
  program: {
    state: [
      field('ticket', 'str', { required: true, description: 'The ticket as it came in.' }),
      field('urgency', 'int', { required: true, description: '1 (can wait) to 5 (now).' }),
      field('known_hosts', { list: 'str' }, { required: true }),
      field('tone', 'str', { default: 'calm' }),
      field('label', 'str'),
      field('severity', 'int'),
      field('reply', 'str'),
      field('approved', 'bool'),
      field('remarks', { list: 'str' }),
    ],
    nodes: [
      node(
        'triage',
        'File this ticket under one label and give its severity from 1 to 5.\nTicket: {ticket}\n',
        [
          { name: 'label', type: 'str', description: 'storage, network, database, deploy or access' },
          { name: 'severity', type: 'int', description: '1 to 5' },
        ],
      ),
      node('draft', CURRENT_PROMPT, [{ name: 'reply', type: 'str', description: null }]),
      node('review', 'Is this reply right and calm? Say what is missing.\nReply: {reply}\n', [
        { name: 'approved', type: 'bool', description: null },
        { name: 'remarks', type: { list: 'str' }, description: null },
      ]),
    ],
    edges: [
      { from: 'START', next: { to: 'triage' } },
      {
        from: 'triage',
        next: {
          routes: [
            { condition: 'state.severity <= 1 and not state.urgency > 3', to: 'END' },
            { condition: null, to: 'draft' },
          ],
        },
      },
      { from: 'draft', next: { to: 'review' } },
      { from: 'review', next: { loop: { max_iterations: 3, condition_field: 'approved', exit_to: 'END' } } },
    ],
    runner: null,
  },
  ab_test: {
    ...TEST,
    experiment: 'ticket_replies',
    variants: [
      { ...variant('current'), node_id: 'draft', prompt: CURRENT_PROMPT },
      {
        ...variant('evidence'),
        node_id: 'draft',
        prompt: EVIDENCE_PROMPT,
        config_overrides: { 'nodes.draft.llm.max_tokens': 200 },
      },
    ],
  },
  gates: GATES,
  mlflow: {
    tracking_uri: null,
    experiment: 'ticket_replies',
    run_name: null,
    enabled: true,
    nodes: { draft: 'draft' },
  },
};

const OWN_VALUE: Workflow = {
  name: 'own_program',
  description: 'a graph of our own, run as a program',
  version: null,
  program: {
    state: [field('input', 'str', { required: true }), field('label', 'str')],
    nodes: [],
    edges: [],
    runner: { command: ['python3', 'tools/triage_graph.py', '--quiet'], environment: ['GRAPH_HOME'] },
  },
  ab_test: {
    ...TEST,
    experiment: 'own_program',
    run_count: 1,
    dataset: 'datasets/tickets.jsonl',
    variants: [
      { ...variant('small'), config_overrides: { model: 'small' } },
      { ...variant('large'), config_overrides: { model: 'large' } },
    ],
  },
  gates: [],
  mlflow: null,
};

/** A file that was made or renamed here is read as the example under its own name. */
export function workflowValue(path: string, name: string): Workflow {
  if (path === OWN) return OWN_VALUE;
  if (path === EXAMPLE) return EXAMPLE_VALUE;
  const test = EXAMPLE_VALUE.ab_test;
  return { ...EXAMPLE_VALUE, name, ab_test: test && { ...test, experiment: name }, gates: [], mlflow: null };
}

/** Verdicts of all three kinds for the example's two variants. */
export function gateResults(n: number): GateResult[] {
  const result = (
    index: number,
    name: string,
    verdict: GateResult['verdict'],
    actual: number,
    interval: GateResult['interval'],
    sentence: string,
  ): GateResult => ({ gate: GATES[index] as Gate, variant: name, verdict, actual, interval, n, sentence });
  return [
    result(0, 'current', 'pass', 0, null, `The mean cost is $0, at most $0.01 is allowed (n = ${n}).`),
    result(0, 'evidence', 'pass', 0, null, `The mean cost is $0, at most $0.01 is allowed (n = ${n}).`),
    result(
      1,
      'current',
      'cannot_tell',
      0.889,
      { low: 0.565, high: 0.98 },
      'The success rate is 88.9 % [56.5 %, 98.0 %], at least 60 % is needed; about 5 more trials would settle it.',
    ),
    result(
      1,
      'evidence',
      'pass',
      1,
      { low: 0.701, high: 1 },
      `The success rate is 100 % [70.1 %, 100 %], at least 60 % is needed (n = ${n}).`,
    ),
    result(
      2,
      'current',
      'pass',
      51.2,
      null,
      `The latency p95 is 51 ms, at most 60 ms is allowed (n = ${n}).`,
    ),
    result(
      2,
      'evidence',
      'fail',
      74.8,
      null,
      `The latency p95 is 75 ms, at most 60 ms is allowed: 15 ms too much (n = ${n}).`,
    ),
  ];
}
