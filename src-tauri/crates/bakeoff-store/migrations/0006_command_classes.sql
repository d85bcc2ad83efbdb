-- What models said of the commands that agents ran. No trial changes by it; whoever reads may ask anew.

CREATE TABLE command_classes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- a later answer has a higher one
    command TEXT NOT NULL,                 -- SHA-256 of the command's text
    provider TEXT NOT NULL,
    model TEXT NOT NULL,                   -- as it was asked for
    question INTEGER NOT NULL,             -- the number of the question; another one may get other answers
    class TEXT NOT NULL,
    reason TEXT NOT NULL,                  -- in the model's words
    at INTEGER NOT NULL,
    UNIQUE (command, provider, model, question)
) STRICT;
