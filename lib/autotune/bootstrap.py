"""Sets up the Python environment that a lock file describes, unless it is there, and prints where its Python is.

Run as `python3 -I -S bootstrap.py LOCK [NOTE]` by any Python from 3.11 on, when nothing is installed yet: it uses the standard library
and nothing else of this package. NOTE is where the launcher wants to find the answer the next time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RECORD = "autotune-environment.txt"
"""A file in the environment, written last: the digest of its lock file, then every file that was installed."""

SHOWN_LINES = 12
"""How much is shown of the output of a command that failed."""

TOLD_EVERY_S = 10.0
"""How often it is said that something still goes on."""

REDIRECTIONS = ("PIP_PREFIX", "PIP_ROOT", "PIP_TARGET", "PIP_USER", "UV_SYSTEM_PYTHON", "VIRTUAL_ENV")
"""Environment variables, besides Python's own, that would make an installer work on another place than ours."""


class SetUpError(Exception):
    """The set-up failed for a reason that a person can act on."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def main(arguments: Sequence[str]) -> int:
    """Print the Python of the environment for a lock file; the exit code is 0, 1 when the set-up failed, 130 when it was interrupted."""
    lock = Path(arguments[0]).absolute()
    try:
        python = environment_for(lock, environments_folder()) / "bin" / "python"
    except SetUpError as error:
        return _refuse(error.message, error.hint)
    except OSError as error:
        hint = f"Make {environments_folder()} writable, or set XDG_CACHE_HOME to a folder that is, then run the command again."
        return _refuse(f"The Python environment could not be set up: {error}.", hint)
    except KeyboardInterrupt:
        return _refuse("The set-up of the Python environment was interrupted.", "The next command begins it again.", code=130)
    if any(arguments[1:]):  # empty where the launcher knows of no cache folder
        _leave_note(Path(arguments[1]), python, lock)
    print(python)
    return 0


def environments_folder() -> Path:
    """Where autotune keeps what can be made anew: `$XDG_CACHE_HOME/autotune` where that is absolute, else `~/.cache/autotune`."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else Path(_home(), ".cache")) / "autotune"


def environment_for(lock: Path, cache: Path) -> Path:
    """The folder of a whole environment for a lock file: one that is there, or a new one."""
    try:
        digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise SetUpError(f"The lock file {lock} is missing.", "The installation is not complete: install autotune again.") from None
    wanted = cache / f"env-{_name(digest)}"
    return _find(wanted, digest) or _set_up(wanted, digest, lock)


def _home() -> str:
    """The user's home folder, also where HOME is not set (cron, some containers)."""
    home = os.environ.get("HOME")
    if home:
        return home
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        message = "There is no folder for the Python environment: neither XDG_CACHE_HOME nor HOME is set, and this user has no home."
        raise SetUpError(message, "Set XDG_CACHE_HOME to a folder that you can write to.") from None


def _name(digest: str) -> str:
    """One name for a lock file and everything about a Python that decides whether installed packages fit it."""
    fits = f"{sys.implementation.cache_tag}{sys.abiflags} {sys.platform} {os.uname().machine}"
    return hashlib.sha256(f"{digest} {fits}".encode()).hexdigest()[:16]


def _find(wanted: Path, digest: str) -> Path | None:
    """A whole environment for this lock file: the wanted one, else one that another Python made (PATH is not the same everywhere)."""
    others = (folder for folder in sorted(wanted.parent.glob("env-*")) if folder != wanted)
    return next((folder for folder in (wanted, *others) if _is_whole(folder, digest)), None)


def _is_whole(environment: Path, digest: str) -> bool:
    """Whether an environment was finished for this lock file, misses no file, and has a Python that still starts."""
    try:
        made_for, *files = (environment / RECORD).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return False
    if made_for != digest or not all((environment / file).exists() for file in files):
        return False
    return _starts(environment / "bin" / "python", "-I", "-c", "")


def _starts(*command: str | Path) -> bool:
    """Whether a command can be run and ends well."""
    with suppress(OSError):
        return subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0
    return False


def _set_up(wanted: Path, digest: str, lock: Path) -> Path:
    """Make the environment, or wait for the process that is making it."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    with _alone(wanted):
        found = _find(wanted, digest)
        if found:
            return found
        begun = time.monotonic()
        _say(f"setting up the Python environment in {wanted} (once; this takes up to a minute)")
        with _told_meanwhile("setting it up"):
            _build(wanted, digest, lock)
        _say(f"the Python environment is ready after {time.monotonic() - begun:.0f} s")
    return wanted


@contextmanager
def _told_meanwhile(what: str) -> Iterator[None]:
    """Say every ten seconds that something goes on, as long as the context lasts."""
    begun, over = time.monotonic(), threading.Event()

    def tell() -> None:
        while not over.wait(TOLD_EVERY_S):
            _show("")
            _say(f"still {what} ({time.monotonic() - begun:.0f} s so far)")

    telling = threading.Thread(target=tell, daemon=True)
    telling.start()
    try:
        yield
    finally:
        over.set()
        telling.join()


@contextmanager
def _alone(environment: Path) -> Iterator[None]:
    """Hold the lock of one environment's set-up; the system frees it when its holder, and whatever that has started, is gone."""
    with Path(f"{environment}.lock").open("a+", encoding="utf-8") as held:
        os.set_inheritable(held.fileno(), True)  # noqa: FBT003 - as the library wants it
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            _say(f"waiting for process {held.read().strip() or 'unknown'}, which is setting up the Python environment")
            with _told_meanwhile("waiting"):
                fcntl.flock(held, fcntl.LOCK_EX)
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        yield


