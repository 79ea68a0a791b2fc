"""Every way to forge what a session says, tried: `autotune check` names it, and mends nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.cheats.project import Project, opened

from autotune.core import rules
from autotune.core.codec import decode
from autotune.core.facts import AnyKind, Fact
from autotune.core.findings import Amiss, Contradiction
from autotune.core.ledger.events import Imported
from autotune.core.ledger.lines import TYPES
from autotune.core.ledger.order import WORDS

if TYPE_CHECKING:
    from tests.loop.project import Driver

pytestmark = pytest.mark.slow

Line = dict[str, Any]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, fast_driver: Driver) -> Project:
    """A session with a keep, then a discard."""
    project = opened(tmp_path_factory.mktemp("forged") / "project", driver=fast_driver)
    project.replace("app/count.py", "        tick()\n        tick()\n", "        tick()\n")
    assert "verdict: keep" in project.autotune("try", "--description", "one tick").out
    project.replace("app/count.py", "    result = 0\n", "    result = 0\n    tick()\n")
    assert "verdict: discard" in project.autotune("try", "--description", "another tick").out
    assert project.autotune("confirm").code == 0
    assert project.autotune("check").out.endswith(": no findings\n")
    return project


@pytest.fixture
def project(template: Project) -> Project:
    """The template as it was, in its own place: a session knows where it lives."""
    if not (saved := template.top.with_name("saved")).exists():
        shutil.copytree(template.top, saved, symlinks=True)
    shutil.rmtree(template.top)
    shutil.copytree(saved, template.top, symlinks=True)
    return template


def rewritten(project: Project, change: Callable[[list[Line]], None], *, everything: bool = False) -> None:
    """Rewrite the ledger with a chain that holds; with `everything`, also what autotune saw last and the copy."""
    lines = [json.loads(line) for line in project.ledger.read_bytes().splitlines()]
    change(lines)
    prev, whole, last = "0" * 64, b"", b""
    for line in lines:
        line["prev"] = prev
        last = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        prev = hashlib.sha256(last).hexdigest()
        whole += last
    project.ledger.write_bytes(whole)
    if everything:
        (project.folder / "seen.json").unlink()
        (project.folder / "checkpoint.json").unlink()
        (project.top / "autotune.jsonl").write_bytes(whole)


def all_lines(project: Project) -> list[Line]:
    return [json.loads(line) for line in project.ledger.read_bytes().splitlines()]


def line_of(lines: list[Line], kind: str, **values: object) -> Line:
    return next(line for line in reversed(lines) if line["type"] == kind and all(line.get(key) == value for key, value in values.items()))


def better_result(lines: list[Line]) -> None:
    line_of(lines, "result", index=1)["metric"] = 50.0


def better_runs(lines: list[Line]) -> None:
    for line in lines:
        if line["type"] == "run" and line["arm"] == "candidate":
            line["metrics"]["cost"] = 50.0
    line_of(lines, "result", index=1)["metric"] = 50.0


def crashed_after_all(lines: list[Line]) -> None:
    line_of(lines, "result", index=2).update(status="crash", outcome="crashed")


def better_effect(lines: list[Line]) -> None:
    line_of(lines, "result", index=1).update(effect=None, reason="kept: by far")


def other_words(lines: list[Line]) -> None:
    line_of(lines, "result", index=1)["description"] = "something greater"


def promising(lines: list[Line]) -> None:
    words = {"verdict": "inconclusive", "reason": "inconclusive: 9 % lower, promising"}
    line_of(lines, "verdict", experiment=2).update(words)
    line_of(lines, "result", index=2).update(words)


def crashed_in_all_lines(lines: list[Line]) -> None:
    gone = {"outcome": "crashed", "cause": "candidate", "effect": None}
    line_of(lines, "verdict", experiment=2).update(gone, value=None, evidence=None, needed=None, pairs=0)
    line_of(lines, "result", index=2).update(gone, status="crash", metric=None)


def excellent(lines: list[Line]) -> None:
    result = line_of(lines, "result", index=2)
    result["reason"] = f"excellent: {result['reason']}"


def other_files(lines: list[Line]) -> None:
    line_of(lines, "result", index=2)["files"] = ["app/other.py"]


def without_the_claim(lines: list[Line]) -> None:
    lines[:] = [line for line in lines if line["type"] != "claim" and line.get("purpose") != "claim"]


def claim_of_nothing(lines: list[Line]) -> None:
    greater_claim(lines)
    line_of(lines, "claim")["pairs"] = 0


def ended(lines: list[Line]) -> None:
    lines.append({"type": "finish", "reason": "the target is reached", "timestamp": lines[-1]["timestamp"], "prev": ""})


def worse_baseline(lines: list[Line]) -> None:
    line_of(lines, "result", baseline=True)["metric"] = 900.0


def worse_baseline_runs(lines: list[Line]) -> None:
    worse_baseline(lines)
    for line in lines:
        if line["type"] == "run" and line["purpose"] == "baseline":
            line["metrics"]["cost"] = 900.0


def evident(lines: list[Line]) -> None:
    for line in (line_of(lines, "verdict", experiment=1), line_of(lines, "result", index=1)):
        line["effect"] = {"estimate": 0.1, "low": 0.1, "high": 0.1, "relative": True}


def greater_claim(lines: list[Line]) -> None:
    line_of(lines, "claim").update(reason="improved: 90 %", effect={"estimate": 0.1, "low": 0.1, "high": 0.1, "relative": True})


def greater_claim_of_better_runs(lines: list[Line]) -> None:
    for line in lines:
        if line["type"] == "run" and line["purpose"] == "claim" and line["arm"] == "candidate":
            line["metrics"]["cost"] = 20.0


def quieter(lines: list[Line]) -> None:
    line_of(lines, "calibration")["noise"] = 0.5


def more_luck(lines: list[Line]) -> None:
    lines.insert(3, settings_line(lines, error_budget=0.5, scope=["app/**"]))


def in_silence(lines: list[Line]) -> None:
    lines.insert(3, settings_line(lines, error_budget=0.5) | {"changed": ["max_iterations"]})


def out_of_range(lines: list[Line]) -> None:
    lines[0]["config"]["error_budget"] = 0.9


def settings_line(lines: list[Line], **changed: object) -> Line:
    config = lines[0]["config"] | changed
    return {"type": "settings", "config": config, "changed": sorted(changed), "timestamp": lines[0]["timestamp"], "prev": ""}


def kept_after_all(lines: list[Line]) -> None:
    line_of(lines, "result", index=2).update(status="keep", verdict="keep")


def without_runs(lines: list[Line]) -> None:
    lines[:] = [line for line in lines if line["type"] != "run" or line["experiment"] != 1]


def without_the_discard(lines: list[Line]) -> None:
    lines[:] = [line for line in lines if 2 not in (line.get("experiment"), line.get("index"))]


def without_the_keep(lines: list[Line]) -> None:
    lines[:] = [line for line in lines if 1 not in (line.get("experiment"), line.get("index"))]


def forged(lines: list[Line], kind: str) -> Line:  # noqa: C901, PLR0912, PLR0915 - one case a kind
    """A line of a kind that would serve somebody, as much like a real one as can be; it has to be thought of for every new kind."""
    now, candidate = lines[-1]["timestamp"], line_of(lines, "candidate")
    match kind:
        case "config":
            commit = line_of(lines, "result", status="keep")["commit"]
            made = lines[0] | {"segment": 2, "base": commit, "reason": "the user accepted what is measured"}
        case "run":
            made = line_of(lines, "run", arm="incumbent") | {"purpose": "baseline", "experiment": 0, "metrics": {"cost": 9000.0}}
        case "opened":
            made = {"timestamp": now}
        case "candidate":
            made = candidate | {"experiment": candidate["experiment"] + 2}
        case "format":
            made = {key: candidate[key] for key in ("experiment", "commit", "files")} | {"by": "pre-commit", "timestamp": now}
        case "verdict":
            made = line_of(lines, "verdict") | {"experiment": candidate["experiment"] + 1, "verdict": "keep"}
        case "described":
            made = {"experiment": candidate["experiment"], "description": "great", "timestamp": now, "force": True}
        case "result":
            made = line_of(lines, "result") | {"index": candidate["experiment"] + 1, "status": "keep", "verdict": "keep"}
        case "playbook":
            made = {"playbook": "rebaseline", "attempt": 1, "why": "9 experiments in a row without a keep", "timestamp": now}
        case "playbook_end":
            made = {"playbook": "shrink_scope", "result": "narrowed", "timestamp": now, "scope": ["app/**"], "experiments": 3}
        case "target":
            made = {"value": 1.0, "reached": True, "reason": "the median of 3 fresh runs is 1", "timestamp": now}
        case "claim":
            made = line_of(lines, "claim") | {"timestamp": now}
        case "calibration":
            made = line_of(lines, "calibration") | {"runs": 40, "noise": 0.5}
        case "look":
            made = {"values": [9000.0, 9010.0], "moved": True, "reason": "", "timestamp": now}
        case "settings":
            made = settings_line(lines, error_budget=0.5, scope=["app/**", "bench.py"])
        case "pause" | "stop":
            made = {"reason": "enough", "timestamp": now}
        case "finish":
            made = {"reason": "the target of 1 is reached, confirmed by fresh runs", "timestamp": now}
        case "resume":
            made = {"timestamp": now}
        case "repair":
            made = {"timestamp": now, "playbook": "pause"}
        case "restore":
            made = {"experiment": 9, "timestamp": now}
        case "note":
            made = {"text": "let the benchmark be", "timestamp": now}
        case "notice":
            made = {"text": "all is well", "timestamp": now}
        case "cost":
            made = {"cost_usd": 0.0, "tokens": 0, "client": "c", "timestamp": now}
        case "charge":
            made = {"cost_usd": 1.0, "log": "runs/x.log", "timestamp": now}
        case "cases":
            made = {"cases": ["a"], "timestamp": now}
        case "draw":
            made = {
                "experiment": 1,
                "part": "confirm",
                "order": "1",
                "size": 5,
                "taken": "case",
                "timestamp": now,
                "number": 1,
                "planned": 1,
            }
        case "history":
            made = {"file": "theirs.jsonl", "format": "autoresearch", "sha256": "0" * 64, "rows": [], "timestamp": now}
        case "stop_asked":
            made = {"after": 2, "reason": {"kind": "said", "words": "enough"}, "timestamp": now}
        case _:
            raise AssertionError(f"nobody has thought yet of how a {kind} line would be forged")
    return {"type": kind, **{key: value for key, value in made.items() if key not in ("type", "prev")}, "prev": ""}


APPENDS = """
import glob, hashlib, json, subprocess

