-- Workflows: what each node of a trial did, what gates said, what may not be deployed, and what MLflow already has.

-- The nodes of a workflow trial, in the order in which they began. A retried trial's are forgotten with its texts.
CREATE TABLE steps (
    trial INTEGER NOT NULL REFERENCES trials (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,         -- from 0
    node TEXT NOT NULL,
    iteration INTEGER NOT NULL,
    item INTEGER,                      -- of a parallel edge
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    latency_ms REAL,
    input_tokens INTEGER,
    cached_input_tokens INTEGER,
    output_tokens INTEGER,
    cost_usd REAL,
    system_prompt INTEGER REFERENCES system_prompts (id),
    prompt TEXT NOT NULL,
    answer TEXT,
    outputs TEXT NOT NULL,             -- JSON object
    state TEXT NOT NULL,               -- JSON object
    error TEXT,
    PRIMARY KEY (trial, position)
) STRICT;
CREATE INDEX steps_by_system_prompt ON steps (system_prompt);

CREATE TABLE gate_results (
    run INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    results TEXT NOT NULL,             -- JSON array
    at INTEGER NOT NULL
) STRICT;

-- Kept when the run is deleted: a block stands until somebody lifts it, and its history stays.
CREATE TABLE deploy_blocks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    workflow TEXT NOT NULL,
    run INTEGER NOT NULL,
    at INTEGER NOT NULL,
    failed_gates TEXT NOT NULL,        -- JSON array
    lifted_at INTEGER,
    lifted_reason TEXT,
    CHECK ((lifted_at IS NULL) = (lifted_reason IS NULL))
) STRICT;
CREATE INDEX deploy_blocks_by_workflow ON deploy_blocks (workflow, id);

-- How far a run has been written to an MLflow server.
CREATE TABLE mlflow_exports (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    tracking_uri TEXT NOT NULL,
    experiment TEXT NOT NULL,
    position INTEGER NOT NULL,         -- the number of the last trial that the server has; 0: none
    state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'failed')),
    remote TEXT NOT NULL,              -- JSON object: what the exporter must know of the other side
    error TEXT,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (run, tracking_uri)
) STRICT, WITHOUT ROWID;
