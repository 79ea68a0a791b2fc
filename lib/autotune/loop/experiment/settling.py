"""Settling: the steps that bring git and ledger back together once an experiment has its verdict."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Container
from pathlib import Path

from autotune.core.escaping import escaped
from autotune.core.facts import Fact, Kind
from autotune.core.handover.messages import subject_and_body
from autotune.core.ledger import settle
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.settle import Facts, Step, Tip
from autotune.core.ledger.state import Experiment
from autotune.core.model import Outcome, Verdict
from autotune.core.output.outcome import classify, telling_line, useful_end
from autotune.core.tell.verdicts import has_interval
from autotune.core.tell.words import told
from autotune.edges import commits, git, indexes, tree
from autotune.edges.clock import now
from autotune.edges.tree import Difference
from autotune.errors import AutotuneError
from autotune.loop.candidate.boundary import Boundary
from autotune.loop.candidate.candidate import Look, look, take_snapshot
from autotune.loop.candidate.returning import align_index, astray, take_back
from autotune.loop.measure import watching
from autotune.loop.measure.bench import OUTPUT_KEPT
from autotune.loop.measure.measuring import decided, voided
from autotune.loop.measure.watching import Tampered
from autotune.loop.session import logs
from autotune.loop.session.session import Session

_MOST_STEPS = 50
_NAMED = 5  # files that a message names
_COLUMNS = 76  # of a commit's message, which `git log` indents


def finish(session: Session) -> None:
    """Settle what was cut off; what somebody edited since the candidate was taken stays open, for it may be later than the cut."""
    experiment = session.state.experiment
    bring_together(session, cut_off=True)
    if experiment is None or session.state.experiment is not None:
        return
    if paths := look(session).paths:
        session.notice(Fact(Kind.EDITS_OPEN, {"experiment": experiment.number, "paths": list(paths[:_NAMED])}))


def bring_together(session: Session, *, cut_off: bool = False) -> None:
    """Take every step that the open experiment still needs; none is needed while it waits for its words or is being measured elsewhere.

    Of an experiment that was `cut_off`, only what nobody edited since is taken back. Raises `AutotuneError` where the same plan comes up
    twice in a row, which would go round for ever.
    """
    before: tuple[Step, ...] | None = None
    take = {**_TAKE, **_TAKE_UNEDITED} if cut_off else _TAKE
    for _ in range(_MOST_STEPS):
        steps = steps_left(session, cut_off=cut_off)
        if not steps:
            return
        if steps == before:
            raise AutotuneError(
                f"Settling is stuck: the step `{steps[0]}` changed nothing.", "`autotune doctor` shows the repository's state"
            )
        before = steps
        for step in steps:
            take[step](session)
    raise AutotuneError("Settling does not come to an end.", "`autotune doctor` shows the repository's state")


def steps_left(session: Session, *, cut_off: bool = False) -> tuple[Step, ...]:
    """Say which steps the open experiment still needs."""
    experiment = session.state.experiment
    if experiment is None or settle.goes_on(session.state):
        return ()
    verdict = None if experiment.verdict is None else settle.final_verdict(experiment)
    return settle.plan(verdict, may_settle=experiment.may_settle, facts=_facts(session, experiment, cut_off=cut_off))


def _facts(session: Session, experiment: Experiment, *, cut_off: bool) -> Facts:
    """Look at what the plan depends on: for a keep not at the files, and at the index only once there is a commit."""
    tip = _tip(session, experiment)
    if experiment.verdict is not None and settle.final_verdict(experiment) is Verdict.KEEP:
        return Facts(tip=tip, scope_is_incumbent=False, index_agrees=tip is not Tip.KEPT or _all_there(session, experiment))
    found = look(session, experiment.incumbent)
    left = _unedited(session, experiment, found) if cut_off else found.candidate
    spared = _staged_since(session, experiment) if cut_off else frozenset[str]()
    return Facts(tip=tip, scope_is_incumbent=not left, index_agrees=not astray(session, experiment.incumbent, spared))


def _unedited(session: Session, experiment: Experiment, found: Look) -> tuple[Difference, ...]:
    """List what differs from the incumbent and is as the candidate has it, unless what was edited since stands in its way."""
    now_there = git.tracked(session.top, tree.tree_with(session.view, experiment.incumbent, found.paths))
    taken = git.tracked(session.top, experiment.candidate)
    edited = {path for path in found.paths if now_there.get(path) != taken.get(path)} | {*tree.unstorable(session.top, found.paths)}
    above = {str(folder) for path in edited for folder in Path(path).parents}
    return tuple(one for one in found.candidate if one.path not in above and edited.isdisjoint(_with_folders(one.path)))


def _with_folders(path: str) -> tuple[str, ...]:
    return (path, *map(str, Path(path).parents[:-1]))


def _staged_since(session: Session, experiment: Experiment) -> frozenset[str]:
    """List what the user's index holds otherwise than the candidate, the incumbent, and what was staged when the candidate was taken."""
    known = [git.tracked(session.top, one) for one in (experiment.candidate, *commits.parents(session.top, experiment.candidate))]
    return frozenset(path for path, entry in git.entries(session.top).items() if all(entry != one.get(path) for one in known))


