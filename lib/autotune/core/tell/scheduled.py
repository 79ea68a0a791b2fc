"""The words of what a machine does for you by itself: what `schedule` writes, begins and takes away; made of what `--json` gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autotune.core.escaping import shortened
from autotune.core.tell.lines import Line, Tone

_LONGEST = 500


def scheduled(found: Mapping[str, Any]) -> Iterator[Line]:
    """What was done, or would be, or can be done with the unit that is shown."""
    would = "would be " if found["dry_run"] else ""
    if found["action"] == "remove":
        yield Line("removed", f"the {found['kind']} unit {would}taken away" if found["was_there"] else "nothing: none is installed")
        return
    if found["action"] == "install":
        yield Line("scheduled", f"{would}by {found['kind']}, every {_long(found['every_minutes'])}", Tone.GOOD)
    for label, texts in (("file", found["files"]), ("crontab", filter(None, [found["crontab"]])), ("runs", found["commands"])):
        yield from (Line(label, shortened(text, _LONGEST)) for text in texts)
    yield from _remarks(found)
    if found["action"] == "show":
        yield Line("next", "--install puts this in place; nothing was written")


def _remarks(found: Mapping[str, Any]) -> Iterator[Line]:
    if found["every_minutes"] != found["wanted_minutes"]:
        wanted, every = _long(found["wanted_minutes"]), _long(found["every_minutes"])
        yield Line("note", f"cron cannot say every {wanted}; it will be every {every}", Tone.FAIR)
    keys = shortened(found["keys"], _LONGEST)
    yield Line("keys", f"put them into {keys}, a line each: NAME=value, or NAME=$(a command that asks your keychain)")
    if found["keys_open"]:
        yield Line("keys", f"others on this machine can read that file: `chmod 600 {keys}`", Tone.BAD)
    if found["kind"] == "systemd":
        yield Line("note", "it runs while you are logged in; `loginctl enable-linger` has it run after that too")
    yield Line("output", shortened(found["log"], _LONGEST) if found["log"] else f"`journalctl --user -u {found['name']}` shows it")


def page(found: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """The unit itself: each file under its path, and the line of the crontab."""
    parts = [f"# {path}\n{text}" for path, text in files.items()]
    return "\n".join([*parts, *([f"# crontab -e\n{found['crontab']}\n"] if found["crontab"] else [])])


def _long(minutes: float) -> str:
    if minutes >= 120 and minutes % 60 == 0:  # noqa: PLR2004 - two hours
        return f"{minutes / 60:g} hours"
    if minutes == 60:  # noqa: PLR2004 - an hour
        return "hour"
    return "minute" if minutes == 1 else f"{minutes:g} minutes"
