/** The workflow files of the fake workspace. */
export const EXAMPLE = 'workflows/mlflow_example.yaml';
export const OWN = 'workflows/own_program.yaml';

export const CURRENT_PROMPT = `Write a reply to this ticket.
Ticket: {ticket}
Label: {label}
`;

export const EVIDENCE_PROMPT = `Write a reply to this ticket in at most four sentences.
Name the evidence for the label first, then the next step.
Ticket: {ticket}
Label: {label}, severity {severity}
`;

const indented = (text: string, by: number) => text.replace(/^(?=.)/gm, ' '.repeat(by));

export const WORKFLOW_FILES: Record<string, string> = {
  [EXAMPLE]: `# Files a ticket, drafts a reply, and reviews it until it is good enough.
schema_version: "1.0"
flow:
  name: mlflow_example
  description: triage, draft and review of an incident ticket
  version: "1.2"
state:
  fields:
    ticket: {type: str, required: true, description: "The ticket as it came in."}
    urgency: {type: int, required: true, description: "1 (can wait) to 5 (now)."}
    known_hosts: {type: "list[str]", required: true}
    tone: {type: str, default: calm}
    label: {type: str}
    severity: {type: int}
    reply: {type: str}
    approved: {type: bool}
    remarks: {type: "list[str]"}
nodes:
  - id: triage
    prompt: |
      File this ticket under one label and give its severity from 1 to 5.
      Ticket: {ticket}
    output_schema:
      type: object
      fields:
        - {name: label, type: str, description: "storage, network, database, deploy or access"}
        - {name: severity, type: int, description: "1 to 5"}
    outputs: [label, severity]
  - id: draft          # the node under test
    prompt: |
${indented(CURRENT_PROMPT, 6)}    output_schema:
      type: object
      fields: [{name: reply, type: str}]
    outputs: [reply]
    mlflow: {run_name: draft}
  - id: review
    prompt: |
      Is this reply right and calm? Say what is missing.
      Reply: {reply}
    output_schema:
      type: object
      fields:
        - {name: approved, type: bool}
        - {name: remarks, type: "list[str]"}
    outputs: [approved, remarks]
edges:
  - {from: START, to: triage}
  - from: triage
    routes:
      - {condition: {logic: "state.severity <= 1 and not state.urgency > 3"}, to: END}
      - {condition: {logic: default}, to: draft}
  - {from: draft, to: review}
  - from: review
    loop: {max_iterations: 3, condition_field: approved, exit_to: END}
config:
  llm: {provider: builtin, model: lexical-1, temperature: 0}
  mlflow: {experiment: ticket_replies}
  ab_test:
    enabled: true
    experiment: ticket_replies
    run_count: 10
    parallel: true
    variants:
      - name: current
        node_id: draft
        prompt: |
${indented(CURRENT_PROMPT, 10)}      - name: evidence
        node_id: draft
        prompt: |
${indented(EVIDENCE_PROMPT, 10)}        config_overrides: {nodes.draft.llm.max_tokens: 200}
  gates:
    gates:
      - {metric: cost_usd_avg, max: 0.01}
      - {metric: success_rate, min: 0.6, decide: interval}
      - {metric: latency_ms_p95, max: 60}
    on_fail: block_deploy
`,
  [OWN]: `schema_version: "1.0"
flow: {name: own_program, description: a graph of our own, run as a program}
state:
  fields:
    input: {type: str, required: true}
    label: {type: str}
runner:
  command: [python3, tools/triage_graph.py, --quiet]
  environment: [GRAPH_HOME]
ab_test:
  enabled: true
  experiment: own_program
  dataset: datasets/tickets.jsonl
  run_count: 1
  variants:
    - {name: small, config_overrides: {model: small}}
    - {name: large, config_overrides: {model: large}}
`,
};

const described = (description: string) => ({ description });

export const WORKFLOW_SCHEMA = {
  type: 'object',
  properties: {
    schema_version: { description: 'The version of this format, in quotes.', enum: ['1.0'] },
    flow: {
      description: 'What the workflow is.',
      properties: {
        name: described('Its name.'),
        description: described('What it is about.'),
        version: described('Its own version, such as "1.2".'),
      },
    },
    state: described('The values that nodes read and write.'),
    nodes: {
      type: 'array',
      description: 'The model calls.',
      items: {
        properties: {
          id: described('Its name: letters, digits and _.'),
          prompt: described('What the model is asked. {field} puts in a field of the state.'),
          outputs: described('The state fields that the outputs become.'),
          output_schema: described('What the model must give, with types.'),
        },
      },
    },
    edges: {
      type: 'array',
      description: 'What comes after what: from START to END.',
      items: {
        properties: {
          from: described('A node’s id, or START.'),
          to: described('A node’s id, or END.'),
        },
      },
    },
    config: described('Model, time limits, A/B test, gates and logging.'),
    ab_test: described('Variants of a prompt, compared. Also under config.'),
    gates: described('Bounds that the numbers must hold. Also under config.'),
    mlflow: described('Where runs are logged. Also under config.'),
    runner: described('Your own program, which runs instead of the nodes.'),
  },
};
