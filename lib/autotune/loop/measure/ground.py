"""A command of a session executed in a measuring place: its environment, its walls, and what it may not write."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autotune.core.config.commands import Command
from autotune.core.facts import Fact, Kind
from autotune.core.output.outcome import Executed
from autotune.edges import caches, case_files, environment, folders, place, process, sandbox
from autotune.edges.place import Place
from autotune.edges.sandbox import Walls
from autotune.errors import AutotuneError
from autotune.loop.measure import reading, watching
from autotune.loop.measure.turns import Interrupted
from autotune.loop.measure.watching import Tampered
from autotune.loop.session import logs
from autotune.loop.session.files import PROJECTIONS
from autotune.loop.session.layout import root
from autotune.loop.session.leftovers import private_prefix
from autotune.loop.session.session import Session

_WRITTEN = "output"  # the folder in which cases may write, in the run's own
_CACHES = "caches"  # in the session's folder in the cache
_LOOK = "look at the candidate first: it is saved under refs/autotune"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a session's commands are executed. With `trial_s` that is in the sandbox in any case, and none takes longer."""

    session: Session
    place: Place
    trial_s: float | None = None

    def forget_caches(self) -> None:
        """Remove what earlier runs left in the caches that lie elsewhere."""
        caches.forget(self.session.cache / _CACHES, self.place.top)

    def refuse_gone(self) -> None:
        """Raise `AutotuneError` where somebody has deleted the measuring worktree meanwhile: that is no run's fault."""
        if self.place.settled is not None and not (self.place.top / ".git").exists():
            raise AutotuneError(
                f"The measuring worktree {self.place.top} was deleted while something was measured in it; it is made again.",
                "try again, and delete measuring worktrees while nothing is measured",
            )

    def variables(self, ours: Mapping[str, str]) -> dict[str, str]:
        """Give the environment of runs, as the segment and the settings have it, with variables of ours that these may change."""
        state = self.session.state
        recorded = environment.as_recorded(os.environ, state.segment.opened.environment)
        return environment.environment_for_runs(recorded, {**ours, **state.config.env})

    def one(
        self,
        command: Command,
        log: str,
        *,
        more: Mapping[str, str] | None = None,
        shown: Sequence[Path] = (),
        cases: Sequence[str] = (),
        kept_bytes: int = 0,
    ) -> Executed:
        """Execute a command with its output in a log; nobody sees anything of one that may read the folders `shown`.

        Raises `Tampered` where it wrote what no run may write, `Interrupted` where somebody wants the session to stop, and AutotuneError
        where the place is gone.
        """
        state, path = self.session.state, self.session.folder.path / log
        path.parent.mkdir(parents=True, exist_ok=True)
        index = self.place.view.index
        stamp = watching.stamp(index)
        moorings = {path: watching.stamp(path) for path in place.moorings(self.place)}
        folder = self.place.top / state.segment.opened.workdir
        results = reading.expected(state.config, folder) if command.measured else None
        if results is not None:
            results.clear()
        with watching.closed(self.session) as let_in, _private_folder(private_prefix(self.session.folder.path)) as temporary:
            of_cases = variables_of_cases(temporary, cases, seeded=state.config.seeds)
            finished = process.execute(
                self._walled(command.text, temporary, shown),
                cwd=folder,
                environment=self._environment(temporary, shown, {**(more or {}), **of_cases}),
                timeout_s=min(command.timeout_s, self.trial_s or command.timeout_s),
                log=temporary / "unseen.log" if shown else path,
                kept_bytes=kept_bytes if results is None else results.kept_bytes,
                stopped=lambda: self._is_stopped(let_in),
            )
            if cases:
                case_files.keep(temporary / _WRITTEN, self.session.folder.path / logs.of_cases(log), cases)
        self.refuse_gone()
        if stamp is not None and watching.stamp(index) != stamp:
            index.unlink(missing_ok=True)
            raise Tampered(Fact(Kind.INDEX_WRITTEN, {"path": str(index)}), _LOOK)
        if any(watching.stamp(path) != before_it for path, before_it in moorings.items()):
            (self.session.cache / "measure.json").unlink(missing_ok=True)
            raise Tampered(Fact(Kind.WORKTREE_MOVED), _LOOK)
        if finished.stopped:
            raise Interrupted(self.session.interrupted() or Fact(Kind.STOPPED_MEANWHILE))
        return finished if results is None else results.taken(finished)

    def _in_sandbox(self) -> bool:
        return self.trial_s is not None or self.session.state.config.sandbox

    def _environment(self, temporary: Path, shown: Sequence[Path], more: Mapping[str, str]) -> dict[str, str]:
        """Give what a command finds in its environment: temporary files, and caches that lie elsewhere, in folders of autotune's."""
        environment = self.variables(dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(temporary))) | dict(more)
        if self._in_sandbox() and not shown:  # where nothing can be written, one arm leaves the other nothing
            return environment
        return caches.moved(environment, self.place.top, temporary if shown else self.session.cache / _CACHES)

    def _walled(self, command: str, temporary: Path, shown: Sequence[Path]) -> str:
        """Give the command as it is run: within the sandbox where the session has one."""
        if not self._in_sandbox():
            return command
        session = self.session
        copies = (session.workdir / name for name in PROJECTIONS)
        hidden = (root(session.repository), folders.data_folder(), *copies, *((session.cache,) if self.place.settled is None else ()))
        writable = (self.place.top, temporary)
        kept = [path for path in (self.place.top / ".git",) if path.exists()]
        return sandbox.walled_in(command, Walls(writable, kept, [path for path in hidden if path.exists()], shown))

    def _is_stopped(self, let_in: Callable[[], None]) -> bool:
        let_in()
        return self.session.interrupted() is not None


@contextmanager
def _private_folder(prefix: str) -> Iterator[Path]:
    """Give a fresh folder for one run's temporary files. Its path is short: sockets have names of at most 104 bytes."""
    folder = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def variables_of_cases(folder: Path, cases: Sequence[str], *, seeded: bool) -> dict[str, str]:
    """Give the variables of a run of these cases; nothing where there are none.

    Writes the file of their ids into a folder, and makes there the one in which they may write. `seeded` tells that the case is a seed.
    """
    if not cases:
        return {}
    path, written = folder / "cases", folder / _WRITTEN
    path.write_text("".join(f"{case}\n" for case in cases), "utf-8")
    shutil.rmtree(written, ignore_errors=True)
    written.mkdir(exist_ok=True)
    alone = {"AUTOTUNE_CASE": cases[0]} if len(cases) == 1 else {}
    seed = {"AUTOTUNE_SEED": cases[0]} if seeded else {}
    return {"AUTOTUNE_CASES": str(path), "AUTOTUNE_CASE_OUTPUT": str(written), **alone, **seed}
