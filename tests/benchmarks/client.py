"""What the plugin adds in the real client: milliseconds to one Bash call, and tokens to what the model reads.

    python tests/benchmarks/client.py [--calls 30] [--rounds 5] [--write docs/proposers.md]

The client talks to a model on loopback that calls the shell again and again and is timed from one request to the next. Without the plugin,
with it where there is no session, and with it in the client that owns one (all else being equal): a client each, in turn, `--rounds` times;
medians of all calls. Tokens are counted as the brief counts its own, on the safe side, in what one experiment's call and answer add to the
conversation; reading and editing the code comes on top and is the same without autotune.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[2] / "lib")]

from tests.client.client import ROOT, SOURCE, VERSION, Machine, attempt, machine_in, open_session, program, python_environment
from tests.client.model import Asked, Call, Line, Say, Turn, bash

from autotune.core.tell.brief import tokens
from autotune.edges import machine as machines
from autotune.hooks.locating import OWNER, keep

MARKERS = "<!-- client -->", "<!-- /client -->"
SETTLES_AFTER = 5  # calls of a client that are not counted: it is still warming up
WAYS = ("without the plugin", "no session", "a session of this client")


class Clock:
    """A model that calls the shell, and notes when it was asked."""

    def __init__(self, calls: int) -> None:
        self.at: list[float] = []
        self.script: dict[str, Line] = {**{f"call {number}": self._call for number in range(calls)}, "end": self._end}

    def _call(self, _: Asked) -> Turn:
        self.at.append(time.perf_counter())
        return bash("true")

    def _end(self, _: Asked) -> Turn:
        self.at.append(time.perf_counter())
        return Say("Is that all?")

    @property
    def took_ms(self) -> list[float]:
        """From each request to the next, those at first left out."""
        return [1000 * (after - before) for before, after in zip(self.at, self.at[1:], strict=False)][SETTLES_AFTER:]


def one_call(plain: Machine, owned: Machine, calls: int, rounds: int) -> Mapping[str, float]:
    """Give the median milliseconds of a Bash call, each way."""
    ways = {WAYS[0]: (plain, None), WAYS[1]: (plain, ROOT), WAYS[2]: (owned, ROOT)}
    took: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, (machine, plugin) in ways.items():
            clock, identity = Clock(calls + SETTLES_AFTER), str(uuid.uuid4())
            for session in machine.sessions.glob("speed*"):
                keep(str(session / OWNER), {"client": identity, "agent": False, "process": None})
            talk = machine.talk(clock.script, "--allowedTools", "Bash", "--session-id", identity, plugin=plugin)
            if talk.last != "end" or machine.log:
                raise RuntimeError(f"the client did not do as it was told: {talk.stderr}{machine.log}")
            took[way] += clock.took_ms
    return {way: median(values) for way, values in took.items()}


def one_experiment(owned: Machine) -> Iterator[tuple[str, int]]:
    """Give how many tokens each part of a session puts into the model's context."""
    sources = {"is kept": SOURCE.format(cost=90), "is discarded": SOURCE.format(cost=95), "crashes": SOURCE.format(cost="oops")}
    script: dict[str, Line] = {}
    for name, content in sources.items():
        script |= attempt(owned, name, content)
    talk = owned.talk({**script, "sent on": Say("I am done."), "end": Say("Is that all?")}, "--agent", "autotune")
    if talk.last != "end":
        raise RuntimeError(f"the client did not do as it was told: {talk.stderr}")
    yield "the agent's page, once", tokens((ROOT / "agents/autotune.md").read_text("utf-8"))
    yield "the brief, when a conversation begins or was compacted", tokens(owned.autotune("brief"))
    for name in sources:
        call = script[name]
        given = json.dumps(call.given) if isinstance(call, Call) else ""
        yield f"an experiment that {name}: call and answer", tokens(given + talk[name].all)
    yield "being sent on after a stop", tokens(talk["sent on"].all)


def table(took_ms: Mapping[str, float], told: Mapping[str, int]) -> str:
    """Write both as Markdown."""
    about, bare = machines.fingerprint(), took_ms[WAYS[0]]
    lines = [f"Client {VERSION}, on {about['cpu']}, {about['cpus']} CPUs.", "", "| one Bash call | median | added |", "|---|---:|---:|"]
    lines += [f"| {way} | {took:.0f} ms | {took - bare:.0f} ms |" for way, took in took_ms.items()]
    lines += ["", "| put into the model's context | tokens |", "|---|---:|"]
    return "\n".join([*lines, *(f"| {what} | {count} |" for what, count in told.items())])


def main() -> None:
    """Measure, print the tables, and write them into a page if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, metavar="docs/proposers.md", help="write the tables between the page's markers")
    asked = parser.parse_args()
    binary, environment = program(), python_environment()
    with tempfile.TemporaryDirectory() as folder:
        plain = machine_in(Path(folder, "plain"), binary, environment)
        plain.autotune("--help")  # as everywhere after the first command, the launcher knows its Python
        owned = open_session(machine_in(Path(folder, "owned"), binary, environment))
        text = table(one_call(plain, owned, asked.calls, asked.rounds), dict(one_experiment(owned)))
    print(text)
    if asked.write:
        page = asked.write.read_text("utf-8")
        begin, end = (page.index(marker) for marker in MARKERS)
        asked.write.write_text(f"{page[: begin + len(MARKERS[0])]}\n{text}\n{page[end:]}", "utf-8")


if __name__ == "__main__":
    main()
