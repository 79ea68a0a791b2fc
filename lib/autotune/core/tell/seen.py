"""The words of what was seen in production: what was taken in, what there is, what was forgotten; made of what `--json` gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from autotune.core.escaping import shortened
from autotune.core.records.trace import Unread
from autotune.core.tell.figures import counted, day
from autotune.core.tell.lines import Line, Tone, Values

_LONGEST_PATH = 300
_UNREAD = {
    Unread.NOT_UTF8: "not UTF-8",
    Unread.NOT_JSON: "not JSON",
    Unread.NOT_AN_OBJECT: "JSON, but no object",
    Unread.NO_INPUT: "no request in it",
    Unread.BAD_TIME: "a time that is none",
    Unread.TOO_LONG: "longer than a line may be",
    Unread.ID_TAKEN: "an id that another record has",
    Unread.BAD_TOOL_CALL: "a tool call without a name",
    Unread.BAD_VERSION: "a pack version that is none",
}
_HELPS = {
    Unread.NOT_UTF8: "not UTF-8: `iconv -f latin1 -t utf-8 FILE >NEW.jsonl` converts it, if latin1 is its encoding",
    Unread.NO_INPUT: "no request in it: say where it stands, such as --format chat --field input=request.text",
    Unread.BAD_TIME: "a time that is none: say where it stands, such as --format chat --field at=meta.created",
}
"""What helps against a reason why a line was not read, where a person can do something."""
_TOO_OLD = "too old: set `retention_days` in prompts.toml to more, and ingest a copy of the file"
ASKED = {
    "place": "Where should the workshop be?",
    "trace_dir": "Where does your agent write its traces?",
    "output_dir": "Where does your agent read its packs?",
}
FIRST_COMMIT = "Packs as they are deployed, or as they begin"
_PARTS = ("train", "select", "confirm")
_UNITS = ("B", "kB", "MB", "GB", "TB")
_THOUSAND = 1000


def ingested(found: Values) -> Iterator[Line]:
    """What `ingest` did, or in a rehearsal would do."""
    would = "would be " if found["dry_run"] else ""
    grown = f", {found['changed']:,} grown" if found["changed"] else ""
    yield Line("new", f"{counted(found['records'] + found['read_back'], 'record')} {would}taken in{grown}", Tone.GOOD)
    yield Line(
        "read", f"{counted(found['lines'], 'line')}, {size(found['bytes'])}, in {counted(found['files'], 'file')} with something new"
    )
    left = {
        "read before": found["again"],
        "no requests": found["passed_over"],
        "too old": found["expired"],
        "forgotten": found["forgotten"],
    }
    if any(left.values()):
        yield Line("left out", _table(left))
    if found["expired"]:
        yield Line("", _TOO_OLD)
    if found["pending"]:
        yield Line("waiting", f"{counted(found['pending'], 'file')} with an end that is half written")
    yield _masked(found["masked"], masks=found["redact"])
    yield from _unread(found)
    for path, why in found["closed"].items():
        yield Line("not opened", f"{_short(path)}: {_short(why)}; make it readable for you, and ingest again", Tone.BAD)
    for place, count in found["others"].items():
        yield Line("passed by", f"{counted(count, 'file')} of {_short(place)} whose names do not end in .jsonl; name one to have it read")
    if found["forgotten_for_age"]:
        yield Line("forgotten", f"{counted(found['forgotten_for_age'], 'record')} {would}forgotten for their age")
    for place in found["missing"]:
        yield Line("missing", f"{_short(place)} is not there; name a file or a folder, or set `trace_dir` in prompts.toml", Tone.FAIR)
    yield Line("database", f"{_short(found['database'])}: {counted(found['records_now'], 'record')}")


def _masked(masked: Mapping[str, int], *, masks: bool) -> Line:
    if not masks:
        return Line("masked", "nothing: redact is off", Tone.FAIR)
    return Line("masked", _table(masked) or "nothing was found")


def _unread(found: Values) -> Iterator[Line]:
    if found["unread"]:
        words = {_UNREAD[Unread(reason)]: count for reason, count in found["unread"].items()}
        where = f"; see {_short(found['dead_letters'])}" if found["dead_letters"] else ""
        yield Line("not read", f"{_table(words)}{where}", Tone.BAD)
        yield from (Line("", _HELPS[reason]) for reason in map(Unread, found["unread"]) if reason in _HELPS)
    if found["flaws"]:
        yield Line("in parts", _table({_UNREAD[Unread(reason)]: count for reason, count in found["flaws"].items()}), Tone.FAIR)


def status(found: Values) -> Iterator[Line]:
    """What there is: the workshop, records, cases by behaviour, what was masked and not read."""
    yield Line("workshop", _short(found["workshop"]) if found["workshop"] else "none yet; `autotune prompts init` makes one")
    yield Line("database", f"{_short(found['database'])} ({size(found['bytes'])}), kept for {found['retention_days']} days")
    if not found["records"]:
        yield Line("records", "none yet; `autotune ingest` takes in what your agent wrote")
    else:
        groups = f"{counted(found['users'], 'user')} in {counted(found['conversations'], 'conversation')}"
        yield Line("records", f"{found['records']:,} by {groups}, from {day(found['first_ms'])} to {day(found['last_ms'])}")
    for behavior, parts in found["behaviors"].items():
        cases = ", ".join(f"{part} {parts.get(part, 0):,}" for part in _PARTS)
        yield Line("cases", f"{_short(behavior)}: {cases}")
    for pack in found["packs"]:
        shown = f"{_short(pack['behavior'])} {_short(pack['version'])}"
        yield Line("shown", f"{shown} in {counted(pack['records'], 'record')}")
    if found["records"]:
        yield _masked(found["masked"], masks=found["redact"])
    yield from _unread(found)
    for source in found["sources"]:
        half = f", {source['half_written']} with a half-written end" if source["half_written"] else ""
        place = _short(source["place"])
        yield Line("source", f"{place} ({source['format']}): {counted(source['files'], 'file')}, {size(source['bytes'] or 0)} read{half}")


def forgot(found: Values) -> tuple[Line, ...]:
    """What `forget` did, or in a rehearsal would do."""
    would = "would be " if found["dry_run"] else ""
    what = [counted(found["records"], "record"), counted(found["frozen"], "frozen case"), counted(found["dead_letters"], "dead letter")]
    return (Line("forgotten", f"{', '.join(what)} {would}forgotten"),)


def exported(found: Values) -> tuple[Line, ...]:
    """What `export` wrote into a file."""
    return (Line("exported", f"{counted(found['lines'], 'line')} into {_short(found['file'])}"),)


def made(found: Values) -> Iterator[Line]:
    """What `init` made, or in a rehearsal would make."""
    would = "would be made: " if found["dry_run"] else ""
    yield Line("workshop", f"{would}{_short(found['place'])}", Tone.GOOD)
    kinds = {folder: sum(name.startswith(f"{folder}/") for name in found["files"]) for folder in ("packs", "rubrics")}
    alone = [name for name in found["files"] if "/" not in name]
    yield Line("files", ", ".join([*alone, counted(kinds["packs"], "pack"), counted(kinds["rubrics"], "rubric")]))
    if found["deployed"]:
        yield Line("deployed", f"the packs that your agent reads now: {', '.join(found['deployed'])}")
    for variable in found["secrets"]:
        yield Line("key", f"your key was left where it is; set {variable} in the environment", Tone.FAIR)
    yield Line("next", "`autotune ingest` takes in what your agent wrote; `autotune prompts status` shows what there is")


def _short(text: str) -> str:
    return shortened(text, _LONGEST_PATH)


def size(count: int) -> str:
    """A number of bytes in a unit that suits it."""
    value, unit = float(count), 0
    while value >= _THOUSAND and unit < len(_UNITS) - 1:
        value, unit = value / _THOUSAND, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if unit == 0 or value >= 100 else f"{value:.1f} {_UNITS[unit]}"  # noqa: PLR2004 - three figures


def _table(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{_short(name)} {count:,}" for name, count in counts.items() if count)