def _all_there(session: Session, experiment: Experiment) -> bool:
    """Whether index and working tree have what was kept."""
    if astray(session, session.tip or ""):
        return False
    return not behind(session, experiment.incumbent, experiment.candidate, look(session, experiment.incumbent).all)


def _tip(session: Session, experiment: Experiment) -> Tip:
    tip = session.tip
    if tip is None or tip == experiment.incumbent:
        return Tip.INCUMBENT if tip else Tip.OTHER
    if commits.parents(session.top, tip) != (experiment.incumbent,) or _trailer(session, experiment) not in commits.message(
        session.top, tip
    ):
        return Tip.OTHER
    same = commits.tree_of(session.top, tip) == commits.tree_of(session.top, experiment.candidate)
    return Tip.KEPT if same else Tip.KEPT_CHANGED


def _void(session: Session) -> None:
    session.append(voided(session, Cause.NOT_MEASURED, Fact(Kind.NOT_MEASURED, because=Fact(Kind.CUT_OFF))))


def _move_branch(session: Session) -> None:
    experiment = session.experiment
    tip, name = session.tip, f"{experiment.number}.head"
    moved = _tip(session, experiment) is Tip.OTHER and (experiment.verdict is None or experiment.verdict.cause is not Cause.HOOK)
    put_branch_back(session, tip, experiment.incumbent, name)
    if moved and tip is not None:
        figures = {"tip": tip[:12], "experiment": experiment.number, "ref": session.folder.ref(name)}
        session.notice(Fact(Kind.MOVED_MEANWHILE, figures))


def put_branch_back(session: Session, tip: str | None, incumbent: str, name: str) -> tuple[str, ...]:
    """Point the branch at the incumbent again, and at `name` keep what it pointed at; index entries that nobody staged since follow.

    Where that had left what is kept behind, files that nobody edited since follow too; gives those files.
    """
    if tip is not None:
        commits.set_ref(session.top, session.folder.ref(name), tip, "the branch before it was put back")
    moved = () if tip is None else catch_up(session, tip, incumbent)
    commits.set_ref(session.top, f"refs/heads/{session.branch}", incumbent, "back to the incumbent", tip)
    return moved


def behind(session: Session, tip: str, goal: str, edited: Container[str]) -> tuple[str, ...]:
    """List what `goal` kept that `tip` does not have, and the working tree has as in `tip`, unedited."""
    base = _parting(session, tip, goal)
    left = set(git.differing(session.top, base, tip))
    paths = tuple(path for path in git.differing(session.top, base, goal) if path not in left and path not in edited)
    held = git.tracked(session.top, goal)
    known = frozenset(path for path in git.tracked(session.top, tip) if path not in edited)
    return () if tree.in_the_way(session.top, (path for path in paths if path in held), known) else paths


