/** Topics of the fake workspace. */
const text = (description: string) => ({ type: 'string', description });

export const TOPIC_SCHEMA = {
  type: 'object',
  properties: {
    id: text('What other programs call it; the file’s name when absent.'),
    description: text('What it is about.'),
    source: {
      description: 'Where its candidates are.',
      properties: {
        file: text('A .jsonl, .csv or .yaml file, relative to the workspace.'),
        sqlite: { type: 'object', description: 'A query on a SQLite database, opened for reading only.' },
        postgres: { type: 'object', description: 'A query on a PostgreSQL database that can only read.' },
      },
    },
    mapping: { type: 'object', description: 'How the columns are called, for each field of a candidate.' },
    timeout_seconds: { type: 'number', description: 'The most time that a query may take.' },
    system_prompt: text('Its own system prompt, for variants that have none.'),
    prompt: text('Its own user turn, for variants that have none.'),
  },
};

export const TOPIC_FILES: Record<string, string> = {
  'topics/ai-news.yaml': `id: 7c0e54d2-5f0b-4f5e-9b0a-2f1d7f6f3a11
description: news about language models, their tools and their evaluation
source: {file: datasets/ai-news.jsonl}
mapping: {published_at: date, body: text}
`,
  'topics/operations.yaml': `id: operations
description: outages, post-mortems and releases of the software that we run
source: {file: datasets/operations.jsonl}
timeout_seconds: 20
`,
  'topics/papers.yaml': `id: papers
description: papers of the week
sorce: {file: datasets/papers.csv}
`,
};

/** How many candidates the source of each topic has. */
export const TOPIC_SIZE: Record<string, number> = { 'ai-news': 96, operations: 900 };
