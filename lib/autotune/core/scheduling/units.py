"""What has a machine do a job again and again: units of systemd and launchd, a line of a crontab, and the script that each of them starts.

The script is the one place where the command line is quoted and keys are read. A unit holds the path of the script and how often.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from shlex import quote

from autotune.core.scheduling.crontab import times
from autotune.errors import AutotuneError

_S_PER_MINUTE = 60
_FIRST_WAIT_MINUTES = 5  # after the timer has started: at once, and with each start of the machine


class Kind(StrEnum):
    """Who starts the job."""

    SYSTEMD = "systemd"
    LAUNCHD = "launchd"
    CRON = "cron"


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its name, its whole command line, how often, the folder that it works in, and variables that it needs; none of them a key."""

    name: str
    words: tuple[str, ...]
    every_minutes: float
    folder: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Places:
    """Your folders, as full paths, and your number on this machine."""

    home: str
    config: str
    data: str
    user: int

    @property
    def keys(self) -> str:
        """The file that keys are read from, by whatever is scheduled."""
        return f"{self.config}/autotune/keys.env"


@dataclass(frozen=True, slots=True)
class Unit:
    """What a kind needs: files by their path, the line of a crontab, commands that begin and end it, and how often it really comes.

    The commands of `before` and `end` may fail: then there is nothing to end.
    """

    kind: Kind
    name: str
    files: Mapping[str, str]
    crontab: str
    before: tuple[tuple[str, ...], ...]
    begin: tuple[tuple[str, ...], ...]
    end: tuple[tuple[str, ...], ...]
    every_minutes: float
    keys: str
    log: str


def unit(kind: Kind, job: Job, places: Places) -> Unit:
    """Make what a kind needs for a job. Raises AutotuneError for a path that no unit can hold."""
    for text in (*job.words, job.folder, *job.environment.values(), places.home, places.config, places.data):
        if any(ord(letter) < ord(" ") for letter in text):
            raise AutotuneError(f"{text!r} holds a line end or a control character, which no unit can hold.", "give it another name")
    name, script = f"autotune-{job.name}", f"{places.data}/schedule/{job.name}.sh"
    log = f"{places.data}/schedule/{job.name}.log"
    files = {script: _script(job, places.keys, "" if kind is Kind.SYSTEMD else log)}
    if kind is Kind.SYSTEMD:
        folder = f"{places.config}/systemd/user"
        files |= {f"{folder}/{name}.service": _service(job, script), f"{folder}/{name}.timer": _timer(job)}
        tell = ("systemctl", "--user")
        begin = ((*tell, "daemon-reload"), (*tell, "enable", "--now", f"{name}.timer"))
        end = ((*tell, "disable", "--now", f"{name}.timer"),)
        return Unit(kind, name, files, "", (), begin, end, job.every_minutes, places.keys, "")
    if kind is Kind.LAUNCHD:
        label, domain = f"autotune.{job.name}", f"gui/{places.user}"
        path = f"{places.home}/Library/LaunchAgents/{label}.plist"
        files[path] = _plist(label, job, script)
        out = ("launchctl", "bootout", f"{domain}/{label}")
        load = ("launchctl", "bootstrap", domain, path)
        return Unit(kind, name, files, "", (out,), (load,), (out,), job.every_minutes, places.keys, log)
    when, minutes = times(job.every_minutes, name)
    line = f"{when} /bin/sh {quote(script)}".replace("%", "\\%")
    return Unit(kind, name, files, line, (), (), (), minutes, places.keys, log)


def _script(job: Job, keys: str, log: str) -> str:
    """The script: variables, keys, folder, command line. Its output goes into a log of the last pass, or where systemd puts it."""
    into = f" >{quote(log)} 2>&1" if log else ""
    return "\n".join((
        "#!/bin/sh",
        f"# Written by `autotune {job.name} schedule --install`; `--remove` deletes it.",
        f"# Keys are never written here. They are read from {keys}, if it is there:",
        "# a line each, such as OPENROUTER_API_KEY=... or, from a keychain,",
        "# OPENROUTER_API_KEY=$(secret-tool lookup service openrouter)",
        *(f"export {name}={quote(value)}" for name, value in sorted(job.environment.items())),
        f"if [ -r {quote(keys)} ]; then set -a; . {quote(keys)}; set +a; fi",
        f"cd {quote(job.folder)} || exit 1",
        f"exec {' '.join(map(quote, job.words))}{into}",
        "",
    ))  # fmt: skip


def _service(job: Job, script: str) -> str:
    """The service: one pass, ended by a word to the program alone, so that it finishes the step that runs."""
    return "\n".join((
        "[Unit]",
        f"Description=autotune {job.name}",
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart=/bin/sh {_quoted(script)}",
        "KillMode=mixed",
        "Nice=10",
        "",
    ))  # fmt: skip


def _timer(job: Job) -> str:
    """The timer: so long after the end of a pass; a tenth of that by chance, so that not everybody asks a service at once."""
    seconds = round(job.every_minutes * _S_PER_MINUTE)
    return "\n".join((
        "[Unit]",
        f"Description=autotune {job.name}, every {job.every_minutes:g} minutes",
        "",
        "[Timer]",
        f"OnActiveSec={_FIRST_WAIT_MINUTES}min",
        f"OnUnitInactiveSec={seconds}s",
        f"RandomizedDelaySec={max(1, seconds // 10)}s",
        "",
        "[Install]",
        "WantedBy=timers.target",
        "",
    ))  # fmt: skip


def _plist(label: str, job: Job, script: str) -> str:
    return "\n".join((
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
        '<plist version="1.0">',
        "<dict>",
        f"  <key>Label</key><string>{escape(label, quote=False)}</string>",
        f"  <key>ProgramArguments</key><array><string>/bin/sh</string><string>{escape(script, quote=False)}</string></array>",
        f"  <key>StartInterval</key><integer>{round(job.every_minutes * _S_PER_MINUTE)}</integer>",
        "  <key>ProcessType</key><string>Background</string>",
        "  <key>ExitTimeOut</key><integer>600</integer>",
        "</dict>",
        "</plist>",
        "",
    ))  # fmt: skip


def _quoted(text: str) -> str:
    """A word as a line of a service reads it: no specifier, no variable, no end of the quotes in it."""
    for letter, written in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        text = text.replace(letter, written)
    return f'"{text}"'
