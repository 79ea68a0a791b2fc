"""What is measured on and with, and how busy the machine is: a real session, real git, real runs."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from autotune.core import rules
from autotune.core.facts import Fact, Kind, quoted
from autotune.core.ledger.events import CandidateTaken, Claimed, PlaybookBegun
from autotune.core.ledger.lines import Event, from_line
from autotune.core.ledger.stopping import Action, Next
from autotune.core.model import Run
from autotune.core.tell.words import told
from autotune.core.trust.surroundings import changes
from autotune.edges import locks, machine
from autotune.errors import AutotuneError
from autotune.loop.candidate import candidate
from autotune.loop.drive import proposing
from autotune.loop.experiment import experiment, healing, segments, work
from autotune.loop.inspect import auditing
from autotune.loop.measure import calibrating, claiming, measuring, quiet, recording
from autotune.loop.measure.places import bench_for
from autotune.loop.measure.turns import Turn
from autotune.loop.opening import opening
from autotune.loop.session import files, folding, layout, sessions
from autotune.loop.session.session import Session


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose benchmark prints the number in `value`, read by a tool that is on the PATH."""
    tools = tmp_path / "tools"
    tools.mkdir()
    write_tool(tools / "show", "cat")
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "value").write_text("100\n")
    (folder / "autotune.sh").write_text('test -s value || exit 1\necho "METRIC t=$(show value)"\n')
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "a project")
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return folder


def write_tool(path: Path, command: str) -> None:
    path.write_text(f'#!/bin/sh\n{command} "$@"\n')
    path.chmod(0o755)


def opened(folder: Path, **settings: object) -> Session:
    request = opening.Request(folder, {"name": "x", "metric": "t", "scope": ["value"], **settings})
    return opening.open_session(request, lambda _: None)


def test_a_segment_records_the_tools_that_its_benchmark_runs(project: Path) -> None:
    record = opened(project).state.segment.opened.machine
    assert str(project.parent / "tools" / "show") in record["tool show"]
    assert "tool bash" in record
    assert "tool echo" not in record


def test_a_program_of_the_project_is_no_tool_unless_it_is_carried_or_leads_elsewhere(project: Path) -> None:
    write_tool(project / "bench", "cat autotune.sh; show")
    (project / "elsewhere").symlink_to(project.parent / "tools" / "show")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "a benchmark that is a program")
    write_tool(project / "built", "cat")
    session = opened(project, benchmark="./bench value && bash autotune.sh && true | ./built && ./elsewhere value", carry=["built"])
    record = session.state.segment.opened.machine
    assert {"tool ./built", "tool ./elsewhere", "tool bash"} <= record.keys()
    assert "tool ./bench" not in record
    write_tool(project / "bench", "tac")
    assert recording.what_changed(session) == ()
    with pytest.raises(AutotuneError, match=r"bench is protected"):
        experiment.measure(session, 10.0, settles=True, description="another benchmark")


def test_what_an_older_version_recorded_of_a_program_of_the_project_is_not_compared(project: Path) -> None:
    session = opened(project)
    older = {**session.state.segment.opened.machine, "tool ./bench": "/p/bench (5 bytes)", "tool ./gone/../bench": "/p/bench (5 bytes)"}
    opening_line = replace(session.state.segment.opened, machine=older)
    session.state = replace(session.state, segment=replace(session.state.segment, opened=opening_line))
    assert recording.what_changed(session) == ()


def test_no_run_finds_what_an_earlier_one_left_among_the_projects_files(project: Path) -> None:
    (project / "lib").mkdir()
    (project / "lib" / "part").write_text("1\n")
    (project / "autotune.sh").write_text('test -s value -a ! -e lib/left || exit 1\ntouch lib/left\necho "METRIC t=$(cat value)"\n')
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "a benchmark that leaves something")
    session = opened(project, setup="touch lib/made")
    assert len(session.state.segment.baseline_runs) > 1
    assert (layout.session_cache(session.repository, session.name) / "measure" / "lib" / "made").exists()


