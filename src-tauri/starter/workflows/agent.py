"""A program that Bakeoff runs once a trial: one JSON text in on stdin, one JSON text out on stdout.

Replace `answer` by your own agent (LangGraph, CrewAI, anything). What is printed to stderr is kept with the trial.
"""

import json
import sys


def answer(prompt: str, ticket: str) -> str:
    """The first word of the prompt that the ticket contains. A real agent would ask a model."""
    found = [word for word in prompt.split() if word in ticket.lower()]
    return found[0] if found else "unknown"


call = json.load(sys.stdin)
ticket = call["inputs"].get("input", "the disk of db-3 is full")
label = answer(call["variant"]["prompt"], ticket)
print(f"sorted as {label}", file=sys.stderr)
json.dump({
    "outputs": {"label": label},
    "tokens": {"input": len(call["variant"]["prompt"].split()), "output": 1},
    "cost_usd": 0.0,
}, sys.stdout)
