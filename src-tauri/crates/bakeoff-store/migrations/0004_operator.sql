-- Operator: runs that came from its files, and what people of other programs want of a running trial's tickets.

CREATE TABLE imported_runs (
    run INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    file TEXT NOT NULL,
    campaign INTEGER NOT NULL,         -- its number there
    key TEXT NOT NULL UNIQUE,          -- SHA-256: which campaign it is
    content TEXT NOT NULL,             -- SHA-256 of the campaign with all its trials
    imported_at INTEGER NOT NULL
) STRICT;

-- Asked for by any program, carried out by the one that runs the trial.
CREATE TABLE ticket_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket INTEGER NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
    run INTEGER NOT NULL,
    change TEXT NOT NULL CHECK (change IN ('resolve', 'hold', 'unhold')),
    asked_at INTEGER NOT NULL,
    answered_at INTEGER,               -- absent: nobody has looked at it
    refusal TEXT                       -- absent: done
) STRICT;
CREATE INDEX ticket_changes_open ON ticket_changes (run) WHERE answered_at IS NULL;
