/** The files of the fake workspace. */
import { SUBJECT_SCHEMA } from './subject-texts';
import { TOPIC_SCHEMA } from './triage-texts';
import { WORKFLOW_FILES, WORKFLOW_SCHEMA } from './workflow-texts';

export const FILES: Record<string, string> = {
  'variants/default.yaml': `# What is in production today.
name: default
description: bare question, no help
provider: builtin
model: lexical-1
system_prompt: |
  You file incident tickets.
  Answer with JSON: {"label": "..."}
prompt: "{{ input }}"
pace_ms: 40
tags: [triage, baseline]
`,
  'variants/definitions.yaml': `name: definitions
description: says what each class means
provider: builtin
model: lexical-1
system_prompt: |
  You file incident tickets under one label.

  Labels:
  - storage: disks, volumes, file systems, backups, quotas
  - network: links, packets, DNS, load balancers, firewalls
  - database: queries, replication, locks, migrations
  - deploy: releases, rollbacks, containers, images, configuration
  - access: logins, certificates, permissions, tokens

  Answer with JSON: {"label": "..."}
prompt: "{{ input }}"
pace_ms: 40
tags: [triage]
`,
  'variants/examples.yaml': `name: examples
description: definitions and two worked examples a class
provider: builtin
model: lexical-1
system_prompt: |
  You file incident tickets under one label.

  Labels:
  - storage: disks, volumes, file systems, backups, quotas
  - network: links, packets, DNS, load balancers, firewalls
  - database: queries, replication, locks, migrations
  - deploy: releases, rollbacks, containers, images, configuration
  - access: logins, certificates, permissions, tokens

  Examples:
  Ticket: Volume data-4 is read-only since the nightly snapshot.
  Answer: {"label": "storage"}
  Ticket: Half of the pods restart after image 4.2 was rolled out.
  Answer: {"label": "deploy"}

  Answer with JSON: {"label": "..."}
prompt: "{{ input }}"
pace_ms: 60
tags: [triage, candidate]
`,
  'campaigns/tickets.yaml': `name: tickets
description: which prompt files tickets best
dataset: datasets/tickets.jsonl
sample: {max_items: 120, seed: 7}
variants: [default, definitions, examples]
baseline_variant: default
trials_per_combination: 1
scorers:
  - {type: json-field, field: label, equals: "{{ expected }}", metric: label, weight: 1}
  - {type: latency, max_ms: 5000, weight: 0}
pass_threshold: 1.0
primary_metric: success_rate
confidence: 0.95
margin: 0.02
parallel: 8
timeout_seconds: 60
seed: 42
`,
  ...WORKFLOW_FILES,
};

const schemaText = (description: string) => ({ type: 'string', description });

export const SCHEMAS = {
  variant: {
    type: 'object',
    properties: {
      name: schemaText('The file name is the name; an inner name that differs is a problem.'),
      description: schemaText('What this variant is about.'),
      provider: {
        description: 'Where the model runs. Absent: taken from the model’s prefix.',
        enum: ['builtin', 'anthropic', 'openai', 'gemini', 'ollama', 'openai-compatible'],
      },
      model: schemaText('Any string, sent exactly as written.'),
      base_url: schemaText('Address of an OpenAI-compatible server.'),
      system_prompt: schemaText('System prompt, a template over the case’s fields.'),
      prompt: schemaText('User turn, a template; default {{ input }}.'),
      reasoning_effort: {
        description: 'How hard to think.',
        enum: ['none', 'minimal', 'low', 'medium', 'high'],
      },
      temperature: { type: 'number', description: 'Sampling temperature, 0 to 2.' },
      top_p: { type: 'number', description: 'Nucleus sampling, 0 to 1.' },
      max_output_tokens: { type: 'integer', description: 'The most tokens to write.' },
      stop: { type: 'array', items: { type: 'string' }, description: 'Stop sequences.' },
      tools_config: { type: 'object', description: 'Tools of an agent.' },
      tags: { type: 'array', items: { type: 'string' }, description: 'Free words to find it by.' },
      pace_ms: { type: 'integer', description: 'The built-in model answers no sooner than this.' },
    },
  },
  campaign: {
    type: 'object',
    properties: {
      name: schemaText('The file name is the name.'),
      description: schemaText('What this campaign is about.'),
      subjects: {
        type: 'array',
        items: { type: 'string' },
        description: 'Subjects that faults are done to.',
      },
      chaos_types: { type: 'array', description: 'What is done to each of them.' },
      include_baseline: { type: 'boolean', description: 'Try each case without an agent, too.' },
      max_steps: { type: 'integer', description: 'Model calls of one trial’s agent.' },
      dataset: schemaText('The data set, relative to the workspace.'),
      sample: {
        description: 'A random part of the data set.',
        properties: {
          max_items: { type: 'integer', description: 'At most this many rows.' },
          seed: { type: 'integer', description: 'The same seed takes the same rows.' },
        },
      },
      variants: {
        type: 'array',
        items: { type: 'string' },
        description: 'Variants, in the order of columns.',
      },
      baseline_variant: schemaText('The one that the others are compared with.'),
      trials_per_combination: {
        type: 'integer',
        description: 'How often each case is tried with each variant.',
      },
      scorers: { type: 'array', description: 'How answers are judged.' },
      pass_threshold: { type: 'number', description: 'The weighted score at or above which a trial passes.' },
      primary_metric: {
        description: 'The metric that decides.',
        enum: ['success_rate', 'score', 'latency_ms', 'cost_usd'],
      },
      confidence: { type: 'number', description: 'Of all intervals.' },
      margin: { type: 'number', description: 'The smallest difference that matters.' },
      parallel: { type: 'integer', description: 'Trials at the same time.' },
      timeout_seconds: { type: 'number', description: 'The most time a trial’s model may take.' },
      timeout_counts_as: { description: 'What a time-out means.', enum: ['fail', 'unusable'] },
      retries: { type: 'integer', description: 'How often a transient error is tried again.' },
      cooldown_seconds: { type: 'number', description: 'Waiting time after each trial.' },
      budget_usd: { type: 'number', description: 'No new call is made once this would be passed.' },
      seed: { type: 'integer', description: 'Of the order of trials.' },
    },
  },
  dataset: { type: 'object', properties: {} },
  workflow: WORKFLOW_SCHEMA,
  subject: SUBJECT_SCHEMA,
  topic: TOPIC_SCHEMA,
};
