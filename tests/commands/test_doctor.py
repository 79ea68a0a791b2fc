"""`autotune doctor`: what it finds, that it never breaks, and that it changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from autotune.core.facts import AnyKind, Fact, Kind, quoted
from autotune.core.findings import Observation, Remedy
from autotune.core.ledger.events import Paused, SettingsChanged
from autotune.core.tell.lines import WIDEST
from autotune.core.tell.words import told
from autotune.edges import clock, folders, locks, worktrees
from autotune.errors import AutotuneError
from autotune.loop.inspect import diagnosis
from autotune.loop.inspect.scene import Check, Finding, Scene
from autotune.loop.opening import opening
from autotune.loop.session.session import Session
from autotune.version import PACKAGE

LOOKS = list(diagnosis._LOOKS)
MAIN = PACKAGE / "__main__.py"
BENCHMARK = 'echo "METRIC size=$(($(cat src/* | wc -c)))"; echo "METRIC words=2"\n'


def shell(folder: Path, command: str) -> str:
    return subprocess.run(["/bin/sh", "-c", command], cwd=folder, check=True, capture_output=True, text=True).stdout


def doctor(folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(MAIN), "doctor", *options],
        cwd=folder,
        env={**os.environ, "COLUMNS": "80", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a benchmark that git does not track, and a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    top = tmp_path / "project"
    (top / "src").mkdir(parents=True)
    (top / "src" / "text").write_text("some text\n")
    shell(top, "git init -q -b main && git add . && git commit -qm first")
    (top / "autotune.sh").write_text(BENCHMARK)
    return top


@pytest.fixture
def session(project: Path) -> Session:
    """A session in that repository."""
    settings = {"name": "s", "metric": "size", "scope": ["src/**"]}
    return opening.open_session(opening.Request(project, settings, once=True), lambda _: None)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the looks that start programs to see how long that takes."""
    looks = {name: look for name, look in diagnosis._LOOKS.items() if name not in {"start-up", "environment"}}
    monkeypatch.setattr(diagnosis, "_LOOKS", looks)


def examined(
    folder: Path, session: str | None = None, *, benchmark: bool = True, wanted: Mapping[str, object] | None = None
) -> dict[str, Check]:
    return {check.name: check for check in diagnosis.examine(folder, session, benchmark=benchmark, wanted=wanted)}


def kinds(check: Check) -> list[AnyKind]:
    """What was seen, and what to do about it."""
    return [one.kind for one in (*check.seen, *check.advice)]


def figures(check: Check, kind: AnyKind) -> Mapping[str, Any]:
    """What is known of one of these."""
    return next(one.figures for one in (*check.seen, *check.advice) if one.kind is kind)


def words(check: Check) -> str:
    """What is said by others than autotune: an error, or a program."""
    return "\n".join(one.words or "" for one in (*check.seen, *check.advice))