def _parting(session: Session, tip: str, goal: str) -> str:
    """Give the commit from which two went apart, or the one with which the segment began where that is later."""
    if commits.is_ancestor(session.top, tip, goal):
        return tip
    base, begun = commits.merge_base(session.top, tip, goal), session.state.segment.opened.base
    return base if base is not None and commits.is_ancestor(session.top, begun, base) else begun


def catch_up(session: Session, tip: str, goal: str) -> tuple[str, ...]:
    """Give what is in the working tree, or in the index, as it is in one commit its content of another; gives the files."""
    edited = {one.path for one in tree.differences(session.view, tip)}
    staged = set(indexes.staged(session.top, tip))
    paths = behind(session, tip, goal, edited)
    held = git.tracked(session.top, goal)
    tree.bring(
        session.view, goal, [path for path in paths if path in held], [path for path in paths if path not in held], Boundary(session).spares
    )
    entries = [path for path in git.differing(session.top, tip, goal) if path not in staged]
    indexes.set_entries(
        session.top, None, {path: held[path] for path in entries if path in held}, [path for path in entries if path not in held]
    )
    return paths


def _commit(session: Session) -> None:
    """Commit exactly the candidate, as the user would; a hook that fails, or changes a file that was measured, turns the verdict.

    Raises `AutotuneError` where git fails for a reason of its own: the keep stands, and the next command commits it.
    """
    experiment = session.experiment
    scratch, words, trace = (session.folder.path / name for name in ("commit-index", "commit-message", "commit-trace"))
    tree.write_index(session.view, experiment.candidate, scratch)
    words.write_bytes(_message(session, experiment).encode())
    before = _edited_since(session, scratch)
    command, variables = commits.commit_command(scratch, words, trace, sign=session.state.config.sign)
    session.going_on(Kind.COMMITTING, experiment=experiment.number)
    try:
        log = session.folder.path / logs.of_commit(experiment.number)
        finished = watching.execute_closed(session, command, variables, session.top, log)
    except Tampered:
        _reject(session, Fact(Kind.HOOK_WROTE_TO_LEDGER), "")
        return
    outcome, why = classify(finished, None)
    if outcome is not Outcome.OK and (hook := commits.refusing_hook(trace)) is not None:
        _reject(session, Fact(Kind.COMMIT_REFUSED, {"hook": hook}, why), useful_end(finished.tail, OUTPUT_KEPT))
    elif outcome is not Outcome.OK and _tip(session, experiment) is Tip.INCUMBENT:
        said = git.complaint(finished.tail.decode(errors="replace")).removesuffix(".")
        raise AutotuneError(
            f"Experiment {experiment.number} is a keep, but git could not commit it: {escaped(said) or told(why)}.",
            "mend that; the next command commits what was measured",
        )
    elif _edited_since(session, scratch) != before:
        _reject(session, Fact(Kind.HOOK_CHANGED_FILE), useful_end(finished.tail, OUTPUT_KEPT))
    elif _tip(session, experiment) is Tip.OTHER:
        _reject(session, Fact(Kind.HOOK_MOVED_BRANCH), "")


def _edited_since(session: Session, index: Path) -> dict[str, tuple[int, int] | None]:
    """Map the files in scope that are not as an index has them to their size and time, None where they are gone."""
    boundary = Boundary(session)
    found = {path: session.top / path for path in indexes.unlike_index(session.top, index) if boundary.in_scope(path)}
    return {name: (path.lstat().st_size, path.lstat().st_mtime_ns) if os.path.lexists(path) else None for name, path in found.items()}


def _reject_commit(session: Session) -> None:
    _reject(session, Fact(Kind.HOOK_CHANGED_COMMIT), "")


def _reject(session: Session, why: Fact, output: str) -> None:
    session.append(decided(session, Verdict.DISCARD, Outcome.CHECKS_FAILED, Cause.HOOK, why, output))


