"""The instrument `task`: a skill at real work in a workspace of its own; checks first, and a judge of what passes them."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from threading import Event

from autotune.core.asking.failing import CAPS
from autotune.core.asking.request import Request
from autotune.core.judging.fencing import Part, drawn, obeyed
from autotune.core.skills.probed import One, total
from autotune.core.skills.probing import Client, Probing
from autotune.core.skills.signs import Failing, Outcome, Watched
from autotune.core.skills.suite import Check, CheckKind, Criterion, Suite, TaskCase
from autotune.core.skills.work import Work, bad_pattern, holds
from autotune.core.tell.asked import why_no_answer
from autotune.core.tell.judging import passes
from autotune.core.tell.tested import OBEYED, check_failed, judged_failed
from autotune.edges.sandbox import Walls, walled_in
from autotune.errors import AutotuneError
from autotune.models import programs
from autotune.models.asking import Models, Terms
from autotune.skills import clients
from autotune.skills.clients import Launch
from autotune.skills.metering import Meter, limits_of, run_name
from autotune.skills.routing_host import refuse_where_forbidden
from autotune.skills.staging import Neighbourhood, Stage, claude_folder, staged
from autotune.skills.watching import watch

_TOOLS = "Skill,Bash,Read,Edit,Write,Glob,Grep,NotebookEdit,Task,TodoWrite"
_SECRETS = (".ssh", ".gnupg", ".aws", ".config/gh", ".netrc")
_COMMAND_S = 120.0
_TESTS = "tests"
_LARGEST_SHOWN, _MOST_SHOWN = 20_000, 20  # bytes of a file, and files
_JUDGE_TOKENS = 1024
_SCHEMA = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "passes": {"type": "boolean"}, "remark": {"type": "string"}},
    "required": ["reason", "passes", "remark"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Tasks:
    """Has tasks done, each in a project of its own; `around` says whether the skill is left out."""

    settings: Probing
    around: Neighbourhood
    base: Path
    workspaces: Path
    meter: Meter
    models: Models
    stopped: Event

    def __call__(self, case: TaskCase) -> One:
        """Have a task done once."""
        around = self.around
        with staged(around, self.settings, self.base, whole=True) as stage:
            if case.workspace is not None:
                shutil.copytree(self.workspaces / case.workspace, stage.project, symlinks=True, dirs_exist_ok=True)
            before = _contents(stage.project)
            ticket = self.meter.begin(case.id)
            if ticket is None:
                return One(None, Outcome((), Failing.CAPPED), 0.0, 0.0)
            watched, failing, said, seconds = Watched(case.max_turns), Failing.CRASHED, "", 0.0
            try:
                work = Watched(case.max_turns, "" if around.left_out else around.name, working=True)
                ran = watch(
                    _launch(case, stage, self.settings), clients.PROGRAMS[Client.CLAUDE_CODE].stream(), work, case.timeout_s, self.stopped
                )
                watched, failing, said, seconds = ran.watched, ran.failing or Failing.CRASHED, ran.said, ran.seconds
            finally:
                model = watched.listed.model if watched.listed is not None else ""
                cost = self.meter.end(ticket, watched.usage if seconds else None, watched.usd, model)
            ended = watched.finished
            if ended is None or ended.failing is not None:
                found = Outcome(watched.calls, failing if ended is None else ended.failing, said if ended is None else ended.said)
                return One(None, found, cost, seconds)
            return self._held(case, stage, before, watched, One(None, Outcome(watched.calls), cost, seconds))

    def _held(self, case: TaskCase, stage: Stage, before: Mapping[str, str], watched: Watched, one: One) -> One:
        """Hold the work against its checks, and have what passes them judged."""
        answer = watched.finished.said if watched.finished is not None else ""
        named = {check.path for check in case.checks if check.path is not None and check.kind is not CheckKind.COMMAND}
        work = Work(answer, watched.used, {path: _read(stage.project, path) for path in named})
        changed = {path: text for path, text in _contents(stage.project).items() if before.get(path) != text}
        failed = [check for check in case.checks if check.weight > 0 and not self._passes(check, work, stage)]
        if failed:
            return replace(one, score=0.0, remarks=tuple(map(check_failed, failed)))
        for criterion in case.judge:
            one = self._judged(criterion, case, answer, changed, one)
            if one.score != 1.0:
                return one
        return replace(one, score=1.0)

    def _passes(self, check: Check, work: Work, stage: Stage) -> bool:
        return self._command(check, stage) if check.kind is CheckKind.COMMAND else holds(check, work)

    def _command(self, check: Check, stage: Stage) -> bool:
        """Run a check's command, with tests that were hidden until now beside it, and without a network."""
        if check.path is not None:
            shutil.copytree(self.workspaces / check.path, stage.project / _TESTS, symlinks=True, dirs_exist_ok=True)
        command = _within(check.command or "true", stage, self.settings, network=False)
        limit_s = check.timeout_s or _COMMAND_S
        return programs.run(command, "", cwd=stage.project, environment=_environment(stage), timeout_s=limit_s).code == 0

    def _judged(self, criterion: Criterion, case: TaskCase, answer: str, changed: Mapping[str, str], one: One) -> One:
        parts = [Part("task", case.prompt), Part("answer", answer)]
        parts += [Part(f"file {path}", text) for path, text in sorted(changed.items())[:_MOST_SHOWN]]
        fence = drawn(parts, Random(f"{case.id} {criterion.criteria} {answer}"))
        messages = passes(criterion.criteria, parts, fence)
        found = self.models.ask(Request(self.settings.judge, messages, _JUDGE_TOKENS, schema=_SCHEMA, purpose="probe task"))
        one = replace(one, usd=total([one.usd, found.cost.usd]))
        if found.failure is not None:
            failing = Failing.CAPPED if found.failure.why in CAPS else Failing.SERVICE
            return replace(one, score=None, outcome=replace(one.outcome, failing=failing, said=why_no_answer(found.failure)))
        if obeyed(fence, found.value["remark"]):
            return replace(one, score=None, outcome=replace(one.outcome, failing=Failing.SERVICE, said=OBEYED))
        if found.value["passes"]:
            return replace(one, score=1.0)
        return replace(one, score=0.0, remarks=(judged_failed(criterion, found.value["reason"]),))


