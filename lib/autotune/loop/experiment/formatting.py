"""What the repository's pre-commit hook, or `format`, makes of a candidate before it is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from autotune.core.facts import Fact, Kind, quoted
from autotune.core.ledger.events import Decided, Formatted
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.state import Experiment
from autotune.core.model import Outcome, Verdict
from autotune.core.output.outcome import Executed, classify, useful_end
from autotune.edges import commits, git, indexes, place, tree
from autotune.edges.clock import now
from autotune.edges.place import Place
from autotune.errors import AutotuneError
from autotune.loop.candidate.boundary import Boundary
from autotune.loop.experiment import settling
from autotune.loop.measure import places, watching
from autotune.loop.measure.bench import OUTPUT_KEPT
from autotune.loop.measure.measuring import decided
from autotune.loop.measure.watching import Tampered
from autotune.loop.session import logs
from autotune.loop.session.session import Session

HOOK = "pre-commit"
_NAMED = 5  # files that a reason names
_MOST_ASKED = 2  # a hook that rewrote something may say no for that alone, and is asked once more


def rewritten(session: Session, experiment: Experiment) -> Decided | None:
    """Have the hook, or `format`, rewrite the candidate in the measuring worktree; what it leaves is the candidate from then on.

    Of a session that measures in the checkout, it is a worktree that is made for this alone. Gives the verdict where the candidate is
    refused. A hook that git cannot start, or that fails here on the incumbent's files too, is left to the commit, which tells.
    """
    tool = _tool(session, experiment)
    if tool is None:
        return None
    with ExitStack() as stack:
        try:
            spot = stack.enter_context(places.second_place(session)) if session.state.config.in_place else places.place_of(session)
        except AutotuneError as error:
            if not session.state.config.in_place:
                raise
            session.notice(Fact(Kind.FORMAT_BROKEN, {"by": tool.by}, quoted(error.message)))
            return None
        try:
            return _rewritten(session, experiment, tool, spot)
        except Tampered:
            return _refused(session, Fact(Kind.HOOK_WROTE_TO_LEDGER))


def _rewritten(session: Session, experiment: Experiment, tool: Tool, spot: Place) -> Decided | None:
    made, asked = experiment.candidate, 0
    session.going_on(Kind.FORMATTING, by=tool.by)
    while True:
        before, finished = made, _run(session, tool, spot, made, session.state.incumbent)
        asked += 1
        outcome, why = classify(finished, None)
        if outcome is not Outcome.OK and tool.by == HOOK and commits.refusing_hook(tool.trace) is None:
            return None
        changed = indexes.unlike_index(spot.top, spot.view.index)
        boundary = Boundary(session)
        if outside := [path for path in changed if not boundary.in_narrowed_scope(path)]:
            return _refused(session, Fact(Kind.FORMATTED_OUTSIDE, {"by": tool.by, "paths": outside[:_NAMED]}), finished.tail)
        made = _commit(session, tool, spot, made, changed) if changed else made
        if outcome is Outcome.OK:
            _take(session, experiment, made, tool.by)
            return None
        if made == before or asked == _MOST_ASKED:
            if _fails_anyway(session, tool, spot, experiment):
                session.notice(Fact(Kind.FORMAT_BROKEN, {"by": tool.by}, why))
                return None
            return _refused(session, Fact(Kind.FORMAT_FAILED, {"by": tool.by}, why), finished.tail)


@dataclass(frozen=True, slots=True)
class Tool:
    """What rewrites a candidate: a command with its variables; `by` names it, `index` is what it takes for staged.

    Its output goes to `log`, and `trace` is git's of it.
    """

    by: str
    command: str
    variables: Mapping[str, str]
    index: Path
    trace: Path
    log: Path


def _tool(session: Session, experiment: Experiment) -> Tool | None:
    config, folder = session.state.config, session.folder.path
    index, trace, log = folder / "format-index", folder / "format-trace", folder / logs.of_format(experiment.number)
    if config.format:
        return Tool("format", config.format, {}, index, trace, log)
    found = commits.hook_command(session.repository, HOOK, index, trace) if config.hooks else None
    return None if found is None else Tool(HOOK, *found, index, trace, log)


def _fails_anyway(session: Session, tool: Tool, spot: Place, experiment: Experiment) -> bool:
    """Whether it fails on the same files as the incumbent has them: then it lacks something here, and it is not the candidate's doing."""
    incumbent = session.state.incumbent
    held = [path for path in experiment.files if path in git.tracked(session.top, incumbent)]
    content = tree.tree_having(spot.top, incumbent, tool.index, {}, held)
    without = commits.commit_tree(session.top, content, [], "autotune: the incumbent without the candidate's files")
    return classify(_run(session, tool, spot, incumbent, without), None)[0] is not Outcome.OK


def _run(session: Session, tool: Tool, spot: Place, commit: str, head: str) -> Executed:
    """Run it on a commit's files, where HEAD is another commit: what differs is staged."""
    place.occupy(spot, places.content_of(session, commit), ())
    tree.write_index(spot.view, commit, tool.index)
    git.ask(spot.top, "update-index", "-q", "--refresh", index=tool.index)
    folder = spot.top / (session.state.segment.opened.workdir if tool.by != HOOK else "")
    tree.point_at(spot.view, places.content_of(session, commit))
    with _on(spot, head):
        return watching.execute_closed(session, tool.command, tool.variables, folder, tool.log)


@contextmanager
def _on(spot: Place, commit: str) -> Iterator[None]:
    """Have HEAD of a measuring worktree be a commit: by it a hook knows what is new."""
    before = git.tell(spot.top, "rev-parse", "HEAD").text
    git.tell(spot.top, "update-ref", "--no-deref", "HEAD", commit)
    try:
        yield
    finally:
        git.tell(spot.top, "update-ref", "--no-deref", "HEAD", before)


def _commit(session: Session, tool: Tool, spot: Place, commit: str, paths: tuple[str, ...]) -> str:
    """Make a commit of the candidate with some files as they are in the measuring worktree."""
    entries = {path: git.entry_of(spot.top, path, spot.top / path, stores=True) for path in paths if tree.is_storable(spot.top, path)}
    content = tree.tree_having(spot.top, commit, tool.index, entries, [path for path in paths if path not in entries])
    return commits.commit_tree(
        session.top, content, [*commits.parents(session.top, commit), commit], "autotune: as a hook left the candidate"
    )


def _take(session: Session, experiment: Experiment, commit: str, by: str) -> None:
    """Make a commit the candidate; in the checkout, files that nobody edited since become what they are in it."""
    files = git.differing(session.top, experiment.candidate, commit)
    if not files:
        return
    commits.set_ref(session.top, session.folder.ref(f"{experiment.number}.formatted"), commit, "the candidate as a hook left it")
    session.append(Formatted(experiment.number, commit, by, files, now()))
    settling.catch_up(session, experiment.candidate, commit)
    session.say(Fact(Kind.FORMATTED, {"by": by, "paths": list(files[:_NAMED])}))


def _refused(session: Session, why: Fact, said: bytes = b"") -> Decided:
    return decided(session, Verdict.DISCARD, Outcome.CHECKS_FAILED, Cause.HOOK, why, useful_end(said, OUTPUT_KEPT))