def _message(session: Session, experiment: Experiment) -> str:
    words = experiment.called.strip()
    # escaped, for git refuses some signs, and a terminal obeys others
    described = "\n".join(escaped(line.removesuffix("\r")) for line in words.split("\n"))
    subject, rest = subject_and_body(described, _COLUMNS)
    body = f"\n\n{rest}" if rest else ""
    verdict, reason = experiment.verdict, ""
    trailers = [_trailer(session, experiment), f"Autotune-Metric: {session.state.metric.name}={_value(experiment)}"]
    if verdict is not None:
        effect, whole = verdict.effect, verdict.told(session.state.metric.unit)
        reason = f"\n\n{_wrapped(told(whole))}"
        interval = f" [{effect.low:.6g}, {effect.high:.6g}]" if effect is not None and has_interval(whole) else ""
        trailers += [f"Autotune-Effect: {effect.estimate:.6g}{interval}"] if effect is not None else []
    if settle.is_forced(experiment):
        trailers.append("Autotune-Forced: yes")
    elif verdict is not None and not verdict.confirmed:
        trailers.append("Autotune-Confirmed: no")
    trailers.append(f"Autotune-Ledger: {session.position.prev}")
    return f"{subject}{body}{reason}\n\n" + "\n".join(trailers) + "\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _COLUMNS, break_long_words=False, break_on_hyphens=False)


def _value(experiment: Experiment) -> str:
    value = experiment.verdict.value if experiment.verdict else None
    return "unknown" if value is None else f"{value:.12g}"


def _trailer(session: Session, experiment: Experiment) -> str:
    return f"Autotune-Experiment: {session.name}/{experiment.number}"


def _restore_scope(session: Session) -> None:
    """Take the candidate's changes back; what was edited since it was taken is kept in a snapshot of its own first."""
    experiment = session.experiment
    found = look(session, experiment.incumbent)
    late = take_snapshot(session, found.paths, f"autotune: edits during experiment {experiment.number}")
    if commits.tree_of(session.top, late) != commits.tree_of(session.top, experiment.candidate):
        ref = session.folder.ref(f"{experiment.number}.late")
        commits.set_ref(session.top, ref, late, "edits made while it was measured")
        session.notice(Fact(Kind.LATE_EDITS, {"experiment": experiment.number, "ref": ref}))
    take_back(session, experiment.incumbent, found.candidate, found.boundary)


def _restore_unedited(session: Session) -> None:
    """Take the candidate's changes back where nobody edited them since."""
    experiment = session.experiment
    found = look(session, experiment.incumbent)
    take_back(session, experiment.incumbent, _unedited(session, experiment, found), found.boundary)


def _align_unedited(session: Session) -> None:
    _align_index(session, _staged_since(session, session.experiment))


def _align_index(session: Session, spared: Container[str] = ()) -> None:
    """Make the user's index agree with the branch in what a candidate can have changed; other entries stay as they are.

    What is kept and has gone from the working tree without anybody editing it (a reset or a stash meanwhile) is put there.
    """
    experiment = session.experiment
    kept = _tip(session, experiment) is Tip.KEPT
    if kept and (files := catch_up(session, experiment.incumbent, experiment.candidate)):
        session.notice(Fact(Kind.KEEP_PUT_BACK, {"experiment": experiment.number, "paths": list(files[:5])}))
    commit = session.tip or "" if kept else experiment.incumbent
    align_index(session, commit, () if kept else spared)


def _write_result(session: Session) -> None:
    experiment = session.experiment
    kept = settle.final_verdict(experiment) is Verdict.KEEP
    commit = session.tip if kept else None
    result = settle.result_of(session.state, commit or experiment.incumbent, now())
    session.append(result)
    row = session.state.recent.rows[-1]
    last = telling_line(result.failure or "")
    session.say(Fact(Kind.RESULT, {"experiment": row.index, "status": row.status, **({"last": last} if last else {})}, row.reason))


_TAKE = {
    Step.VOID: _void,
    Step.MOVE_BRANCH: _move_branch,
    Step.COMMIT: _commit,
    Step.REJECT_COMMIT: _reject_commit,
    Step.RESTORE_SCOPE: _restore_scope,
    Step.ALIGN_INDEX: _align_index,
    Step.WRITE_RESULT: _write_result,
}
_TAKE_UNEDITED = {Step.RESTORE_SCOPE: _restore_unedited, Step.ALIGN_INDEX: _align_unedited}