@contextmanager
def measuring(settings: Probing, around: Neighbourhood, base: Path, workspaces: Path, *, stopped: Event, without: bool) -> Iterator[Tasks]:
    """Have all at hand that tasks need, while the context lasts."""
    refuse_where_forbidden(settings)
    run, day = limits_of(settings)
    terms = Terms(run_name(settings, around.name), per_run=run, per_day=day)
    with Meter(settings, around.name) as meter, Models(terms) as models:
        yield Tasks(settings, replace(around, left_out=without), base, workspaces, meter, models, stopped)


def refuse(suite: Suite, settings: Probing, workspaces: Path) -> None:
    """Raise AutotuneError for a task that cannot be done as it is written."""
    for case in suite.tasks:
        if case.judge and not settings.judge:
            raise AutotuneError(f"The task {case.id} is judged, and no judge is named.", 'say judge = "anthropic:claude-haiku-4-5"')
        if wrong := next(filter(None, map(bad_pattern, case.checks)), None):
            raise AutotuneError(f"A check of the task {case.id} has no pattern that can be read: {wrong}.", "mend it in the suite")
        for folder in case.folders:
            if not (workspaces / folder).is_dir():
                raise AutotuneError(f"The task {case.id} begins with {folder}, which is not there.", f"put it into {workspaces}")


def _launch(case: TaskCase, stage: Stage, settings: Probing) -> Launch:
    """The client may work without asking, within walls; its settings and its home are its own, the login is the user's."""
    plugin = () if stage.plugin is None else ("--plugin-dir", str(stage.plugin))
    model = ("--model", settings.model) if settings.model else ()
    command = (
        *(clients.found(Client.CLAUDE_CODE), "-p", *clients.EVENTS, "--no-session-persistence", *clients.ALONE, *plugin),
        *("--max-turns", str(case.max_turns), *model, "--name", clients.MARK, "--allowedTools", _TOOLS),
        *("--settings", json.dumps({"disableAllHooks": True}), "--", f" {case.prompt}" if case.prompt.startswith("/") else case.prompt),
    )
    config = stage.private / "config"
    config.mkdir()
    (stage.private / "home").mkdir()
    with suppress(OSError):
        shutil.copy(claude_folder(settings, Path.home()) / ".credentials.json", config / ".credentials.json")
    environment = clients.environment({**_environment(stage), "CLAUDE_CONFIG_DIR": str(config), "CLAUDE_CODE_TMPDIR": str(stage.private)})
    return Launch(tuple(_within(shlex.join(command), stage, settings, network=True)), stage.project, environment)


def _within(command: str, stage: Stage, settings: Probing, *, network: bool) -> Sequence[str]:
    """Give a command that writes nothing but the project and a folder of its own, and reads no keys of the user's."""
    if not settings.sandbox:
        return ("/bin/sh", "-c", command)
    secrets = [path for name in _SECRETS if (path := Path.home() / name).exists()]
    return ("/bin/sh", "-c", walled_in(command, Walls((stage.project, stage.private), hidden=secrets, network=network)))


def _environment(stage: Stage) -> dict[str, str]:
    home = stage.private / "home"
    return {**os.environ, "HOME": str(home), "TMPDIR": str(stage.private)}


def _contents(project: Path) -> dict[str, str]:
    """Read the small text files of a project, without the skills and git's own."""
    found = dict[str, str]()
    for path in sorted(project.rglob("*")):
        inside = path.relative_to(project)
        if inside.parts[0] not in {".git", ".claude"} and path.is_file() and not path.is_symlink():
            with suppress(OSError, ValueError):
                if path.stat().st_size <= _LARGEST_SHOWN:
                    found[inside.as_posix()] = path.read_text("utf-8")
    return found


def _read(project: Path, name: str) -> str | None:
    """Read a file of a project; None where there is none, or it lies elsewhere."""
    path = (project / name).resolve()
    if not path.is_relative_to(project) or not path.exists():
        return None
    return path.read_text("utf-8", "replace") if path.is_file() else ""
