"""The environment that runs get, and what is recorded of it."""

from __future__ import annotations

import os
from collections.abc import Mapping

_FILLER = "AUTOTUNE_FILLER"
_FULL_BYTES = 16 * 1024
_POINTER_BYTES = 8
_VOLATILE_PREFIXES = ("AUTOTUNE", "CLAUDE", "COVERAGE_", "COV_CORE_", "GIT_")


_VOLATILE = {
    "_",
    "COLUMNS",
    "ITERM_SESSION_ID",
    "LINES",
    "OLDPWD",
    "PWD",
    "PYTEST_CURRENT_TEST",
    "PYTHONINSPECT",
    "PYTHONSAFEPATH",
    "PYTHONSTARTUP",
    "SHLVL",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "STY",
    "TERM_SESSION_ID",
    "TMUX",
    "TMUX_PANE",
    "WINDOWID",
    "XDG_SESSION_ID",
}


# Which programs run, what they load before their own, and how: never a secret.
_RECORDED = (
    "BASH_ENV",
    "CC",
    "CFLAGS",
    "CI",
    "CONDA_DEFAULT_ENV",
    "CUDA_VISIBLE_DEVICES",
    "CXX",
    "DYLD_INSERT_LIBRARIES",
    "DYLD_LIBRARY_PATH",
    "ENV",
    "GOFLAGS",
    "GOMAXPROCS",
    "JAVA_HOME",
    "JAVA_TOOL_OPTIONS",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_AUDIT",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "MAKEFLAGS",
    "MKL_NUM_THREADS",
    "NODE_ENV",
    "NODE_OPTIONS",
    "NODE_PATH",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "PATH",
    "PERL5LIB",
    "PERL5OPT",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHASHSEED",
    "PYTHONHOME",
    "PYTHONOPTIMIZE",
    "PYTHONPATH",
    "PYTHONUSERBASE",
    "RUBYLIB",
    "RUBYOPT",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "SHELL",
    "TZ",
    "VIRTUAL_ENV",
)


def environment_for_runs(base: Mapping[str, str], extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a run finds in its environment: `base` without what differs from one shell to the next, a fixed hash seed, and `extra`."""
    kept = {name: value for name, value in base.items() if name not in _VOLATILE and not name.startswith(_VOLATILE_PREFIXES)}
    return {"PYTHONHASHSEED": "0"} | kept | dict(extra or {})


def filled(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment filled up to a multiple of 16 KiB: a variable more in somebody's shell must not shift the stack of what is measured.

    That alone can make a program some percent slower or faster (Mytkowicz and others, 2009).
    """
    taken = sum(len(os.fsencode(f"{name}={value}\0")) + _POINTER_BYTES for name, value in {**environment, _FILLER: ""}.items())
    return {**environment, _FILLER: "-" * (-taken % _FULL_BYTES)}


def recorded_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that may be written to disk, by a list of names; of all others neither name nor value is stored."""
    return {name: environment[name] for name in _RECORDED if name in environment}


def as_recorded(base: Mapping[str, str], recorded: Mapping[str, str]) -> dict[str, str]:
    """An environment with those variables as they were recorded, whichever shell a command comes from; unchanged where none were."""
    return {name: value for name, value in base.items() if name not in _RECORDED} | dict(recorded) if recorded else dict(base)
