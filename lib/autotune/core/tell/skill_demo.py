"""What the demo of skills says between its commands."""

from __future__ import annotations

from collections.abc import Mapping

OPENING = (
    "A skill writes release notes. People ask for a changelog, too, and then it stays silent."
    " The client here decides by words, and the proposer has one idea: no model is asked, and nothing leaves this machine."
    " All else is as it is in your own sessions."
)
CHAPTERS: Mapping[str, str] = {
    "sync": "1. Read what the client wrote down.",
    "explain": "2. Where was the skill missed? People typed it afterwards, or complained.",
    "improve": "3. Look for a better description. A search proposes, and a session decides by queries that no proposer has seen.",
    "deploy": "4. Put what was kept in its place.",
    "after": "5. People go on to ask. Read that, and look at what came since.",
    "careless": "6. Somebody deploys a careless description, at their own word.",
    "worse": "7. People go on to ask. It regressed, with odds against luck, and is taken back.",
    "list": "8. Every version is kept.",
}


def closing(folder: str, seconds: float, *, well: bool) -> str:
    """The last words of the demo."""
    ended = "The skill has its better description again" if well else "The demo did not end as it should"
    return f"{ended}, after {seconds:.0f} s. All of it is in {folder}; delete it when you like."