def to_do(checks: dict[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if check.finding is Finding.TO_DO}


def everything(top: Path) -> dict[str, bytes]:
    """Every file of a checkout, and what git holds of refs, index and working trees."""
    files = {str(path): path.read_bytes() for path in top.rglob("*") if path.is_file() and ".git" not in path.parts}
    held = "git for-each-ref; git ls-files --stage; git worktree list; git stash list; git symbolic-ref HEAD; git config --list --local"
    return {**files, "git": shell(top, held).encode()}


# As a whole


@pytest.mark.slow
def test_outside_a_repository_everything_is_looked_at_and_nothing_has_to_be_done(tmp_path: Path) -> None:
    answer = doctor(tmp_path, "--json", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert answer.returncode == 0, answer
    said = json.loads(answer.stdout)
    assert said["ok"] is True
    checks = {check["name"]: check for check in said["checks"]}
    assert checks["repository"]["facts"] == [{"kind": "no repository", "figures": {"folder": str(tmp_path)}}]
    assert list(checks) == LOOKS
    assert {name for name, check in checks.items() if check["finding"] == "missing"} == {
        *("repository", "session", "configuration", "commit hooks", "benchmark"),
    }
    assert checks["start-up"]["launcher_ms"] > 0
    assert checks["start-up"]["verb_ms"] > 0


@pytest.mark.slow
def test_what_has_to_be_done_makes_the_exit_code_one_and_fits_the_terminal(project: Path) -> None:
    (project / "src" / "text").write_text("changed\n")
    (project / "autotune.sh").write_text("echo no number here; exit 3\n")
    answer = doctor(project)
    assert answer.returncode == 1
    assert answer.stdout.endswith("2 things are left to do.\n")
    assert "to do    repository" in answer.stdout
    assert "to do    benchmark" in answer.stdout
    assert "no number here" in answer.stdout
    assert "→ " in answer.stdout
    assert max(map(len, answer.stdout.splitlines())) <= min(80, WIDEST)
    assert answer.stderr == ""


@pytest.mark.slow
def test_what_is_missing_for_a_session_is_not_said_to_be_nothing(project: Path) -> None:
    (project / "autotune.sh").unlink()
    answer = doctor(project)
    assert answer.returncode == 0
    assert answer.stdout.endswith("Nothing is broken in what was looked at; `autotune init` makes what is missing.\n")


@pytest.mark.slow
def test_without_git_it_says_so_and_looks_at_everything_else(project: Path, tmp_path: Path) -> None:
    answer = doctor(project, "--json", PATH=str(tmp_path / "nothing"))
    assert answer.returncode == 1
    checks = {check["name"]: check for check in json.loads(answer.stdout)["checks"]}
    assert list(checks) == LOOKS
    assert checks["git"]["finding"] == "to do"
    assert "install git" in checks["git"]["advice"]


def test_a_look_that_fails_in_an_unforeseen_way_is_told_and_the_others_go_on(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> Check:
        raise ZeroDivisionError("an unforeseen one")

    monkeypatch.setitem(diagnosis._LOOKS, "machine", fail)
    checks = examined(project, benchmark=False)
    assert to_do(checks) == {"machine"}
    assert figures(checks["machine"], Observation.LOOK_FAILED) == {"error": "ZeroDivisionError", "problem": "an unforeseen one"}
    assert "leftovers" in checks


def test_what_git_says_of_a_repository_that_it_refuses_is_told(project: Path) -> None:
    with (project / ".git/config").open("a") as file:
        file.write("[broken\n")
    checks = examined(project, benchmark=False)
    assert "bad config line" in words(checks["repository"])
    assert checks["repository"].finding is Finding.TO_DO
    assert checks["session"].finding is Finding.MISSING


# The programs


def test_an_author_that_git_does_not_know_has_to_be_named(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\nuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    checks = examined(project, benchmark=False)
    assert to_do(checks) == {"identity", "repository"}
    assert kinds(checks["identity"]) == [Observation.NO_NAME, Remedy.TELL_GIT_YOUR_NAME]


def test_a_cache_folder_that_cannot_be_written_to_is_told(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert "cache" in to_do(examined(project, benchmark=False))


@pytest.mark.slow
def test_the_environment_is_tried_out_and_compared_with_the_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(tmp_path)
    assert diagnosis._environment(scene).finding is Finding.OK
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    (tmp_path / "autotune-environment.txt").write_text("another\n")
    assert diagnosis._environment(scene).finding is Finding.TO_DO
    monkeypatch.setattr(diagnosis, "_PACKAGES", ("no_such_package",))
    assert "no_such_package" in figures(diagnosis._environment(scene), Observation.ENVIRONMENT_BROKEN)["problem"]


# The repository and the session


def test_an_unfinished_merge_has_to_be_finished(project: Path) -> None:
    (project / ".git" / "MERGE_HEAD").write_text(shell(project, "git rev-parse HEAD"))
    checks = examined(project, benchmark=False)
    assert to_do(checks) == {"repository"}
    assert "merge" in words(checks["repository"])


def test_a_session_is_named_with_its_health_and_its_open_candidate_is_nothing_to_mend(session: Session) -> None:
    (session.top / "src" / "text").write_text("a candidate\n")
    checks = examined(session.top, benchmark=False)
    assert to_do(checks) == set()
    assert figures(checks["session"], Observation.SESSION) == {"session": session.name, "condition": "running"}
    assert checks["configuration"].finding is Finding.OK


def test_a_session_that_is_paused_needs_a_person(session: Session) -> None:
    session.append(Paused(reason=quoted("a blocker"), timestamp=clock.now()))
    checks = examined(session.top, benchmark=False)
    assert to_do(checks) == {"session"}
    assert checks["session"].seen[0].because == quoted("a blocker")
    assert checks["session"].advice == (Fact(Remedy.UNBLOCK),)


def test_a_session_whose_branch_is_not_checked_out_is_told(session: Session) -> None:
    shell(session.top, "git switch -q main")
    checks = examined(session.top, session.name, benchmark=False)
    assert to_do(checks) == {"repository"}
    assert f"switch {session.branch}" in words(checks["repository"])


def test_a_damaged_ledger_is_told_and_the_rest_is_looked_at(session: Session) -> None:
    session.folder.ledger.write_bytes(b"no ledger\n")
    (session.folder.path / "checkpoint.json").unlink(missing_ok=True)
    checks = examined(session.top)
    assert "session" in to_do(checks)
    assert "autotune.jsonl" in words(checks["session"])
    assert checks["session"].advice
    assert checks["benchmark"].seen == (Fact(Observation.NOT_RUN, because=Fact(Observation.SESSION_UNREADABLE)),)


def test_a_session_that_does_not_exist_is_told(session: Session) -> None:
    assert to_do(examined(session.top, "another", benchmark=False)) == {"session"}


def test_a_configuration_that_cannot_be_read_or_is_not_the_segments_is_told(session: Session) -> None:
    path = session.workdir / "autotune.toml"
    held = path.read_text()
    path.write_text(held.replace('metric = "size"', 'metric = "words"'))
    told = examined(session.top, benchmark=False)["configuration"]
    assert figures(told, Observation.CONFIGURATION_DIFFERS)["keys"] == ["metric"]
    path.write_text(held + "\nno_such_key = 1\n")
    assert to_do(examined(session.top, benchmark=False)) == {"configuration"}


def test_commit_hooks_are_named_for_they_run_at_every_keep(project: Path) -> None:
    assert examined(project, benchmark=False)["commit hooks"].seen == (Fact(Observation.NONE),)
    hook = project / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)
    assert figures(examined(project, benchmark=False)["commit hooks"], Observation.COMMIT_HOOKS)["names"] == ["pre-commit"]


# The dry run


def test_without_a_session_the_benchmark_runs_in_a_working_tree_of_its_own_and_nothing_changes(project: Path) -> None:
    (project / "autotune.sh").write_text(
        BENCHMARK + "for file in src/*; do echo changed >$file; done; echo new >made; echo METRIC broken=1ms\n"
    )
    (project / "autotune.checks.sh").write_text("grep -q text src/*\n")
    (project / "src" / "text").write_text("some text that is not committed\n")
    shell(project, "git add src")
    before = everything(project)
    check = examined(project)["benchmark"]
    assert everything(project) == before
    assert not list((folders.cache_folder()).glob("*/doctor-*"))
    assert check.finding is Finding.OK
    assert check.details["metrics"] == {"size": 10, "words": 2}
    assert check.details["wall_s"] > 0
    assert check.seen[0].besides == (Fact(Kind.CHECKS_PASS),)
    assert "broken=1ms" in figures(check, Remedy.MEND_LINES)["lines"][0]


@pytest.mark.parametrize(
    ("benchmark", "checks", "found"),
    [
        ("echo METRIC size=1; echo the reason is this; exit 7", "true", "the reason is this"),
        ("echo METRIC size=1", "echo one is broken; exit 1", "one is broken"),
        ("kill -SEGV $$", "true", "segmentation fault"),
    ],
)
def test_a_benchmark_or_checks_that_fail_are_told_with_the_end_of_their_output(
    project: Path, benchmark: str, checks: str, found: str
) -> None:
    (project / "autotune.sh").write_text(f"{benchmark}\n")
    (project / "autotune.checks.sh").write_text(f"{checks}\n")
    seen = examined(project)
    assert to_do(seen) == {"benchmark"}
    assert kinds(seen["benchmark"])[0] is Observation.COMMAND_DOES_NOT_SUCCEED
    assert found in "\n".join(map(told, seen["benchmark"].seen))


def test_a_configured_metric_has_to_be_printed_and_any_will_do_without_one(project: Path) -> None:
    (project / "autotune.sh").write_text("echo METRIC other=1\n")
    assert examined(project)["benchmark"].finding is Finding.OK
    (project / "autotune.toml").write_text('name = "s"\nmetric = "size"\ndirection = "lower"\n')
    check = examined(project)["benchmark"]
    assert check.finding is Finding.TO_DO
    assert check.seen[0].because is not None
    assert (check.seen[0].because.kind, check.seen[0].because.figures["name"]) == (Kind.NO_METRIC, "size")
    (project / "autotune.toml").unlink()
    (project / "autotune.sh").write_text("true\n")
    assert kinds(examined(project)["benchmark"]) == [Observation.PASSES, Remedy.PRINT_A_METRIC]
    (project / "autotune.sh").write_text("echo .METRIC size=1\n")
    assert kinds(examined(project)["benchmark"]) == [Observation.PASSES, Kind.METRIC_WITHIN_LINE]


def test_a_metric_that_a_session_measures_from_outside_is_given_without_advice(project: Path) -> None:
    (project / "autotune.sh").write_text("test -s src/text\n")
    settings = {"name": "s", "metric": "autotune.peak_rss_mb", "scope": ["src/text"]}
    opening.open_session(opening.Request(project, settings, once=True), lambda _: None)
    check = examined(project)["benchmark"]
    assert kinds(check) == [Observation.PASSES]
    assert list(check.seen[0].figures["metrics"]) == ["autotune.peak_rss_mb"]


def test_a_metric_that_is_to_be_measured_from_outside_is_given_without_advice(project: Path) -> None:
    (project / "autotune.sh").write_text("test -s src/text\n")
    (project / "autotune.toml").write_text('name = "s"\nmetric = "autotune.user_s"\ndirection = "lower"\n')
    check = examined(project)["benchmark"]
    assert [*check.seen[0].figures["metrics"]] == ["autotune.user_s"]
    assert check.advice == ()


def test_output_that_could_be_read_is_recognised_whether_or_not_a_metric_is_named(project: Path) -> None:
    (project / "autotune.sh").write_text('echo "BenchmarkSize-2 10 30 ns/op"\n')
    check = examined(project)["benchmark"]
    assert kinds(check) == [Observation.PASSES, Kind.CAN_BE_READ]
    assert figures(check, Kind.CAN_BE_READ)["read"] == "go"
    check = examined(project, wanted={"metric": "ns/op"})["benchmark"]
    assert check.finding is Finding.TO_DO
    assert [one.kind for one in check.advice] == [Kind.CAN_BE_READ]
    assert kinds(examined(project, wanted={"metric": "ns/op", "read": "go"})["benchmark"]) == [Observation.PASSES]


def test_a_file_that_init_would_not_read_is_refused_by_doctor_too(project: Path) -> None:
    wanted = {"benchmark": "echo 1 > src/text", "read": "json:src/text"}
    check = examined(project, wanted=wanted)["benchmark"]
    assert check.finding is Finding.TO_DO
    assert "git tracks src/text" in words(check)


def test_with_a_session_the_incumbent_runs_in_the_measuring_worktree_and_the_session_stays_as_it_is(session: Session) -> None:
    (session.top / "src" / "text").write_text("a longer candidate, which is not what a dry run is about\n")
    before, ledger = everything(session.top), session.folder.ledger.read_bytes()
    held = sorted(path.name for path in session.folder.path.iterdir())
    check = examined(session.top)["benchmark"]
    assert check.details["metrics"]["size"] == 10
    after = everything(session.top)
    assert {name for name in after if after[name] != before.get(name)} <= {"git"}  # the measuring worktree, where it was not there
    assert session.folder.ledger.read_bytes() == ledger
    assert sorted(path.name for path in session.folder.path.iterdir()) == held
    assert locks.holder(session.folder.lock) is None


def test_nothing_is_run_while_something_is_measured_or_in_a_checkout(project: Path) -> None:
    with locks.hold(locks.measuring_lock(), "another session"):
        busy = examined(project)["benchmark"].seen[0].because
    assert busy is not None
    assert "another session" in busy.figures["holder"]
    (project / "autotune.toml").write_text('name = "s"\nmetric = "size"\ndirection = "lower"\nin_place = true\n')
    assert examined(project)["benchmark"].seen == (Fact(Observation.NOT_RUN, because=Fact(Observation.RUN_IN_PLACE)),)
    (project / "autotune.toml").unlink()
    (project / "autotune.sh").unlink()
    assert examined(project)["benchmark"].finding is Finding.MISSING


def test_a_subfolder_and_what_setup_makes_are_measured_as_a_session_would(project: Path) -> None:
    (project / "autotune.sh").unlink()
    (project / "src" / "autotune.sh").write_text('echo "METRIC size=$(($(cat te* | wc -c)))"; cat made\n')
    (project / "src" / "autotune.toml").write_text(
        'name = "s"\nmetric = "size"\ndirection = "lower"\nsetup = "echo METRIC set_up=1 >made"\n'
    )
    assert examined(project / "src")["benchmark"].details["metrics"] == {"size": 10, "set_up": 1}


# The benchmark here and there


def compared(folder: Path) -> Check:
    checks = {check.name: check for check in diagnosis.examine(folder, compare=True)}
    assert "benchmark" not in checks
    return checks["comparison"]


def test_a_benchmark_that_is_the_same_here_and_there_differs_in_nothing(project: Path) -> None:
    before = everything(project)
    check = compared(project)
    assert check.finding is Finding.OK
    assert (
        check.details["checkout"]
        == check.details["measuring_place"]
        == {"outcome": "ok", "why": "exit 0", "metrics": {"size": 10, "words": 2}}
    )
    assert (check.details["differences"], check.details["output"], check.advice) == ((), (), ())
    assert everything(project) == before
    assert not list((folders.cache_folder()).glob("*/doctor-*"))


def test_where_a_benchmark_differs_here_and_there_it_is_said_how_and_what_is_not_there(project: Path) -> None:
    (project / ".gitignore").write_text("node_modules\n")
    (project / "node_modules").mkdir()
    (project / "src" / "more").write_text("more text, which is not committed\n")
    (project / "autotune.sh").write_text(
        BENCHMARK + 'test -d node_modules && echo "METRIC extra=1" || echo "$PWD/page 404"; echo made > made; echo "ran in $$ ms at $PWD"\n'
    )
    check = compared(project)
    assert check.finding is Finding.TO_DO
    assert check.details["checkout"]["metrics"] == {"size": 44, "words": 2, "extra": 1}
    assert check.details["measuring_place"]["metrics"] == {"size": 10, "words": 2}
    assert len(check.details["differences"]) == 2
    assert [line.endswith("/page 404") for line in check.details["output"]] == [True]
    assert figures(check, Remedy.CARRY)["paths"] == ["node_modules"]
    assert "src/more" in figures(check, Remedy.COMMIT)["paths"]
    assert figures(check, Observation.WROTE_HERE)["paths"] == ["made"]


def test_what_fails_on_one_side_alone_is_told_with_the_command_that_failed(session: Session) -> None:
    (session.top / "src" / "text").unlink()
    check = compared(session.top)
    assert check.finding is Finding.TO_DO
    assert check.details["checkout"]["outcome"] == "ok"
    assert check.details["differences"] == ("size is 0 in the checkout and 10 in the measuring place",)
    (session.top / "autotune.sh").write_text("exit 3\n")
    check = compared(session.top)
    assert check.details["checkout"] == {"outcome": "crashed", "why": "exit 3", "metrics": {}}
    assert check.details["measuring_place"]["outcome"] == "ok"


def test_nothing_leaves_the_sandbox_of_a_session_for_the_checkout(session: Session) -> None:
    (session.top / "autotune.sh").write_text("touch escaped\n")
    config = {**session.state.segment.opened.config, "sandbox": "on"}
    session.append(SettingsChanged(config=config, changed=("sandbox",), timestamp=clock.now()))
    assert compared(session.top).finding is Finding.MISSING
    assert not (session.top / "escaped").exists()


def test_a_prepare_that_fails_is_named_and_nothing_is_compared_without_a_benchmark(project: Path, tmp_path: Path) -> None:
    (project / "autotune.toml").write_text('name = "s"\nmetric = "autotune.wall_s"\ndirection = "lower"\nprepare = "exit 4"\n')
    check = compared(project)
    assert check.finding is Finding.TO_DO
    assert check.details["checkout"]["why"] == "`prepare` failed: exit 4"
    (project / "autotune.sh").unlink()
    (project / "autotune.toml").unlink()
    assert compared(project).finding is Finding.MISSING
    assert compared(tmp_path).finding is Finding.MISSING


# What was left


@pytest.fixture
def orphan(session: Session) -> Iterator[Path]:
    """A measuring worktree whose session is gone."""
    place = session.cache / "measure"
    if not place.exists():
        worktrees.add_worktree(session.repository, place, session.state.incumbent)
    yield session.cache
    worktrees.remove_worktree(session.repository, place)


def test_a_worktree_is_left_over_once_its_session_or_its_repository_is_gone(session: Session, orphan: Path, tmp_path: Path) -> None:
    name = str(orphan)
    assert name not in examined(session.top, benchmark=False)["leftovers"].details.get("folders", ())
    session.folder.path.rename(session.folder.path.with_name("elsewhere"))
    found = examined(session.top, benchmark=False)["leftovers"]
    assert name in found.details["folders"]
    assert found.finding is Finding.OK
    assert name not in examined(tmp_path, benchmark=False)["leftovers"].details["folders"]
    session.repository.common.rename(tmp_path / "elsewhere")
    assert name in examined(tmp_path, benchmark=False)["leftovers"].details["folders"]
    (tmp_path / "elsewhere").rename(session.repository.common)


def test_a_working_tree_of_a_session_that_is_gone_is_not_to_be_deleted_unseen(session: Session, orphan: Path) -> None:
    tree = session.cache / "tree"
    tree.mkdir()
    session.folder.path.rename(session.folder.path.with_name("elsewhere"))
    found = examined(session.top, benchmark=False)["leftovers"]
    assert (found.details["folders"], found.details["working_trees"]) == ([], [str(tree)])
    assert kinds(found) == [Observation.TREES_LEFT, Remedy.SAVE_TREES]
    assert found.seen[0].figures["folders"] == [str(tree)]
    assert orphan == tree.parent


def test_the_last_lines_of_the_hook_log_are_shown_safely(project: Path) -> None:
    assert kinds(examined(project, benchmark=False)["hook log"]) == [Observation.HOOKS_WENT_WELL]
    log = folders.cache_folder() / "hooks.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(f"line {number}\x1b[2J\n" for number in range(9)))
    found = examined(project, benchmark=False)["hook log"]
    assert found.details["lines"] == [f"line {number}\\x1b[2J" for number in (6, 7, 8)]


# Before there is a session


def test_the_options_of_a_session_to_be_are_what_is_run(project: Path) -> None:
    (project / "autotune.sh").unlink()
    assert examined(project)["benchmark"].finding is Finding.MISSING
    wanted = {"benchmark": "cat build/made && echo METRIC size=1", "carry": ["build"]}
    (project / "build").mkdir()
    (project / "build/made").write_text("")
    (project / ".git/info/exclude").write_text("build\n")
    lacking = examined(project, wanted={"benchmark": wanted["benchmark"]})["benchmark"]
    assert lacking.finding is Finding.TO_DO
    assert Remedy.CARRY in kinds(lacking)
    assert examined(project, wanted=wanted)["benchmark"].finding is Finding.OK
    guarded = examined(project, wanted={**wanted, "guardrails": ["sise <= 1.05x"]})["benchmark"]
    assert guarded.finding is Finding.TO_DO
    assert examined(project, wanted={**wanted, "guardrails": ["size <= 1.05x"]})["benchmark"].finding is Finding.OK


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--min-effect", "-1"), "--min-effect is -1"),
        (("--carry", "../../x"), "`carry`"),
        (("--read", "regex:took ([0-9.]+)"), "--metric NAME"),
        (("--direction", "up", "--scope", "src", "--unit", "s", "--name", "x", "--checks", "true"), '--direction is "up"'),
        (("--guardrail", "size"), "--guardrail is"),
    ],
)
def test_an_option_that_init_would_refuse_is_refused_by_its_name_though_nothing_runs(
    options: tuple[str, ...], told: str, project: Path
) -> None:
    found = {one["name"]: one for one in json.loads(doctor(project, "--no-run", "--json", *options).stdout)["checks"]}
    assert found["configuration"]["finding"] == "to do"
    assert told in found["configuration"]["found"] + str(found["configuration"]["advice"])


def test_a_session_that_goes_on_has_settings_of_its_own(session: Session) -> None:
    with pytest.raises(AutotuneError, match="settings of its own"):
        examined(session.top, wanted={"benchmark": "true"})


def test_a_configuration_that_is_written_in_part_is_no_fault(project: Path) -> None:
    (project / "autotune.toml").write_text("timeout_s = 5\n")
    assert kinds(examined(project, benchmark=False)["configuration"]) == [Observation.CONFIGURATION_IN_PART]
    (project / "autotune.toml").write_text("timeout_s = false\n")
    assert examined(project, benchmark=False)["configuration"].finding is Finding.TO_DO


def test_what_leads_python_to_the_checkout_is_named(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "venv/lib/python3.11/site-packages"
    site.mkdir(parents=True)
    (site / "project.pth").write_text(f"{project}/src\n")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "venv"))
    named = examined(project)["benchmark"].advice[-1]
    assert (named.kind, named.figures["path"], named.figures["files"]) == (Remedy.LEAD_PYTHON_BACK, "src", [str(site / "project.pth")])
    monkeypatch.delenv("VIRTUAL_ENV")
    assert Remedy.LEAD_PYTHON_BACK not in kinds(examined(project)["benchmark"])
    by_its_path = {"benchmark": f"'{tmp_path}/venv/bin/python3' bench.py"}
    assert kinds(examined(project, wanted=by_its_path)["benchmark"])[-1] is Remedy.LEAD_PYTHON_BACK
    (project / "autotune.sh").write_text(f"{BENCHMARK}test -x {tmp_path}/venv/bin/pytest || true\n")
    assert kinds(examined(project)["benchmark"])[-1] is Remedy.LEAD_PYTHON_BACK
    (project / "autotune.toml").write_text('[env]\nPYTHONPATH = "src"\n')
    assert Remedy.LEAD_PYTHON_BACK not in kinds(examined(project, wanted=by_its_path)["benchmark"])


def test_an_environment_that_is_carried_leads_python_nowhere_else(project: Path) -> None:
    site = project / ".venv/lib/python3.11/site-packages"
    site.mkdir(parents=True)
    (site / "project.pth").write_text(f"{project}/src\n")
    (project / ".git/info/exclude").write_text(".venv\n")
    assert Remedy.LEAD_PYTHON_BACK in kinds(examined(project)["benchmark"])
    assert Remedy.LEAD_PYTHON_BACK not in kinds(examined(project, wanted={"carry": [".venv"]})["benchmark"])
