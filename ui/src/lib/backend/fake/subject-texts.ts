/** Files of the fault scenario. */
const text = (description: string) => ({ type: 'string', description });

export const SUBJECT_SCHEMA = {
  type: 'object',
  properties: {
    name: text('The file name is the name.'),
    description: text('What it is.'),
    kind: { description: 'What it runs on.', enum: ['embedded', 'docker'] },
    probe: { description: 'How it is asked.', enum: ['ledger', 'etcd', 'pd'] },
    nodes: { type: 'array', description: 'The nodes that faults may hit.' },
    compose: text('A compose file, relative to the workspace.'),
    tools_image: text('The image of the agent’s shell and of network faults.'),
    disk_mb: { type: 'integer', description: 'Size of a node’s own volume, in MiB.' },
    service_level: { description: 'What service it owes its clients.' },
    monitor: { description: 'What the monitor looks for.' },
    timing: { description: 'How long a trial’s parts take.' },
    faults: { type: 'array', description: 'Faults that may be done to it.' },
  },
};

const agent = (name: string, description: string, model: string, prompt: string) =>
  `name: ${name}\ndescription: ${description}\nprovider: builtin\nmodel: ${model}\nsystem_prompt: |\n  ${prompt}\ntools_config: {enabled_tools: [labctl]}\n`;

export const FAULT_CAMPAIGN = 'campaigns/faults.yaml';

export const FAULT_FILES: Record<string, string> = {
  'subjects/embedded.yaml': `name: embedded
description: three nodes of a small replicated store, which come with the program
kind: embedded
disk_mb: 32
service_level: {latency_ms: 100, error_rate: 0.05}
faults: [node_kill, node_pause, latency, network_partition, disk_pressure]
`,
  'subjects/etcd.yaml': `name: etcd
description: a real etcd of three members, from Debian’s package
kind: docker
probe: etcd
compose: subjects/etcd.compose.yaml
tools_image: bakeoff-lab/tools:1
faults: [node_kill, node_pause, latency, packet_loss, network_partition, disk_pressure]
`,
  'subjects/tikv.yaml': `name: tikv
description: three stores and three placement drivers
kind: docker
probe: pd
compose: subjects/tikv.compose.yaml
faults: [node_kill, latency, network_partition]
`,
  'variants/noop.yaml': agent('noop', 'looks and does nothing', 'noop', 'Look at the ticket and close it.'),
  'variants/always-restart.yaml': agent(
    'always-restart',
    'restarts whatever the ticket names',
    'always-restart',
    'Restart the node that the ticket names.',
  ),
  'variants/runbook.yaml': agent(
    'runbook',
    'follows a runbook, one repair for each symptom',
    'runbook',
    'Ask for the status of every node and link. Then do what the runbook says for what you see.',
  ),
  [FAULT_CAMPAIGN]: `name: faults
description: which agent repairs a broken store best
subjects: [embedded]
chaos_types:
  - {type: node_kill}
  - {type: node_pause}
  - {type: latency, params: {min_ms: 300, max_ms: 500}}
  - {type: network_partition}
include_baseline: true
variants: [noop, always-restart, runbook]
baseline_variant: noop
trials_per_combination: 3
primary_metric: success_rate
timeout_seconds: 15
max_steps: 8
seed: 7
`,
};