def _build(environment: Path, digest: str, lock: Path) -> None:
    """Install into a folder of another name, then rename it: a folder with the right name is a finished one."""
    prefix = f"partial-{environment.name}-"
    for left_over in environment.parent.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(prefix=prefix, dir=environment.parent))
    try:
        _install(partial, lock)
        _compile(partial)
        _name_the_scripts_interpreter(partial, environment)
        _write_record(partial, digest)
        shutil.rmtree(environment, ignore_errors=True)
        partial.rename(environment)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _install(environment: Path, lock: Path) -> None:
    """Make an environment and install what the lock file lists, each file checked against its hash; wheels alone, so nothing is built."""
    # Not a link such as python3: after an upgrade of the system that would start a Python which does not see these packages.
    base = os.path.realpath(sys.executable)
    python = str(environment / "bin" / "python")
    what = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(lock)]
    uv = shutil.which("uv")
    if uv and _starts(uv, "--version"):
        _run("uv venv", [uv, "venv", "--quiet", "--python", base, str(environment)])
        _run("uv pip install", [uv, "pip", "install", "--python", python, *what])
    else:
        options = ["--disable-pip-version-check", "--no-input", "--no-user", "--no-compile"]
        _run("python -m venv", [base, "-I", "-m", "venv", str(environment)])
        _run("pip install", [python, "-I", "-m", "pip", "install", *options, *what])


def _run(title: str, command: Sequence[str]) -> None:
    """Run one step of the set-up, with its last line on the terminal; raises SetUpError with the end of its output.

    It does not run where the user is: an installer would take settings from the project that it finds there.
    """
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") and name not in REDIRECTIONS}
    last_lines: deque[str] = deque(maxlen=SHOWN_LINES)
    with subprocess.Popen(
        command,
        close_fds=False,  # an installer that outlives this process keeps the lock until it has ended
        cwd="/",
        env=variables | {"HOME": _home()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            last_lines.append(line.rstrip())
            _show(line.strip())
    _show("")
    if process.returncode:
        output = "".join(f"\n  | {line}" for line in last_lines)
        message = f"The Python environment could not be set up: `{title}` ended with exit code {process.returncode}.{output}"
        raise SetUpError(message, "Mend what these lines name (often the network or a full disk), then run the command again.")


def _compile(environment: Path) -> None:
    """Write the byte code, so that the first start is as fast as the next; a file that does not compile is not ours to judge."""
    python, library = str(environment / "bin" / "python"), str(environment / "lib")
    command = [python, "-I", "-m", "compileall", "-q", "-j", "0", "-x", r"/tests?/", library]
    subprocess.run(command, check=False, close_fds=False, capture_output=True)


def _name_the_scripts_interpreter(partial: Path, environment: Path) -> None:
    """Put the final path where scripts in `bin` hold the one that they were installed under."""
    for script in (partial / "bin").iterdir():
        content = b"" if script.is_symlink() else script.read_bytes()
        if bytes(partial) in content:
            script.write_bytes(content.replace(bytes(partial), bytes(environment)))


def _write_record(environment: Path, digest: str) -> None:
    """List what was installed, by which a damaged environment is recognised later."""
    found = (path for path in sorted(environment.rglob("*")) if path.suffix != ".pyc" and not path.is_dir())
    files = (path.relative_to(environment) for path in found)
    (environment / RECORD).write_text("\n".join((digest, *map(str, files))) + "\n", "utf-8")


def _leave_note(note: Path, python: Path, lock: Path) -> None:
    """Tell the launcher which Python to start; the note is good as long as it is as old as the lock file.

    A cache folder that cannot be written to costs the next start some time, and nothing else.
    """
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        fresh = note.with_name(f"{note.name}.{os.getpid()}")
        fresh.write_text(f"{python}\n", "utf-8")
        written = lock.stat().st_mtime_ns
        os.utime(fresh, ns=(written, written))
        fresh.replace(note)


def _say(sentence: str) -> None:
    """One line of progress."""
    print(f"autotune: {sentence}", file=sys.stderr, flush=True)


def _show(line: str) -> None:
    """What is being done now, in one line of a terminal that the next one replaces; nothing elsewhere."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 3
        print(f"\r\x1b[K  {line[:width]}" if line else "\r\x1b[K", end="", file=sys.stderr, flush=True)


def _refuse(message: str, hint: str, code: int = 1) -> int:
    """Say what is wrong and what to do about it; the answer is the exit code."""
    print(f"error: {message}\nhint: {hint}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