def test_a_benchmark_that_prints_its_metric_on_the_way_accuses_no_candidate_that_was_run_alone(project: Path) -> None:
    (project / "autotune.sh").write_text('echo "METRIC t=$(($(show value) * 2))"\necho "METRIC t=$(show value)"\n')
    git(project, "commit", "-q", "-a", "-m", "a benchmark that prints as it goes")
    session = opened(project, decision_mode="once")
    (project / "value").write_text("50\n")
    experiment.measure(session, 60.0, settles=True, description="a smaller value")
    assert session.state.segment.best == 50.0


def test_nothing_is_refused_while_nothing_has_changed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = opened(project)
    monkeypatch.setenv("SHLVL", "7")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}/nowhere")
    assert recording.what_changed(session) == ()


def test_runs_find_the_environment_that_the_segment_was_opened_in(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    (project / "autotune.sh").write_text(
        'test -s value || exit 1\n[ "$LC_ALL$TZ$OMP_NUM_THREADS" = C.UTF-8UTC ] && echo "METRIC t=$(show value)"\n'
    )
    git(project, "commit", "-q", "-a", "-m", "particular")
    session = opened(project, timed=False)
    (project / "value").write_text("90\n")
    for name, value in {"LC_ALL": "C", "OMP_NUM_THREADS": "7", "PATH": "/usr/bin:/bin"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TZ")
    experiment.measure(session, 60.0, settles=True, description="a smaller value")
    session.refresh()
    assert session.state.recent.rows[-1].reason.kind is Kind.BETTER_EXACTLY


def test_a_candidate_is_not_compared_across_a_change_of_a_tool(project: Path) -> None:
    session = opened(project)
    (project / "value").write_text("90\n")
    write_tool(project.parent / "tools" / "show", "tac")
    with pytest.raises(AutotuneError, match=r"show was .*tools/show.* is .*tools/show") as refused:
        experiment.measure(session, 10.0, settles=True, description="a smaller value")
    assert "autotune rebaseline" in refused.value.hint
    assert session.state.experiment is None
    assert session.state.count == 0
    assert (project / "value").read_text() == "90\n"


def test_after_a_rebaseline_the_change_is_part_of_the_new_segment(project: Path) -> None:
    session = opened(project)
    write_tool(project.parent / "tools" / "show", "tac")
    with work.changing(session, "test"):
        recording.ask_for_rebaseline(session)
        healing.advance(session)
    assert session.state.segment.opened.segment == 2
    assert session.state.last_playbook is not None
    assert "show was" in told(session.state.last_playbook.result)
    assert [event.why.kind for event in events_of(session) if isinstance(event, PlaybookBegun)] == [Kind.SURROUNDINGS_DIFFER]
    assert recording.what_changed(sessions.load(session.repository, session.name)) == ()


def test_lock_files_out_of_scope_are_recorded_and_those_in_scope_are_the_candidates(project: Path) -> None:
    (project / "uv.lock").write_text("1")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "locked")
    config = opened(project).state.config
    assert "dependencies in uv.lock" in recording.recorded(config, project, "")
    (project / "go.sum").write_text("1")
    record = recording.recorded(config, project, "")
    (project / "go.sum").write_text("2")
    assert changes(record, recording.recorded(config, project, ""))[0].figures["name"] == "dependencies in go.sum"


def slow(project: Path, *, share: Callable[[float], float] = lambda _: 0.1, **settings: object) -> Session:
    """A session whose runs are long enough to look at the machine first; its noise is known. Others use a `share` of it at first."""
    (project / "autotune.sh").write_text('sleep 0.25\necho "METRIC t=$(cat value).$(date +%N)"\n')
    git(project, "commit", "-q", "-a", "-m", "slow")
    with pytest.MonkeyPatch.context() as opening_alone:
        opening_alone.setattr(machine, "busy_share", share)
        return opened(project, **settings)


def test_a_busy_machine_is_waited_for_and_what_was_measured_all_the_same_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = slow(project, busy_wait_s=0)
    said: list[Fact] = []
    session.say = said.append
    monkeypatch.setattr(machine, "busy_share", lambda _: 0.9)
    busy = Fact(Kind.BUSY, {"share": 0.9, "above": quiet.BUSY_ABOVE})
    assert quiet.wait_for_quiet(session, 60) == busy
    assert session.state.recent.notices[-1].found == Fact(Kind.STAYED_BUSY, {"waited_s": 0.0}, busy)
    shares = iter([0.9, 0.2])
    monkeypatch.setattr(machine, "busy_share", lambda _: next(shares))
    session.state = replace(session.state, config=replace(session.state.config, busy_wait_s=300.0))
    monkeypatch.setattr(quiet, "POLL_S", 0.01)
    assert quiet.wait_for_quiet(session, 60) is None
    assert (said[-1].kind, said[-1].figures["share"]) == (Kind.WAITING_FOR_QUIET, 0.9)
    assert 20 < said[-1].figures["wait_s"] <= 30  # a tenth, less what has passed


def test_a_loop_says_once_that_the_machine_stays_busy() -> None:
    said: list[Fact] = []
    say, busy, other = proposing._only_new(said.append), Fact(Kind.STAYED_BUSY, {"waited_s": 1.0}), Fact(Kind.RESUMED)
    for fact in (busy, other, busy):
        say(fact)
    assert said == [busy, other]


@pytest.mark.nightly
def test_a_second_look_is_left_for_later_while_others_use_the_machine(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = slow(project)
    for share, calm in ((0.9, False), (0.75, True), (None, True)):
        monkeypatch.setattr(machine, "busy_share", lambda _, share=share: share)
        assert quiet.is_quiet(session) is calm
    monkeypatch.setattr(proposing, "second_look", lambda *_, **__: SimpleNamespace(index=1, description="shorter"))
    monkeypatch.setattr(machine, "busy_share", lambda _: 0.9)
    assert not proposing._look_again(session, lambda _: None, set(), idle=True)


def test_a_wait_for_quiet_never_costs_more_than_the_runs_that_it_is_for(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = slow(project, busy_wait_s=60)
    before, clock, busy = len(session.state.recent.notices), [0.0], [True]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    def share(sample_s: float) -> float:
        sleep(sample_s)
        return 0.9 if busy[0] else 0.1

    monkeypatch.setattr(quiet, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=sleep))
    monkeypatch.setattr(machine, "busy_share", share)
    calm = quiet.Quiet(session)
    for takes_s, waited_s in ((2.0, 2.2), (2.3, 2.2), (5.0, 5.2), (100.0, 6.2), (200.0, 6.2)):
        calm.wait(takes_s)
        assert clock[0] == calm.waited_s == pytest.approx(waited_s)  # a last look is the end, and of 0.1 s there is none
    assert len(session.state.recent.notices) == before + 1
    calm = quiet.Quiet(session)
    for takes_s, busy[0] in ((2.0, True), (5.0, False), (9.0, True)):
        calm.wait(takes_s)
    assert calm.waited_s == pytest.approx(2.4)
    assert calm.busy == Fact(Kind.BUSY, {"share": 0.9, "above": quiet.BUSY_ABOVE})


@pytest.mark.nightly
def test_where_the_machine_has_been_busy_for_minutes_only_a_tenth_is_waited(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = slow(project, busy_wait_s=60)
    clock, load = [0.0], [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    def share(sample_s: float) -> float:
        sleep(sample_s)
        return 0.9

    def waited() -> float:
        calm = quiet.Quiet(session)
        calm.wait(100.0)
        return calm.waited_s

    monkeypatch.setattr(quiet, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=sleep))
    monkeypatch.setattr(machine, "busy_share", share)
    assert [waited() for _ in range(2)] == pytest.approx([60.2, 6.2])
    monkeypatch.setattr(quiet, "REMEMBERED_S", 0.0)
    assert waited() == pytest.approx(60.2)
    monkeypatch.setattr(machine, "load_average", lambda minutes: load[0] * minutes / 5)
    monkeypatch.setattr(machine, "usable_cpus", lambda: 2)
    session.state = replace(session.state, segment=replace(session.state.segment, baseline=None))  # nothing tells yet but the load
    for load[0], waited_s in ((1.4, 60.2), (1.6, 6.2)):
        assert waited() == pytest.approx(waited_s)


def test_a_comparison_looks_before_a_stage_and_never_inside_one(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = slow(project)
    runs: list[int] = []
    monkeypatch.setattr(quiet.Quiet, "wait", lambda *_: runs.append(len(_runs(session))))
    (project / "value").write_text("200\n")
    with work.held(session, "try"):
        candidate.take(session, partial(CandidateTaken, settles=True, description="worse"))
        work._measure(session)
    assert runs
    assert all(count % 2 == 0 for count in runs)


def _runs(session: Session) -> list[Run]:
    return [] if session.state.experiment is None else list(session.state.experiment.runs)


@pytest.mark.nightly
def test_a_claim_waits_for_a_quiet_machine_too_and_says_where_it_had_none(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = slow(project, busy_wait_s=0)
    monkeypatch.setattr(claiming, "PAIRS", 6)
    monkeypatch.setattr(machine, "busy_share", lambda _: 0.9)
    with work.held(session, "confirm"):
        found = claiming.claim(session)
    assert found.pairs == 6
    assert found.reason.besides == (Fact(Kind.BUSY, {"share": 0.9, "above": quiet.BUSY_ABOVE}),)


def test_waiting_for_others_is_no_part_of_what_a_baseline_takes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = opened(project, unit="ms")
    monkeypatch.setattr(quiet, "wait_for_quiet", lambda *_: time.sleep(0.5))
    with work.held(session, "try"):
        begun = time.monotonic()
        values, elapsed_s = measuring.baseline(session, bench_for(session, None), Turn(session, "the baseline"), once=False)
        assert elapsed_s < time.monotonic() - begun - 0.5
    assert len(values) == measuring.MOST_BASELINE


@pytest.mark.nightly
@pytest.mark.parametrize(
    "measured", ["baseline", *(pytest.param(one, marks=pytest.mark.nightly) for one in ("calibration", "target", "look", "rebaseline"))]
)
def test_whatever_is_measured_waits_for_a_quiet_machine(measured: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = iter([0.1])
    session = slow(project, share=lambda _: next(shares), target=0)
    assert next(shares, None) is None  # the opening's baseline has looked
    holders = []

    def wait(_: Session, takes_s: float) -> None:
        assert takes_s >= 0.5
        holders.append(locks.holder(locks.measuring_lock()))

    monkeypatch.setattr(quiet, "wait_for_quiet", wait)
    monkeypatch.setattr(machine, "busy_share", lambda _: 0.1)
    match measured:
        case "baseline":
            segments.accept(session)
        case "calibration":
            calibrating.calibrate(session, 1)
        case "target":
            healing._check_target(session, Next(Action.CHECK_TARGET, quoted("")))
        case "look":
            healing._look(session, Next(Action.LOOK, quoted("")))
        case "rebaseline":
            healing._rebaseline(session)
    assert [holder is not None for holder in holders] == [True]


def test_nobody_looks_whether_the_machine_is_busy_where_runs_are_short_or_no_time_is_measured(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened(project, unit="ms")

    def looked(_: float) -> float:
        raise AssertionError

    monkeypatch.setattr(machine, "busy_share", looked)
    assert quiet.wait_for_quiet(session, 60) is None
    long = replace(session.state, segment=replace(session.state.segment, baseline_wall_s=10.0))
    session.state = replace(long, config=replace(long.config, timed=False))
    assert quiet.wait_for_quiet(session, 60) is None
    session.state = replace(session.state, segment=replace(long.segment, pool=(0.1,)))
    assert quiet.wait_for_quiet(session, 60) is None
    session.state = long
    with pytest.raises(AssertionError):
        quiet.wait_for_quiet(session, 60)


def test_a_keep_whose_words_the_state_no_longer_holds_can_be_confirmed(project: Path) -> None:
    session = opened(project)
    (project / "value").write_text("90\n")
    experiment.measure(session, 60.0, settles=True, description="a smaller value")
    session.refresh()
    session.state = replace(session.state, recent=replace(session.state.recent, kept=(), rows=()))
    with work.held(session, "confirm"):
        session.append(claiming.confirm(session, 1))
        assert (session.state.claim, claiming.confirm(session, 1).improved) == (None, True)
        with pytest.raises(AutotuneError, match="Experiment 2 is not a keep of this session"):
            claiming.confirm(session, 2)


def logged(folder: Path) -> list[str]:
    """What ran, in order, as its programs wrote it down outside of the project."""
    return (folder.parent / "order").read_text().split()


@pytest.fixture
def in_order(project: Path) -> Path:
    """The project, whose benchmark and checks write down that they ran; its values are never the same, and checks refuse 13."""
    order = project.parent / "order"
    (project / "autotune.sh").write_text(
        f'value=$(show value); echo "run:$value" >> {order}; echo "METRIC t=$value.$(od -An -N1 -tu1 /dev/urandom | tr -d " ")"\n'
    )
    (project / "autotune.checks.sh").write_text(f'echo "check:$(cat value)" >> {order}; test "$(cat value)" != 13\n')
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "programs that write down that they ran")
    return project


def tried(session: Session, value: str) -> list[str]:
    """Try a candidate, and give what ran for it."""
    before = len(logged(session.workdir))
    (session.workdir / "value").write_text(f"{value}\n")
    experiment.measure(session, 60.0, settles=True, description=value)
    return logged(session.workdir)[before:]


def test_a_disk_that_is_full_when_a_worker_writes_its_last_is_told_and_is_no_bug(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: Session) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "hook.json")

    session = opened(project)
    monkeypatch.setattr(files, "project", full)
    capsys.readouterr()
    work._carry_on(session)
    assert "hook.json: No space left on device" in capsys.readouterr().out


def events_of(session: Session) -> list[Event]:
    return [event for line in session.folder.ledger.read_bytes().splitlines() if (event := from_line(line)) is not None]


def test_the_checks_run_beside_the_pairs_once_and_a_candidate_that_fails_them_has_one_pair(in_order: Path) -> None:
    session = opened(in_order)
    kept = tried(session, "50")
    assert (sorted(kept[:2]), kept[2]) == (["run:100", "run:50"], "check:50")
    assert [one for one in kept if one.startswith("check")] == ["check:50"]
    failed = tried(session, "13")
    assert (sorted(failed[:2]), failed[2:]) == (["run:13", "run:50"], ["check:13", "check:13", "check:50"])
    assert session.state.statuses == {"keep": 1, "checks_failed": 1}
    assert session.state.recent.rows[-1].value is not None
    assert not auditing.audit(session.repository, session.folder)


@pytest.mark.nightly
def test_a_session_that_is_upgraded_goes_on_by_its_own_rule_until_a_new_segment_opens(
    in_order: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(rules, "NEWEST", rules.FIRST)
        session = opened(in_order)
    assert session.state.segment.opened.rule == rules.FIRST
    kept = tried(session, "50")
    assert kept[kept.index("run:50") + 1] == "check:50"  # as it was: after the candidate's first run, whatever its place in the pair
    failed = tried(session, "13")
    assert failed[failed.index("run:13") + 1 :] == ["check:13", "check:50"]
    segments.accept(session)
    assert session.state.segment.opened.rule == rules.NEWEST
    kept = tried(session, "25")
    assert kept[2] == "check:25"
    assert not auditing.audit(session.repository, session.folder)
    assert not auditing.decided_by_unknown_rules(session.folder)


def test_a_label_that_fresh_runs_did_not_lift_is_harder_to_lift_each_time(in_order: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "PAIRS", 6)
    session = opened(in_order)
    tried(session, "50")
    with work.held(session, "confirm"):
        for _ in range(2):
            session.append(claiming.confirm(session, 1))
    first, second = (event for event in events_of(session) if isinstance(event, Claimed))
    assert (first.improved, second.improved) == (True, False)  # six pairs that all agree are 1 in 64
    assert not auditing.audit(session.repository, session.folder)


def test_a_state_that_an_older_autotune_wrote_down_is_read_from_the_ledger_anew(project: Path) -> None:
    session = opened(project)
    path = session.folder.path / "checkpoint.json"
    session.refresh()
    folding._write_checkpoint(session.folder, replace(session.state, count=7), session.position)
    assert folding.read_session(session.folder)[0].count == 7
    held = json.loads(path.read_bytes())
    for part in (
        "gains",
        "drift_before",
        "restored",
        "run_s",
        "failure",
    ):  # of the session, its segment, what is recent, was spent, and a row
        path.write_text(json.dumps({**held, "format": held["format"].replace(f" {part}", "")}))
        assert folding.read_session(session.folder)[0] == session.state
