"""A client for the demo of skills. It speaks Claude Code's stream, and decides by words: no model is asked, and the same query gives the same.

A skill fires where its description has enough of the query's words, and more of them than any other skill's.
"""

import json
import re
import sys
from pathlib import Path

ENOUGH = 0.3
SMALL = {
    "a",
    "an",
    "and",
    "for",
    "from",
    "in",
    "is",
    "it",
    "me",
    "my",
    "of",
    "on",
    "or",
    "our",
    "please",
    "the",
    "this",
    "to",
    "use",
    "when",
    "with",
}


def words(text):
    return {one.rstrip("s") for one in re.findall(r"[a-z]+", text.lower()) if one not in SMALL}


def fired(descriptions, query):
    """The skill that fires for a query, by the descriptions of all; None where none does."""
    asked = words(query)
    shares = {name: len(asked & words(text)) / max(1, len(asked)) for name, text in descriptions.items()}
    best = max(shares, key=lambda name: (shares[name], name), default=None)
    return best if best is not None and shares[best] >= ENOUGH else None


def description(text):
    found = re.search(r"^description: (.*)$", text, re.MULTILINE)
    return json.loads(found[1]) if found and found[1].startswith('"') else found[1] if found else ""


def say(kind, **more):
    sys.stdout.write(json.dumps({"type": kind, **more}) + "\n")
    sys.stdout.flush()


def main(arguments):
    if arguments == ["--version"]:
        sys.stdout.write("0.0.1 (a client for a demo)\n")
        return
    query = arguments[arguments.index("--") + 1]
    there = {path.parent.name: description(path.read_text("utf-8")) for path in Path.cwd().glob(".claude/skills/*/SKILL.md")}
    usage = {"input_tokens": 0, "output_tokens": 0}
    say("system", subtype="init", skills=list(there), claude_code_version="0.0.1", model="words")
    say("stream_event", event={"type": "message_start", "message": {"id": "m", "usage": usage}}, parent_tool_use_id=None)
    name = fired(there, query)
    block = (
        {"type": "text", "text": "Done."} if name is None else {"type": "tool_use", "id": "t", "name": "Skill", "input": {"skill": name}}
    )
    say("assistant", message={"id": "m", "content": [block]}, parent_tool_use_id=None)
    say("stream_event", event={"type": "message_delta", "delta": {}, "usage": usage}, parent_tool_use_id=None)
    say("result", subtype="success", is_error=False, result="Done.", total_cost_usd=0, usage=usage)


if __name__ == "__main__":
    main(sys.argv[1:])
