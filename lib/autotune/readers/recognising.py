"""What a command's words or its output look like, when nobody has said how they are read."""

from __future__ import annotations

import re

from autotune.core.facts import Fact, Kind
from autotune.core.output.sources import FORMATS
from autotune.readers.reading import COLOURS

FILE = "bench.json"  # what is proposed where a tool has to write one
_COMMANDS = {
    "hyperfine": r"\bhyperfine\b",
    "go": r"\bgo test\b.*\s-(?:test\.)?bench\b",
    "criterion": r"\bcargo (?:\S+ )*bench\b|\bcriterion\b",
    "vitest": r"\bvitest (?:\S+ )*bench\b",
    "pytest-benchmark": r"\b(?:pytest|py\.test)\b.*bench",
    "lighthouse": r"\blighthouse\b",
    "google-benchmark": r"--benchmark_",
}
_OUTPUTS = {
    "hyperfine": r"^\s*Time \((?:mean ± \u03c3|abs \u2261)\):",
    "go": r"^Benchmark\S*\s+[0-9]+\s+[0-9.]+ ns/op",
    "criterion": r"^.*\btime:\s+\[[0-9.]+ \S+ [0-9.]+ \S+ [0-9.]+ \S+\]",
    "vitest": r"BENCH\S*\s+\S*Summary|^\s*name\s+hz\s+min\s+max",
    "pytest-benchmark": r"^-+ benchmark(?: '.*')?: [0-9]+ tests",
    "google-benchmark": r"^Benchmark\s+Time\s+CPU\s+Iterations",
}
_DOCUMENTS = {
    "hyperfine": r'"results": *\[\s*\{\s*"command":',
    "google-benchmark": r'"benchmarks": *\[\s*\{\s*"name":.*"real_time":',
    "lighthouse": r'"lighthouseVersion":',
    "json": r"\A\s*[\[{].*[\]}]\s*\Z|^\{.*\}\s*\Z",
}


def recognised(command: str, output: bytes = b"") -> Fact | None:
    """How this could be read: by what was printed, else by what is run; None where it looks like nothing that is known."""
    text = COLOURS.sub("", output.decode("utf-8", "replace"))
    printed = next((name for name, mark in _OUTPUTS.items() if re.search(mark, text, re.MULTILINE)), None)
    document = next((name for name, mark in _DOCUMENTS.items() if re.search(mark, text, re.MULTILINE | re.DOTALL)), None)
    run = next((name for name, mark in _COMMANDS.items() if re.search(mark, command)), None)
    if printed is None and document is not None:
        return _read_by(document, written=False)
    name = printed or run
    return None if name is None else _read_by(name, written=bool(FORMATS[name].option))


def _read_by(name: str, *, written: bool) -> Fact:
    known = FORMATS[name]
    option = known.option.replace("FILE", FILE) if written else ""
    return Fact(Kind.CAN_BE_READ, {"format": known.title, "read": f"{name}:{FILE}" if written else name, "option": option})
