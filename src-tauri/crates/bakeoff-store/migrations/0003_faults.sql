-- Fault campaigns: what was broken and how it is undone, what was seen while a trial ran, and what came of it.

-- What one attempt of a fault trial writes while it runs, before the trial has a row of its own. A retry gets a log of its
-- own, and the earlier one is forgotten when the retry has a result.
CREATE TABLE lab_logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    case_index INTEGER NOT NULL,
    variant INTEGER NOT NULL,
    repetition INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER                  -- absent: its trial is going on; what is later than this belongs to a retry
) STRICT;
CREATE INDEX lab_logs_by_trial ON lab_logs (run, case_index, variant, repetition, id);

CREATE TABLE health_samples (
    log INTEGER NOT NULL REFERENCES lab_logs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,         -- from 0
    sample TEXT NOT NULL,              -- JSON object
    PRIMARY KEY (log, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_entries (
    log INTEGER NOT NULL REFERENCES lab_logs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,           -- from 1
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    summary TEXT NOT NULL,
    content TEXT NOT NULL,
    tool TEXT,
    parameters TEXT,                   -- JSON
    exit_code INTEGER,
    class TEXT,
    PRIMARY KEY (log, number)
) STRICT;

CREATE TABLE tickets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    log INTEGER NOT NULL REFERENCES lab_logs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,           -- from 1 within the trial
    key TEXT NOT NULL,
    invariant TEXT NOT NULL,
    node TEXT,
    severity TEXT NOT NULL,
    message TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'acknowledged', 'diagnosed', 'resolved')),
    held INTEGER NOT NULL,
    person_held INTEGER,               -- what a person said about holding it, which stands over `held`; absent: nothing
    occurrences INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    resolved_at INTEGER,
    resolved_by TEXT,
    diagnosis TEXT,
    variant TEXT,
    metrics TEXT NOT NULL,             -- JSON object
    UNIQUE (log, number)
) STRICT;
CREATE INDEX tickets_unresolved ON tickets (id) WHERE status <> 'resolved';

-- What a fault trial has beside what every trial has. The columns repeat what lists and statistics need.
CREATE TABLE fault_trials (
    trial INTEGER PRIMARY KEY REFERENCES trials (id) ON DELETE CASCADE,
    log INTEGER NOT NULL REFERENCES lab_logs (id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    mechanism TEXT,
    node TEXT,
    mode TEXT NOT NULL,
    detect_s REAL,
    restore_s REAL,
    censored_s REAL,
    claim_lag_s REAL,
    commands INTEGER NOT NULL,
    unique_commands INTEGER NOT NULL,
    destructive INTEGER NOT NULL,
    destructive_effects INTEGER NOT NULL,
    thrashing INTEGER NOT NULL,
    attribution TEXT,
    record TEXT NOT NULL               -- JSON object: all of it but the tickets
) STRICT;
CREATE INDEX fault_trials_by_log ON fault_trials (log);

-- Every fault, written before it is done. No reference to the run: what is in force must be undone even when the run is
-- deleted.
CREATE TABLE fault_journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL,
    case_index INTEGER NOT NULL,
    variant INTEGER NOT NULL,
    repetition INTEGER NOT NULL,
    kind TEXT NOT NULL,
    node TEXT,
    mechanism TEXT NOT NULL,
    planned TEXT NOT NULL,             -- JSON object, with the undo in it
    place TEXT NOT NULL,               -- JSON object
    state TEXT NOT NULL CHECK (state IN
        ('planned', 'injecting', 'landed', 'reverting', 'reverted', 'revert_failed', 'lost')),
    planned_at INTEGER NOT NULL,
    injecting_at INTEGER,
    landed_at INTEGER,
    reverting_at INTEGER,
    ended_at INTEGER,                  -- reverted, lost, or given up
    expires_at INTEGER NOT NULL,
    note TEXT,
    instance INTEGER NOT NULL,         -- who did it, as in `leases`
    process_id INTEGER NOT NULL,
    process_start INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    host TEXT NOT NULL
) STRICT;
CREATE INDEX fault_journal_by_run ON fault_journal (run, id);
CREATE INDEX fault_journal_open ON fault_journal (id) WHERE state NOT IN ('reverted', 'lost');
