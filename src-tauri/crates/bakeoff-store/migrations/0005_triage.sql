-- Triage tests: the queue in which their runs wait, and a view of every call that they made.

-- A run whose row here is 'queued' waits for its turn; its state in `runs` is that of a run which nobody works on.
CREATE TABLE queue_jobs (
    run INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    queued_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    error TEXT,                        -- why it failed or was cancelled
    stop_asked INTEGER NOT NULL DEFAULT 0  -- somebody wants the program that runs it to stop it
) STRICT;
CREATE INDEX queue_jobs_open ON queue_jobs (state, run) WHERE state IN ('queued', 'running');

CREATE TABLE queue_control (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    paused INTEGER NOT NULL DEFAULT 0,
    emergency_stop INTEGER NOT NULL DEFAULT 0,
    worked_at INTEGER NOT NULL DEFAULT 0   -- when a program last looked for something to do
) STRICT;
INSERT INTO queue_control (id) VALUES (1);

CREATE VIEW provider_calls AS
SELECT a.trial AS trial, a.number AS number, t.run AS run, t.case_index AS case_index, t.variant AS variant_index,
    rc.case_id AS item, rv.name AS variant,
    CASE a.purpose WHEN 'answer' THEN 'triage' ELSE a.purpose END AS purpose,
    a.provider AS provider, a.model AS model, a.input_tokens AS input_tokens, a.output_tokens AS output_tokens,
    0.0 AS credits, a.cost_usd AS cost_usd, a.started_at AS started_at, a.ended_at AS ended_at, a.status AS http_status,
    CASE WHEN a.error IS NULL THEN 'ok' ELSE 'error' END AS status, a.error AS error
FROM attempts a
JOIN trials t ON t.id = a.trial
JOIN queue_jobs q ON q.run = t.run
JOIN run_cases rc ON rc.run = t.run AND rc.case_index = t.case_index
JOIN run_variants rv ON rv.run = t.run AND rv.variant = t.variant;