common = subprocess.run(["git", "rev-parse", "--git-common-dir"], capture_output=True, text=True).stdout.strip()
[path] = glob.glob(common + "/autotune/cheats-*/autotune.jsonl")
line = json.loads({line!r})
line["prev"] = hashlib.sha256(open(path, "rb").read().splitlines(True)[-1]).hexdigest()
open(path, "ab").write(json.dumps(line, separators=(",", ":")).encode() + b"\\n")
"""


COUNTED = {"experiments", "statuses", "void", "streaks", "as_of", "active_s"}


def standing(project: Project) -> Line:
    """How the session stands, but for what an experiment that counts for nothing changes: how many there are, and when the last was."""
    state = json.loads((project.top / ".autotune.state").read_bytes())
    return {key: value for key, value in state.items() if key not in COUNTED}


@pytest.mark.parametrize("kind", TYPES)
def test_a_line_of_any_kind_that_a_run_writes_makes_the_comparison_void_and_is_told(kind: str, project: Project) -> None:
    lines, before, known = all_lines(project), standing(project), project.ledger.read_bytes()
    line = forged(lines, kind)
    project.write("app/count.py", APPENDS.format(line=json.dumps(line)) + project.top.joinpath("app/count.py").read_text())
    project.replace("app/count.py", "        tick()\n", "")
    said = project.autotune("try", "--description", f"a {kind} line")
    assert "verdict: void" in said.out, said.all
    assert "1 line came to it" in said.err
    assert standing(project) == before
    after = project.ledger.read_bytes()
    assert after.startswith(known)
    assert [one["type"] for one in all_lines(project)[len(lines) :]] == ["candidate", "notice", "verdict", "result"]
    [aside] = project.folder.glob("*.forged-1")
    assert json.loads(aside.read_bytes())["type"] == kind
    assert project.autotune("check").code == 0


@pytest.mark.parametrize("kind", TYPES)
def test_check_names_a_forged_line_of_every_kind_but_of_words_which_count_for_nothing(kind: str, project: Project) -> None:
    before = standing(project)
    rewritten(project, lambda lines: lines.append(forged(lines, kind)), everything=True)
    found = kinds_in(project) - {Amiss.POSITION_GONE}
    assert bool(found) is (TYPES[kind] not in (*WORDS, Imported)), found  # another loop's history counts for nothing either
    if not found:
        project.autotune("note", "hello")
        state, ends = (
            standing(project),
            {"health", "why", "ended", "next", "stops_after"} if kind in ("pause", "stop", "stop_asked") else set(),
        )
        assert {key: value for key, value in state.items() if key not in ends} == {k: v for k, v in before.items() if k not in ends}


LOOK = {"type": "look", "values": [9000.0, 9010.0], "moved": True, "reason": "", "timestamp": "2026-01-01T00:00:00Z", "prev": ""}
FINDS = APPENDS.partition("line = ")[0]
WHOLE = APPENDS.format(line=json.dumps(LOOK))
RENAMES = """
open(path + ".other", "wb").write(open(path, "rb").read() + b'{"type":"stop","reason":"x","timestamp":"2026-01-01T00:00:00Z"}\\n')
import os; os.replace(path + ".other", path)
"""
DELETES = "\nimport os; os.unlink(path)\n"
LINKS = "\nimport os; os.rename(path, path + '.moved'); os.symlink(path + '.moved', path)\n"
FOLDER = "\nimport os; os.unlink(path); os.mkdir(path)\n"
TORN = "\nopen(path, 'ab').write(b'{\"type\":\"look\",')\n"
CHANGES = """
text = open(path, "rb").read()
import os
at = os.stat(path)
open(path, "r+b").write(text.replace(b'"cost":100', b'"cost":900', 1))
os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))
"""
AFTERWARDS = (
    "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1.5)' + {code!r}], start_new_session=True)\n"
)
WRITINGS = {
    "a line without an end": FINDS + TORN,
    "another file in its place": FINDS + RENAMES,
    "no file in its place": FINDS + DELETES,
    "a link in its place": FINDS + LINKS,
    "a folder in its place": FINDS + FOLDER,
    "an earlier line, with the time set back": FINDS + CHANGES,
    "no line at all that can be read": FINDS + "\nopen(path, 'ab').write(b'\\xff\\n')\n",
    "a line of a newer version": APPENDS.format(line=json.dumps(LOOK | {"type": "newer"})),
    "several lines": WHOLE
    + APPENDS.partition("\nline = ")[2].join(["line = ", ""]).format(line=json.dumps(LOOK | {"type": "notice", "text": ""})),
}


def cheating(project: Project, code: str, path: str = "app/count.py") -> None:
    """Put code before a program that is better than what is kept."""
    project.write("app/count.py", project.top.joinpath("app/count.py").read_text().replace("        tick()\n", "", 1))
    project.write(path, code + project.top.joinpath(path).read_text())


@pytest.mark.parametrize("code", WRITINGS.values(), ids=WRITINGS)
def test_whatever_a_run_does_to_the_ledger_it_is_as_before_and_told(code: str, project: Project) -> None:
    lines, known = all_lines(project), project.ledger.read_bytes()
    cheating(project, code)
    said = project.autotune("try", "--description", "cheat")
    assert "verdict: void" in said.out, said.all
    assert "It was put back; what was there is at" in said.err
    assert project.ledger.read_bytes().startswith(known)
    assert [one["type"] for one in all_lines(project)[len(lines) :]] == ["candidate", "notice", "verdict", "result"]
    assert project.autotune("check").out.endswith(": no findings\n")


@pytest.mark.nightly
def test_a_process_that_a_run_leaves_to_write_later_is_ended_first(project: Project) -> None:
    lines = all_lines(project)
    cheating(project, AFTERWARDS.format(code=WHOLE))
    said = project.autotune("try", "--description", "cheat")
    assert "left processes behind" in said.out
    time.sleep(2)
    assert "look" not in [one["type"] for one in all_lines(project)[len(lines) :]]


FORGES_CHECKPOINT = """
import os
path = path.replace("autotune.jsonl", "checkpoint.json")
text = open(path).read() if os.path.exists(path) else ""
open(path, "w").write(text.replace('"best":100.0', '"best":900.0'))
"""


def checkpoint_of(project: Project) -> Path:
    """Have a checkpoint of the last line."""
    path = project.folder / "checkpoint.json"
    path.unlink()
    project.autotune("status")
    assert '"best":100.0' in path.read_text()
    return path


def test_a_checkpoint_that_a_run_forges_is_not_read(project: Project) -> None:
    checkpoint_of(project)
    code = FINDS + FORGES_CHECKPOINT
    cheating(project, code)
    assert "verdict: keep" in project.autotune("try", "--description", "cheat").out
    assert standing(project)["best"] == 0
    held = json.loads(project.ledger.read_bytes().splitlines()[-1])
    assert held["type"] == "result"
    assert Amiss.CHECKPOINT_DIFFERS not in kinds_in(project)


def test_a_checkpoint_that_was_forged_while_nothing_ran_is_named(project: Project) -> None:
    checkpoint = checkpoint_of(project)
    checkpoint.write_text(checkpoint.read_text().replace('"best":100.0', '"best":900.0'))
    assert Amiss.CHECKPOINT_DIFFERS in kinds_in(project)


KILLS = "\nimport os; os.kill(json.load(open(path.replace('autotune.jsonl', 'lock')))['pid'], 9)\n"


def test_a_commit_hook_that_writes_to_the_ledger_is_told_and_nothing_is_kept(project: Project) -> None:
    lines = all_lines(project)
    project.write(".git/hooks/pre-commit", f"#!/bin/sh\nexec {sys.executable} {project.top}/.git/hooks/hook.py\n")
    project.write(".git/hooks/hook.py", WHOLE)
    (project.top / ".git/hooks/pre-commit").chmod(0o755)
    cheating(project, "")
    said = project.autotune("try", "--description", "cheat")
    assert "status: checks_failed" in said.out
    assert "a commit hook wrote to the ledger" in said.out
    assert "look" not in [one["type"] for one in all_lines(project)[len(lines) :]]
    assert project.autotune("check").out.endswith(": no findings\n")


NOT_DUE = "a look at the unchanged code that was not due, and autotune did not write it"


def test_a_line_that_came_while_nothing_ran_and_that_nothing_made_is_set_aside_by_the_next_command_that_measures(project: Project) -> None:
    lines = all_lines(project)
    subprocess.run([sys.executable, "-c", WHOLE], cwd=project.top, check=True, timeout=60)
    assert Contradiction.LOOK_NOT_DUE in kinds_in(project)
    assert NOT_DUE in project.autotune("resume").err
    assert [one["type"] for one in all_lines(project)[len(lines) :]] == ["notice"]
    assert project.autotune("check").out.endswith(": no findings\n")
    assert standing(project)["best"] == 100


def test_a_run_that_writes_and_ends_what_watches_it_gains_nothing(project: Project) -> None:
    lines = all_lines(project)
    cheating(project, WHOLE + KILLS)
    said = project.autotune("try", "--description", "cheat")
    assert "verdict: void" in said.out
    assert NOT_DUE in said.err
    assert [one["type"] for one in all_lines(project)[len(lines) :]] == ["candidate", "notice", "verdict", "result"]
    assert project.autotune("check").out.endswith(": no findings\n")


@pytest.mark.parametrize(
    ("path", "command"),
    [("app/count.py", "confirm"), ("app/count.py", "calibrate"), ("app/count.py", "rebaseline --accept"), ("app/count.py", "repair")],
)
def test_a_kept_program_that_writes_to_the_ledger_later_is_told_whatever_is_measured(path: str, command: str, project: Project) -> None:
    later = project.top.with_name("later")
    later.unlink(missing_ok=True)
    indented = WHOLE.strip().replace("\n", "\n    ")
    cheating(project, f"import os\nif os.path.exists({str(later)!r}):\n    {indented}\n", path)
    assert "verdict: keep" in project.autotune("try", "--description", "sleeper").out
    lines = all_lines(project)
    later.touch()
    said = project.autotune(*command.split())
    assert "Something other than autotune wrote to the ledger" in said.all
    assert "look" not in [one["type"] for one in all_lines(project)[len(lines) :]]
    assert project.autotune("check").out.endswith(": no findings\n")


def found_in(project: Project) -> list[Fact]:
    """What `check` finds, and what each of these goes back to."""
    found = [decode(Fact, one["fact"]) for one in json.loads(project.autotune("check", "--json").out)["findings"]]
    return [*found, *(one.because for one in found if one.because is not None)]


def kinds_in(project: Project) -> set[AnyKind]:
    return {one.kind for one in found_in(project)}


Change = Callable[[list[Line]], None]
REWRITINGS = [better_result, better_runs, kept_after_all, without_runs, without_the_discard, without_the_keep]


@pytest.mark.parametrize("change", REWRITINGS)
def test_a_ledger_that_was_rewritten_with_a_whole_chain_is_not_read_and_is_named(change: Change, project: Project) -> None:
    rewritten(project, change)
    before = project.ledger.read_bytes()
    said = project.autotune("status")
    assert said.code == 1
    assert "is not as it was" in said.err
    assert project.autotune("check").code == 1
    assert Amiss.LEDGER_CUT in kinds_in(project)
    assert project.ledger.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "kind", "figures"),
    [
        (better_result, Amiss.KEEP_AGAINST_RUNS, {"said": 50, "found": 100}),
        (better_runs, Amiss.VALUE_NOT_PRINTED, {}),
        (kept_after_all, Amiss.KEEP_AGAINST_VERDICT, {"verdict": "discard"}),
        (without_runs, Amiss.KEEP_WITHOUT_RUNS, {}),
        (without_the_keep, Amiss.COMMIT_OF_OTHERS, {}),
        (without_the_discard, Amiss.OUTPUT_OF_UNKNOWN, {"experiment": 2}),
        (crashed_after_all, Contradiction.RESULT_OTHERWISE, {"experiment": 2, "names": ["status", "outcome"]}),
        (better_effect, Contradiction.RESULT_OTHERWISE, {"experiment": 1, "names": ["effect", "reason"]}),
        (other_words, Contradiction.RESULT_OTHERWISE, {"names": ["description"]}),
        (promising, Contradiction.VERDICT_OTHERWISE, {"experiment": 2, "names": ["verdict", "reason"]}),
        (crashed_in_all_lines, Contradiction.OUTCOME_OTHERWISE, {"experiment": 2}),
        (excellent, Contradiction.RESULT_OTHERWISE, {"names": ["reason"]}),
        (other_files, Contradiction.RESULT_OTHERWISE, {"names": ["files"]}),
        (without_the_claim, Amiss.OUTPUTS_UNTOLD, {"runs": 4}),
        (claim_of_nothing, Contradiction.CLAIM_OF_NO_RUNS, {}),
        (ended, Contradiction.FINISHED_WITHOUT_RULE, {}),
        (worse_baseline, Amiss.BASELINE_AGAINST_RUNS, {"said": 900, "found": 200}),
        (worse_baseline_runs, Amiss.VALUE_NOT_PRINTED, {"purpose": "baseline"}),
        (evident, Contradiction.VERDICT_OTHERWISE, {"experiment": 1, "names": ["effect"]}),
        (greater_claim, Contradiction.CLAIM_OTHERWISE, {}),
        (greater_claim_of_better_runs, Amiss.VALUE_NOT_PRINTED, {"purpose": "claim"}),
        (quieter, Contradiction.CALIBRATION_OTHERWISE, {"names": ["noise"]}),
        (more_luck, Contradiction.SETTINGS_FIXED, {"names": ["scope"]}),
        (in_silence, Contradiction.SETTINGS_OTHERWISE, {"said": ["max_iterations"], "found": ["error_budget"]}),
        (in_silence, Amiss.SETTING_DIFFERS, {"key": "error_budget"}),
        (out_of_range, Contradiction.UNFIT, {}),
    ],
)
def test_a_forgery_that_reaches_every_copy_contradicts_runs_commits_or_refs(
    change: Change, kind: AnyKind, figures: Mapping[str, Any], project: Project
) -> None:
    rewritten(project, change, everything=True)
    assert project.autotune("check").code == 1
    assert any(figures.items() <= one.figures.items() for one in found_in(project) if one.kind is kind), found_in(project)


def test_what_a_run_prints_does_not_make_its_output_pass_for_a_part_of_it(project: Project) -> None:
    for log in (project.folder / "runs").rglob("*.log"):
        log.write_bytes(log.read_bytes() + b"\n[autotune: 5 bytes are left out here]\n")
    rewritten(project, better_runs, everything=True)
    assert Amiss.VALUE_NOT_PRINTED in kinds_in(project)


def test_what_was_decided_by_a_rule_that_is_not_here_is_no_finding_but_a_note(project: Project) -> None:
    def newer(lines: list[Line]) -> None:
        evident(lines)
        line_of(lines, "config")["rule"] = rules.NEWEST + 1

    rewritten(project, newer, everything=True)
    found = project.autotune("check")
    assert f"note: segment 1: decided by a newer rule ({rules.NEWEST + 1}), not made again\n" in found.out
    assert Contradiction.VERDICT_OTHERWISE not in kinds_in(project)
    project.tidy()
    assert project.autotune("try", "--description", "x").code == 1
    said = json.loads(project.autotune("confirm", "--json").out)
    assert (said["pairs"], f"rule {rules.NEWEST + 1}" in said["reason"]) == (0, True)


def test_a_log_of_a_newer_version_with_a_key_of_its_own_is_told_as_that_by_every_command(project: Project) -> None:
    def newer(lines: list[Line]) -> None:
        lines[0]["config"]["of_tomorrow"] = 1

    rewritten(project, newer, everything=True)
    checked = project.autotune("check")
    assert "Line 1 of the ledger cannot be read by this version: A newer version of autotune wrote this session's log" in checked.out
    assert "hint: if a newer version of autotune wrote it, look with that version" in checked.out
    assert Contradiction.NEWER in kinds_in(project)
    for command in ("status", "resume"):
        said = project.autotune(command)
        assert (said.code, 'it has the key "of_tomorrow"' in said.err) == (1, True)
        assert "hint: go on with that version" in said.err


def test_a_line_with_a_word_that_only_a_newer_version_knows_leads_to_that_version(project: Project) -> None:
    def newer(lines: list[Line]) -> None:
        line_of(lines, "result", index=2)["reason"]["kind"] = "of tomorrow"

    rewritten(project, newer, everything=True)
    assert "hint: if a newer version of autotune wrote it, look with that version" in project.autotune("check").out
    said = project.autotune("status")
    assert (said.code, "is 'of tomorrow', expected one of" in said.err) == (1, True)
    assert "hint: if a newer version of autotune wrote it, go on with that version" in said.err


def test_a_result_that_was_appended_with_a_whole_chain_is_not_read(project: Project) -> None:
    lines = project.ledger.read_bytes().splitlines(keepends=True)
    forged = project.lines("result")[-1] | {"index": 3, "status": "keep", "verdict": "keep", "metric": 1.0}
    forged["prev"] = hashlib.sha256(lines[-1]).hexdigest()
    project.ledger.write_bytes(b"".join(lines) + json.dumps(forged, separators=(",", ":")).encode() + b"\n")
    for command in (["status"], ["try", "--description", "x"]):
        said = project.autotune(*command)
        assert said.code == 1
        assert "which was not measured and decided before it" in said.err
    assert any(one.kind is Amiss.RESULT_WITHOUT_CANDIDATE and one.figures["experiment"] == 3 for one in found_in(project))


def test_where_what_was_last_seen_is_gone_this_is_told(project: Project) -> None:
    (project.folder / "seen.json").unlink()
    assert Amiss.POSITION_GONE in kinds_in(project)
    project.write("app/new.py", "")
    assert "seen.json was gone" in project.autotune("try", "--description", "x").err
    assert project.autotune("check").code == 0


def test_a_forgery_before_a_keep_contradicts_the_keeps_commit(project: Project) -> None:
    rewritten(project, lambda lines: lines[1].update(why="exit 00"), everything=True)
    assert Amiss.COMMIT_OF_OTHER_LEDGER in kinds_in(project)


@pytest.mark.parametrize("number", [0, 3, -2])
def test_a_line_that_is_changed_or_removed_breaks_the_chain(number: int, project: Project) -> None:
    lines = project.ledger.read_bytes().splitlines(keepends=True)
    if number >= 0:
        lines[number] = lines[number].replace(b"20", b"21", 1)
    else:
        del lines[number]
    project.ledger.write_bytes(b"".join(lines))
    assert project.autotune("check").code == 1
    assert Amiss.CHAIN_BROKEN in kinds_in(project)
    assert project.autotune("status").code == 1


def test_a_ledger_that_was_cut_off_is_told(project: Project) -> None:
    lines = project.ledger.read_bytes().splitlines(keepends=True)
    project.ledger.write_bytes(b"".join(lines[:-2]))
    assert "is not as it was" in project.autotune("try", "--description", "x").err
    assert Amiss.LEDGER_CUT in kinds_in(project)


def test_a_commit_by_hand_a_moved_branch_and_an_amended_commit_are_found(project: Project) -> None:
    project.git("commit", "-q", "--allow-empty", "-m", "Mine")
    assert [one.figures["subject"] for one in found_in(project) if one.kind is Amiss.COMMIT_OF_OTHERS] == ["Mine"]
    project.git("reset", "-q", "--hard", "HEAD~2")
    assert Amiss.KEEP_OFF_BRANCH in kinds_in(project)
    project.tidy()
    project.git("commit", "-q", "--amend", "-m", "Other words")
    assert Amiss.COMMIT_OF_OTHERS in kinds_in(project)
    project.tidy()
    assert project.autotune("check").code == 0


def test_a_candidates_ref_that_is_gone_or_moved_is_found(project: Project) -> None:
    ref = f"refs/autotune/{project.folder.name}/2"
    project.git("update-ref", ref, "HEAD")
    [moved] = [one for one in found_in(project) if one.kind is Amiss.CANDIDATE_ELSEWHERE]
    assert (moved.figures["found"], moved.figures["experiment"]) == (project.git("rev-parse", "HEAD"), 2)
    project.git("update-ref", "-d", ref)
    assert [one.figures["ref"] for one in found_in(project) if one.kind is Amiss.CANDIDATE_GONE] == [ref]


def test_a_pinned_file_whose_content_was_replaced_in_gits_own_store_is_found(project: Project) -> None:
    pins = project.lines("config")[0]["pins"]
    sha, other = project.git("rev-parse", f"{pins}:bench.py"), project.git("rev-parse", f"{pins}:data.txt")
    target = project.top / ".git" / "objects" / sha[:2] / sha[2:]
    target.chmod(0o644)
    target.write_bytes((project.top / ".git" / "objects" / other[:2] / other[2:]).read_bytes())
    assert ["bench.py" for one in found_in(project) if one.kind in (Amiss.PIN_CHANGED, Amiss.PIN_GONE)]
    target.unlink()
    assert [one.figures["path"] for one in found_in(project) if one.kind is Amiss.PIN_GONE] == ["bench.py"]


def test_outputs_that_are_gone_and_scripts_and_copies_that_were_changed_are_found(project: Project) -> None:
    shutil.rmtree(project.folder / "runs" / "1")
    project.write("autotune.sh", "echo METRIC cost=1\n")
    copy = project.top / "autotune.jsonl"
    copy.write_bytes(copy.read_bytes().replace(b'"cost":100', b'"cost":1'))
    found = found_in(project)
    assert (1, 1) in [(one.figures["experiment"], one.figures["run"]) for one in found if one.kind is Amiss.OUTPUT_GONE]
    assert [Path(one.figures["path"]).name for one in found if one.kind is Amiss.SCRIPT_DIFFERS] == ["autotune.sh"]
    assert [one.figures["line"] is not None for one in found if one.kind is Amiss.COPY_DIFFERS] == [True]
    assert all(one["do"] for one in json.loads(project.autotune("check", "--json").out)["findings"])
