"""The words of what `doctor` sees, and of what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from autotune.core.escaping import escaped
from autotune.core.facts import AnyKind, Fact
from autotune.core.findings import Observation, Remedy
from autotune.core.tell.contrast import HERE, THERE
from autotune.core.tell.figures import counted, listed, number

NAMED = 3  # folders that are told


def _machine(fact: Fact) -> str:
    figures = fact.figures
    machine = "{cpu}, {cpus} CPUs, {system} {kernel} on {host}, Python {python}".format_map(figures)
    load = "unknown" if figures["load"] is None else f"{figures['load']:.1f}"
    use = "nothing is being measured" if figures["holder"] is None else f"{escaped(figures['holder'])} holds it"
    return f"{escaped(machine)}; load {load}; {use}"


def _repository(fact: Fact) -> str:
    branch, modified = fact.figures["branch"], fact.figures["modified"]
    changed = f"modified: {counted(modified, 'tracked file')}" if modified else "nothing tracked is modified"
    return f"{escaped(fact.figures['top'])}, on {escaped(branch or 'a detached HEAD')}, {changed}"


def _passes(fact: Fact) -> str:
    metrics = ", ".join(f"{escaped(name)}={number(value)}" for name, value in fact.figures["metrics"].items())
    return f"passes in {fact.figures['wall_s']:.2f} s and gives {metrics or 'no metric'}"


def _folders(fact: Fact) -> str:
    folders = fact.figures["folders"]
    more = [f"and {len(folders) - NAMED} more"] if len(folders) > NAMED else []
    return "\n".join([f"{counted(len(folders), 'folder')} of sessions that are gone:", *map(escaped, folders[:NAMED]), *more])


_OBSERVATIONS: Mapping[AnyKind, str | Callable[[Fact], str]] = {
    Observation.NONE: "none",
    Observation.NOTHING_HERE: "there is no repository",
    Observation.LOOK_FAILED: "could not be looked at: {error}: {problem}",
    Observation.PYTHON: "{version}, {path}",
    Observation.GIT: "{version}, {path}",
    Observation.NAME: "commits are made as {name}",
    Observation.NO_NAME: "git does not know your name, and each keep is a commit",
    Observation.ENVIRONMENT: "{folder}, set up from {lock}",
    Observation.ENVIRONMENT_OF_OTHERS: "{folder}, which autotune did not set up itself; it has all packages",
    Observation.ENVIRONMENT_OUTDATED: "{folder} was set up from another requirements.lock",
    Observation.ENVIRONMENT_BROKEN: "{folder} does not work: {problem}",
    Observation.CACHE: lambda fact: f"{escaped(fact.figures['folder'])}, {fact.figures['free_bytes'] / 2**30:.1f} GiB free",
    Observation.CACHE_CLOSED: "{folder} cannot be written to: {problem}",
    Observation.WORKTREES: "{folder}",
    Observation.START_UP: "{launcher_ms:.0f} ms for launcher and Python; {verb_ms:.0f} ms for Python and a verb's imports (medians of "
    "{starts})",
    Observation.MACHINE: _machine,
    Observation.REPOSITORY: _repository,
    Observation.NO_REPOSITORY: "{folder} is in no git repository",
    Observation.SESSION: "{session}: {condition} ({because})",
    Observation.EXPERIMENTS: "{experiments:experiment}, {kept} kept",
    Observation.WORKED_AT: "it is {holder}",
    Observation.EXPERIMENT_OPEN: "experiment {experiment} is open",
    Observation.OPENING_CUT_OFF: "{session}: opening it was interrupted",
    Observation.NO_SESSION: "there is none here",
    Observation.NO_SESSION_WITHOUT_REPOSITORY: "there is none without a repository",
    Observation.CONFIGURATION: "{path} is in order: {metric}, {direction} is better",
    Observation.CONFIGURATION_IN_PART: "{path} is in order so far; `autotune init` also needs {keys}",
    Observation.CONFIGURATION_DIFFERS: "{path} differs from what this segment is measured with: {keys}",
    Observation.NO_CONFIGURATION: "there is no {name}",
    Observation.COMMIT_HOOKS: "{names} in {folder}",
    Observation.PASSES: _passes,
    Observation.COMMAND_DOES_NOT_SUCCEED: "`{text}` ({command}): {because}",
    Observation.NOT_RUN: "not run: {because}",
    Observation.NO_COMMIT: "there is no commit to run it on",
    Observation.NO_BENCHMARK: "there is no {name}",
    Observation.SESSION_UNREADABLE: "the session cannot be read",
    Observation.RUN_IN_PLACE: "it is measured in the checkout (in_place), and a diagnosis does not touch that",
    Observation.RUN_IN_SANDBOX: "this session's runs are in the sandbox; a run in the checkout would not be",
    Observation.MACHINE_IN_USE: "{holder} uses the machine",
    Observation.NOTHING_DIFFERS: "nothing differs but what differs between any two runs",
    Observation.PRINTED_OTHERWISE: f"what it printed in {HERE} (-) and in {THERE} (+):",
    Observation.WROTE_HERE: f"in {HERE} it wrote {{paths}}",
    Observation.FOLDERS_LEFT: _folders,
    Observation.TREES_LEFT: lambda fact: "\n".join(
        ["working trees of sessions that are gone, with edits that nobody committed:", *map(escaped, fact.figures["folders"])]
    ),
    Observation.HOOK_LOG: "the last lines of {path}:",
    Observation.HOOKS_WENT_WELL: "nothing has gone wrong in a hook",
}
_REMEDIES: Mapping[AnyKind, str | Callable[[Fact], str]] = {
    Remedy.MEND_AND_LOOK_AGAIN: "mend that, then run this again",
    Remedy.LOOK_LATER: "run `autotune doctor` again after that",
    Remedy.INSTALL_GIT: "install git {oldest} or newer",
    Remedy.TELL_GIT_YOUR_NAME: "`git config --global user.name YOU` and `git config --global user.email YOU@EXAMPLE`",
    Remedy.SET_UP_ANEW: "`{program} --environment` sets it up again",
    Remedy.OPEN_THE_CACHE: "mend that, or set XDG_CACHE_HOME",
    Remedy.AVOID_DOT_FOLDERS: "set {setting} to a folder without a leading dot in its path: servers and file patterns skip dot folders",
    Remedy.START_FASTER: "that is slow: look at the load, the disk, and the first python3 on PATH (a version manager's script is slow)",
    Remedy.QUIET_THE_MACHINE: "other work makes measurements slower and noisier",
    Remedy.GO_TO_A_REPOSITORY: "change to your project's folder, or `git init`",
    Remedy.OPEN_A_SESSION: "`autotune init` opens one; `autotune demo` shows how it works",
    Remedy.ANY_COMMAND: "any command finishes it: `autotune status`",
    Remedy.UNBLOCK: "`autotune explain` says what blocks it; then `autotune resume` or `autotune repair`",
    Remedy.SETTLE: "settle it with `autotune log --description TEXT`",
    Remedy.WRITTEN_BY_INIT: "`autotune init` writes it",
    Remedy.SETTINGS_BACK: "put back what `autotune config show` has, or let the user accept it with `{command}`",
    Remedy.MIND_COMMIT_HOOKS: "pre-commit runs on a candidate before it is measured; all hooks run at a keep. If one fails, the "
    "experiment is checks_failed",
    Remedy.LEAD_PYTHON_BACK: lambda fact: (
        f"{listed(fact.figures['files'])} leads Python to {escaped(fact.figures['top'])} instead of the measuring worktree. Write "
        f'`PYTHONPATH = "{escaped(fact.figures["path"])}"` below `[env]` in autotune.toml. Or name an environment in the project in '
        "`carry`, and run it by its relative path: its copy leads to the worktree"
    ),
    Remedy.WRITE_A_BENCHMARK: "write {name}, which prints METRIC name=value",
    Remedy.MEND_UNTIL_IT_PASSES: "mend it until it passes on the unchanged code",
    Remedy.PRINT_A_METRIC: "print a line METRIC name=value, or optimise what autotune measures from outside, such as {metric}",
    Remedy.MEND_LINES: lambda fact: f"malformed, so not counted: {'; '.join(map(escaped, fact.figures['lines']))}",
    Remedy.END_PROCESSES: "it left processes running, and autotune ends them after every run: {processes}",
    Remedy.CARRY: f"only {HERE} has what git ignores: {{paths}}; name in `carry` what the benchmark needs of it",
    Remedy.COMMIT: f"only {HERE} has what is not committed: {{paths}}",
    Remedy.LOOK_FOR_PLACES: f"{THERE} is {{folder}}: look for absolute paths, files above the repository, and programs that "
    "depend on where they run",
    Remedy.DELETE_FOLDERS: "delete them; nothing needs them (--json names all)",
    Remedy.SAVE_TREES: "take out of the working trees what you need, then delete them",
}
WORDS = {**_OBSERVATIONS, **_REMEDIES}
