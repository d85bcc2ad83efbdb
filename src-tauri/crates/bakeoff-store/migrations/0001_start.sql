-- The first released schema. Never change this file: later changes are new files with the next number.
--
-- A trial's id is run * 2^32 + its number within the run, so the trials of a run lie side by side in the
-- order in which they ended, and everything that belongs to a trial is keyed by that id.

CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign TEXT NOT NULL,
    definition TEXT NOT NULL,          -- the campaign file as it was
    definition_hash TEXT NOT NULL,
    checked TEXT NOT NULL,             -- the checked campaign as JSON
    seed INTEGER NOT NULL,             -- all 64 bits, read as signed
    state TEXT NOT NULL CHECK (state IN
        ('running', 'paused', 'finished', 'stopped', 'out_of_budget', 'interrupted', 'failed')),
    reason TEXT,
    planned INTEGER NOT NULL,
    cases INTEGER NOT NULL,
    repetitions INTEGER NOT NULL,
    baseline TEXT NOT NULL,
    app_version TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER
) STRICT;
CREATE INDEX runs_by_campaign ON runs (campaign, id);

-- Kept up to date in the transaction of each trial, so that lists of runs need not count.
CREATE TABLE run_progress (
    run INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    last_number INTEGER NOT NULL DEFAULT 0,
    cost_known_usd REAL NOT NULL DEFAULT 0,       -- over every trial that ever ended, replaced ones included
    cost_unknown_trials INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE run_counts (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    variant INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    trials INTEGER NOT NULL,
    PRIMARY KEY (run, variant, outcome)
) STRICT, WITHOUT ROWID;

CREATE TABLE variants (
    hash TEXT PRIMARY KEY,             -- of everything that decides a trial
    checked TEXT NOT NULL              -- the checked variant as JSON, without name, description and tags
) STRICT, WITHOUT ROWID;

CREATE TABLE run_variants (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    variant INTEGER NOT NULL,
    name TEXT NOT NULL,
    hash TEXT NOT NULL REFERENCES variants (hash),
    description TEXT,
    tags TEXT NOT NULL,                -- JSON array
    text TEXT NOT NULL,                -- the file as it was
    PRIMARY KEY (run, variant)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_variants_by_name ON run_variants (name, run);
CREATE INDEX run_variants_by_hash ON run_variants (hash);

CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,         -- SHA-256 of the JSON text
    json TEXT NOT NULL
) STRICT;

CREATE TABLE run_cases (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    case_index INTEGER NOT NULL,
    content INTEGER NOT NULL REFERENCES cases (id),
    case_id TEXT NOT NULL,
    expected TEXT,
    preview TEXT NOT NULL,
    PRIMARY KEY (run, case_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_cases_by_content ON run_cases (content);

CREATE TABLE trials (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    case_index INTEGER NOT NULL,
    variant INTEGER NOT NULL,
    repetition INTEGER NOT NULL,
    outcome INTEGER NOT NULL,          -- position in the contract's list, from 0
    paced INTEGER NOT NULL,
    score REAL,
    latency_ms REAL,
    cost_usd REAL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cached_input_tokens INTEGER,
    wait_ms REAL NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    expected_label TEXT,
    answered_label TEXT,
    UNIQUE (run, case_index, variant, repetition)
) STRICT;

-- A system prompt is mostly the same for every case, so each text is kept once.
CREATE TABLE system_prompts (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE trial_texts (
    trial INTEGER PRIMARY KEY REFERENCES trials (id) ON DELETE CASCADE,
    system_prompt INTEGER REFERENCES system_prompts (id),
    prompt TEXT NOT NULL,
    answer TEXT,
    error TEXT,
    stop_reason TEXT,
    model_answered TEXT
) STRICT;
CREATE INDEX trial_texts_by_system_prompt ON trial_texts (system_prompt);

CREATE TABLE scores (
    trial INTEGER NOT NULL REFERENCES trials (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    scorer TEXT NOT NULL,
    metric TEXT NOT NULL,
    score REAL NOT NULL,
    weight REAL NOT NULL,
    passed INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (trial, position)
) STRICT, WITHOUT ROWID;

-- Every call to a model. When a trial is retried its row gets a new id, and the earlier attempts follow it.
CREATE TABLE attempts (
    trial INTEGER NOT NULL REFERENCES trials (id) ON DELETE CASCADE ON UPDATE CASCADE,
    number INTEGER NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('answer', 'judge')),
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    status INTEGER,
    input_tokens INTEGER,
    cached_input_tokens INTEGER,
    output_tokens INTEGER,
    cost_usd REAL,
    error TEXT,
    PRIMARY KEY (trial, number)
) STRICT, WITHOUT ROWID;

-- Trials that have begun and not yet ended; what a dead program leaves here was interrupted.
CREATE TABLE started (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    case_index INTEGER NOT NULL,
    variant INTEGER NOT NULL,
    repetition INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (run, case_index, variant, repetition)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_run ON events (run, sequence);

CREATE TABLE artifacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    trial INTEGER REFERENCES trials (id) ON DELETE CASCADE ON UPDATE CASCADE,  -- absent: of the whole run
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX artifacts_by_run ON artifacts (run, trial);
CREATE INDEX artifacts_by_trial ON artifacts (trial);

CREATE TABLE applies (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    variant TEXT NOT NULL,
    variant_hash TEXT NOT NULL,
    metric TEXT NOT NULL,
    evidence TEXT NOT NULL,
    runs TEXT NOT NULL,                -- JSON array; kept even when the runs are deleted
    file TEXT NOT NULL,
    key_path TEXT,
    backup TEXT NOT NULL,
    before_hash TEXT NOT NULL,
    after_hash TEXT NOT NULL,
    diff TEXT NOT NULL,
    undone_at INTEGER
) STRICT;

-- Who runs a run. A lease whose process is gone is taken over.
CREATE TABLE leases (
    run INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    instance INTEGER NOT NULL,         -- random, one for each time a program opens the database
    process_id INTEGER NOT NULL,
    process_start INTEGER NOT NULL,    -- seconds after the machine started
    boot_id TEXT NOT NULL,
    host TEXT NOT NULL,
    heartbeat_ms INTEGER NOT NULL
) STRICT;
