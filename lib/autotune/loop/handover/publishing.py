"""Branches pushed, and pull requests opened for them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

from autotune.core.handover.plan import Standing
from autotune.edges import branches, git
from autotune.errors import AutotuneError
from autotune.loop.handover.making import Made, under
from autotune.loop.session.session import Session


def remote(session: Session, said: str | None) -> str:
    """Name the remote that is pushed to; raises `AutotuneError` where nobody can tell."""
    found = said or branches.remote_of(session.top, session.state.segment.opened.started_on)
    if found is None:
        raise AutotuneError("Nothing says which remote to push to.", "name it: --remote NAME")
    return found


def base_branch(session: Session, onto: str | None) -> str:
    """Name the branch that pull requests are for: that of `onto`, else the one that the session began on.

    Raises `AutotuneError` where there is none, or no `gh` to open them with.
    """
    if shutil.which("gh") is None:
        raise AutotuneError("`gh`, which opens pull requests, is not on the PATH.", "install it, or use --push and --pr-body")
    full = "" if onto is None else git.tell(session.top, "rev-parse", "--symbolic-full-name", onto).text
    kind, _, rest = full.removeprefix("refs/").partition("/")
    found = {"heads": rest, "remotes": rest.partition("/")[2]}.get(kind) or session.state.segment.opened.started_on
    if not found:
        raise AutotuneError("The session began on no branch, so a pull request has no branch to merge into.", "name one: --onto BRANCH")
    return found


def push(session: Session, made: Sequence[Made], to: str) -> None:
    """Push all branches."""
    branches.push(session.top, to, [one.name for one in made if one.standing is not Standing.EMPTY])


def open_requests(session: Session, made: Sequence[Made], base: str, body: Callable[[int], str]) -> dict[str, tuple[str, bool]]:
    """Open a pull request for each branch, for the branch that it stands on; gives their addresses, and whether each was opened now."""
    found: dict[str, tuple[str, bool]] = {}
    for place, one in enumerate(made):
        if one.standing is Standing.EMPTY:
            continue
        below = under(made, one)
        onto = base if below is None else below.name
        found[one.name] = branches.pull_request(session.top, one.name, onto, one.branch.title, body(place))
    return found
