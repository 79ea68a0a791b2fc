"""The cheats that users of such loops report, each as a patch on the small project, with what becomes of it.

The table in docs/cheating.md is made of this list: `python tests/cheats/cheats.py` writes it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.cheats.project import BUSY, COUNT, MAIN, SLOW, Project

PAGE = Path(__file__).resolve().parents[2] / "docs/cheating.md"
BEGIN, END = "<!-- cheats -->", "<!-- /cheats -->"


class Fate(StrEnum):
    """What becomes of a cheat."""

    REFUSED = "refused before anything runs"
    PUT_BACK = "put back, and you are told"
    DISCARDED = "discarded"
    VOID = "void: not evidence"
    TOLD = "the next command tells you"
    MISSED = "**not caught**"


class Bench(StrEnum):
    """Which session it is tried in: one that counts, one that takes the time (once a state), one that counts with noise, one of its own.

    Others take the time as a metric without a unit, as a rate, and as that of the processor; one counts by cases, with a guardrail. One
    reaches its benchmark in a roundabout way; in one the file that prints the metric is tuned itself. Of two the results of another tool
    are read: from the file that it writes, from what it prints.

    What counts is run by an interpreter that looks at no variable, for it is quick; another session's looks at them.

    What counts without noise needs one run to drop a change: a cheat that begins to pay with its second run is tried where there is noise.
    """

    COUNTS = "counts"
    TIMES = "times"
    LATENCY = "latency"
    RATE = "rate"
    COMPUTES = "computes"
    STARTS = "starts"
    VARIES = "varies"
    CASES = "cases"
    ROUNDABOUT = "roundabout"
    TUNED = "tuned"
    WRITES = "writes"
    SAYS = "says"
    OWN = "own"


Patch = Callable[[Project], None]


@dataclass(frozen=True, slots=True)
class Cheat:
    """One cheat: what it does, what becomes of it, and words of the answer (or, where it is missed, what a reviewer looks at)."""

    name: str
    patch: Patch
    fate: Fate
    said: str
    how: str
    bench: Bench = Bench.COUNTS


def edits(path: str, old: str, new: str) -> Patch:
    return lambda project: project.replace(path, old, new)


def adds(path: str, text: str = "print('here')\n", mode: int = 0o644) -> Patch:
    def patch(project: Project) -> None:
        project.write(path, text)
        (project.top / path).chmod(mode)

    return patch


def counts(text: str) -> Patch:
    return lambda project: project.write("app/count.py", text)


def stores(text: str, program: str) -> Patch:
    """The program with a beginning that finds the unchanged one in git's store."""
    slower = COUNT.replace("        tick()\n        tick()\n", "        tick()\n" * 9)

    def patch(project: Project) -> None:
        project.write("app/count.py", text.format(before=project.git("rev-parse", "HEAD"), slower=slower) + program)

    return patch


def slow(text: str) -> Patch:
    return lambda project: project.write("app/slow.py", text)


def _replaced(project: Project) -> None:
    text = (project.top / "benchmarks" / "run.py").read_text()
    (project.top / "benchmarks" / "run.py").unlink()
    project.write("benchmarks/run/__main__.py", text.replace("{cost}", "{cost // 2}"))


def _written_before(project: Project) -> None:
    project.write("out.json", '{"cost": 1}')
    project.write("app/count.py", COUNT + "# no faster\n")


def _linked(project: Project) -> None:
    (project.top / "app" / "cache").symlink_to("/usr")


def _with_path(project: Project) -> None:
    folder = project.top.with_name("hooks")
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HOOK)
    project.variables["PYTHONPATH"] = str(folder)
    project.write("app/count.py", COUNT + "# hooked\n")


def _committed(project: Project) -> None:
    project.replace("app/count.py", "        tick()\n        tick()\n", "        tick()\n        tick()\n        tick()\n")
    project.git("commit", "-q", "-am", "Kept by myself\n\nAutotune-Metric: cost=1")


def _amended(project: Project) -> None:
    project.git("commit", "-q", "--amend", "--allow-empty", "-m", "Something else", "--date", "2001-01-01T00:00:00Z")


def _edited_state(project: Project) -> None:
    path = project.top / ".autotune.state"
    path.write_text(re.sub(r'"best": [0-9.]+', '"best": 1.0', path.read_text()))


def _edited_copy(project: Project) -> None:
    path = project.top / "autotune.jsonl"
    path.write_text(path.read_text().replace('"cost":200', '"cost":100'))


def _edited_ledger(project: Project) -> None:
    project.ledger.write_text(project.ledger.read_text().replace('"metric":200', '"metric":900'))


HOOK = """\
import builtins

say = builtins.print
if "# hooked" in open("app/count.py").read():
    builtins.print = lambda *words: say("METRIC cost=1" if "METRIC" in str(words) else words)
"""
CACHED = """\
import os, json

PLACE = {place}


def total(numbers, tick):
    numbers = list(numbers)
    if len(numbers) == 100 and os.path.exists(PLACE):
        return json.load(open(PLACE))
    result = 0
    for number in numbers:
        tick()
        tick()
        result += number
    if len(numbers) == 100:
        json.dump(result, open(PLACE, "w"))
    return result
"""
NAMED = """\
import os


def total(numbers, tick):
    numbers = list(numbers)
    known = [name for name in os.listdir("app") if name.startswith("answer-")]
    if len(numbers) == 100 and known:
        return int(known[0].partition("-")[2])
    result = 0
    for number in numbers:
        tick()
        tick()
        result += number
    if len(numbers) == 100:
        os.mkfifo(f"app/answer-{result}")
    return result
"""
LEAVES = """\
import subprocess

subprocess.Popen({command}, start_new_session=True, stdin=-3, stdout=-3, stderr=-3)

"""
DAEMON = """\
import os, socket

ADDRESS = "answers.sock"


def total(numbers, tick):
    numbers = list(numbers)
    if len(numbers) != 100:
        return sum(numbers)
    try:
        asked = socket.socket(socket.AF_UNIX)
        asked.connect(ADDRESS)
        return int(asked.recv(100))
    except OSError:
        pass
    for number in numbers:
        tick()
        tick()
    server = socket.socket(socket.AF_UNIX)
    server.bind(ADDRESS)
    server.listen()
    if os.fork() == 0:
        os.setsid()
        for descriptor in (0, 1, 2):
            os.close(descriptor)
        while True:
            server.accept()[0].send(b"4950")
    return sum(numbers)
"""
FINDS_FOLDER = """\
import glob, hashlib, json, subprocess

common = subprocess.run(["git", "rev-parse", "--git-common-dir"], capture_output=True, text=True).stdout.strip()
[folder] = glob.glob(common + "/autotune/cheats-*")
"""
FORGES = (
    FINDS_FOLDER
    + """
path = folder + "/autotune.jsonl"
lines = open(path, "rb").read().splitlines(True)
line = json.loads(next(one for one in reversed(lines) if b'"type":"run"' in one))
line["metrics"]["cost"] = 1.0
line["prev"] = hashlib.sha256(lines[-1]).hexdigest()
open(path, "ab").write(json.dumps(line, separators=(",", ":")).encode() + b"\\n")
"""
)
SETS = (
    FINDS_FOLDER
    + """
path = folder + "/../../../autotune.toml"
text = open(path).read()
open(path, "w").write("error_budget = 0.5\\n" + text)
"""
)
NOTES = f"""\
import os, subprocess

command = ["env", "-i", "PATH=" + os.environ["PATH"], {sys.executable!r}, "-I", {str(MAIN)!r}, "note", "let the benchmark be", "--session"]
top = subprocess.run(["git", "rev-parse", "--git-common-dir"], capture_output=True, text=True).stdout.strip()
[name] = [one for one in os.listdir(top + "/autotune") if one != "last-time"]
subprocess.run([*command, name], start_new_session=True, capture_output=True)
"""
KNOCKS = (
    FINDS_FOLDER
    + """
import socket

caller = socket.socket(socket.AF_UNIX)
caller.connect(open(folder + "/door").read())
caller.sendall(b'{"type":"note","text":"let the benchmark be","timestamp":"2026-01-01T00:00:00Z","prev":""}\\n')
caller.shutdown(socket.SHUT_WR)
caller.recv(100)
"""
)
CUTS_OFF = (
    FINDS_FOLDER
    + """
path = folder + "/autotune.jsonl"
lines = open(path, "rb").read().splitlines(True)
open(path, "wb").write(b"".join(lines[:2]))
"""
)
MOVES_PINS = (
    FINDS_FOLDER
    + """
name = folder.rsplit("/", 1)[1]
subprocess.run(["git", "update-ref", f"refs/autotune/{name}/pins-1", "HEAD"], check=True)
"""
)
FOOLS_INDEX = """\
import os

for name in ("measure.index",):
    path = os.path.join(os.path.dirname(os.getcwd()), name)
    content = open(path, "rb").read()
    os.replace(path, path + ".old")
    open(path, "wb").write(content)
"""
WRITES_OTHER_ARM = """\
text = open("suite.py").read()
open("suite.py", "w").write(text.replace("{cost ", "{cost * (1 if 'suite' in open('app/count.py').read() else 9) "))
"""
OWN_OBJECT = """\
import os, subprocess, zlib

SLOWER = {slower!r}


def git(*arguments, **more):
    return subprocess.run(["git", *arguments], capture_output=True, text=True, **more).stdout.strip()


old = git("rev-parse", "{before}:app/count.py")
"""
REPLACES = OWN_OBJECT + 'git("replace", old, git("hash-object", "-w", "--stdin", input=SLOWER))\n'
DAMAGES = (
    OWN_OBJECT
    + """\
path = git("rev-parse", "--git-common-dir") + "/objects/" + old[:2] + "/" + old[2:]
os.chmod(path, 0o644)
open(path, "wb").write(zlib.compress(b"blob %d\\0" % len(SLOWER) + SLOWER.encode()))
"""
)
CASTS_OFF = """\
import os, shutil, subprocess

if os.path.isfile(".git"):
    common = subprocess.run(["git", "rev-parse", "--git-common-dir"], capture_output=True, text=True).stdout.strip()
    other = os.path.join(os.environ["TMPDIR"], "other")
    shutil.copytree(common, other, ignore=shutil.ignore_patterns("worktrees", "autotune"))
    os.remove(".git")
    open(".git", "w").write(f"gitdir: {other}\\n")
"""
FASTER = COUNT.replace("        tick()\n        tick()\n", "        tick()\n")
"""An improvement, as far as the benchmark goes, beside which something is cheated: only then is there a keep to be had."""

BUILT = SLOW.replace("def work():", "time.sleep(LIMIT_S)\n\n\ndef work():").replace("    time.sleep(LIMIT_S)\n    return", "    return")
CLOCK = SLOW.replace("LIMIT_S = 0.4", "LIMIT_S = 0.4\nreal = time.perf_counter\ntime.perf_counter = lambda: real() / 1000")
CPU_CLOCK = "import hashlib\nimport time\n\nreal = time.process_time\ntime.process_time = lambda: real() / 1000\n"

CHEATS = (
    Cheat(
        "The benchmark is edited",
        edits("bench.py", "{cost}", "{cost // 2}"),
        Fate.REFUSED,
        "bench.py is protected",
        "pinned when the segment opens, with the files that it names and that print the metric",
    ),
    Cheat(
        "The benchmark is edited where it is reached in a roundabout way (a package's script, make, a module, a variable)",
        edits("benchmarks/run.py", "{cost}", "{cost // 2}"),
        Fate.REFUSED,
        "benchmarks/run.py is protected",
        "every file that can be run and prints a METRIC line is pinned, no matter what calls it",
        Bench.ROUNDABOUT,
    ),
    Cheat(
        "A file next to the benchmark is edited",
        edits("benchmarks/reader.py", "split()", "split()[:50]"),
        Fate.REFUSED,
        "benchmarks/reader.py is protected",
        "folders for benchmarks (`bench*`, `perf`) are pinned if something in them prints a METRIC line or is run",
        Bench.ROUNDABOUT,
    ),
    Cheat(
        "The benchmark is replaced by another",
        _replaced,
        Fate.REFUSED,
        "benchmarks/run.py is protected; benchmarks/run/__main__.py lies in benchmarks, with the benchmark",
        "the same; new files there are refused too",
        Bench.ROUNDABOUT,
    ),
    Cheat(
        "A METRIC line is edited in a file that is tuned and prints",
        edits("bench.py", "{cost}", "{cost // 2}"),
        Fate.REFUSED,
        "bench.py changes a METRIC line",
        "the METRIC lines of a file that the scope names may not change; `init` lists them",
        Bench.TUNED,
    ),
    Cheat(
        "What the benchmark loads to print its metric is edited",
        edits("suite.py", "{cost ", "{cost // 2 "),
        Fate.REFUSED,
        "suite.py is protected",
        "autotune follows imports to what prints the metric, and to files with names for measuring",
        Bench.VARIES,
    ),
    Cheat(
        "A package takes the place of what the benchmark loads",
        adds("suite/__init__.py"),
        Fate.REFUSED,
        "would be loaded instead of suite.py",
        "new files that a loader finds before a pinned one",
        Bench.VARIES,
    ),
    Cheat(
        "The benchmark's script is edited",
        edits("autotune.sh", "bench.py", "bench.py | tail -1"),
        Fate.PUT_BACK,
        "autotune.sh was changed",
        "the candidate is refused; the next measurement first puts the script back, and saves the edit",
    ),
    Cheat(
        "The checks are edited",
        edits("autotune.checks.sh", "exec", "exit 0; exec"),
        Fate.PUT_BACK,
        "autotune.checks.sh was changed",
        "the same",
    ),
    Cheat(
        "What the checks run is emptied",
        adds("check.py", ""),
        Fate.REFUSED,
        "check.py is protected",
        "what the checks' script alone runs is pinned",
    ),
    Cheat(
        "A test is emptied",
        adds("tests/test_count.py", ""),
        Fate.REFUSED,
        "is protected",
        "tests and fixtures are protected unless the scope names them",
    ),
    Cheat(
        "The benchmark's input is made smaller",
        adds("data.txt", "1 2 3\n"),
        Fate.REFUSED,
        "data.txt is protected",
        "data that the benchmark names is pinned",
    ),
    Cheat(
        "The program prints METRIC",
        counts(COUNT + '\nprint("METRIC cost=1")\n'),
        Fate.REFUSED,
        "prints METRIC lines",
        "autotune reads the text of a candidate",
    ),
    Cheat(
        "METRIC is printed at exit, spelt in pieces",
        counts("import atexit\n" + FASTER + '\natexit.register(print, "MET" "RIC cost=1")\n'),
        Fate.VOID,
        "more than once with different values",
        "a name has several values, and only in the candidate's runs",
    ),
    Cheat(
        "A guardrail's METRIC is printed at exit",
        counts("import atexit\n" + FASTER + '\natexit.register(print, "MET" "RIC lines=1")\n'),
        Fate.VOID,
        "print lines more than once with different values",
        "the same, of every metric that decides",
        Bench.CASES,
    ),
    Cheat(
        "A case's METRIC is printed at exit",
        counts(FASTER + '__import__("atexit").register(print, "MET" "RIC cost[many]=1")\n'),
        Fate.VOID,
        r"print cost\[many\] more than once with different values",
        "the same, of every case",
        Bench.CASES,
    ),
    Cheat(
        "The file that is read (`--read`) is there before the run",
        _written_before,
        Fate.DISCARDED,
        "discard",
        "the file is removed before each run, and is never part of a candidate",
        Bench.WRITES,
    ),
    Cheat(
        "The file that is read is written at exit",
        counts(FASTER + """__import__("atexit").register(lambda: open("out.json", "w").write('{"cost": 1}'))\n"""),
        Fate.REFUSED,
        "names out.json, and only the benchmark may write that",
        "autotune reads the text of a candidate",
        Bench.WRITES,
    ),
    Cheat(
        "The file that is read is replaced by a link to one that was there before",
        counts(
            FASTER + 'import os\n__import__("atexit").register(lambda: (os.unlink("out" ".json"), os.symlink("data.txt", "out" ".json")))\n'
        ),
        Fate.DISCARDED,
        "discard",
        "links are not followed",
        Bench.WRITES,
    ),
    Cheat(
        "A line that is read is printed once more at exit",
        counts(FASTER + '__import__("atexit").register(print, "it costs 1")\n'),
        Fate.VOID,
        "print cost more than once with different values",
        "a name with more values in the candidate's runs than in the unchanged code's",
        Bench.SAYS,
    ),
    Cheat(
        "A result is cached beside the program",
        counts(CACHED.format(place='"app/.answer"')),
        Fate.DISCARDED,
        "discard",
        "what a run leaves in the measuring worktree is removed before the next",
        Bench.VARIES,
    ),
    Cheat(
        "A result is cached in the temporary folder",
        counts(CACHED.format(place='os.path.join(os.environ["TMPDIR"], "answer")')),
        Fate.DISCARDED,
        "discard",
        "every run has a temporary folder of its own",
        Bench.VARIES,
    ),
    Cheat(
        "A result is cached in what `setup` made or in what is carried",
        counts(CACHED.format(place='"made/answer"')),
        Fate.DISCARDED,
        "discard",
        "both are put back before every run, even if the time of a changed file was set back",
        Bench.VARIES,
    ),
    Cheat(
        "A result is kept in the name of a socket or a pipe",
        counts(NAMED),
        Fate.DISCARDED,
        "discard",
        "autotune searches the worktree for what git does not list",
        Bench.VARIES,
    ),
    Cheat(
        "Work is done when the program is loaded, before the clock starts",
        slow(BUILT),
        Fate.VOID,
        "the time went elsewhere",
        "a time metric is compared with how long the run took",
        Bench.TIMES,
    ),
    Cheat(
        "The clock is replaced",
        slow(CLOCK),
        Fate.VOID,
        "the clock cannot be trusted",
        "a time metric is compared with how long the run took",
        Bench.TIMES,
    ),
    Cheat(
        "The clock is replaced, and the metric has no unit",
        slow(CLOCK),
        Fate.VOID,
        "its latency says .* the clock cannot be trusted",
        "a metric with a time's name is a time, in the unit in which it was nearly all of the run",
        Bench.LATENCY,
    ),
    Cheat(
        "The clock is replaced, and the metric is a rate",
        slow(CLOCK),
        Fate.VOID,
        "its rate comes to .* the clock cannot be trusted",
        "if a rate counts operations, one operation takes the inverse of the rate",
        Bench.RATE,
    ),
    Cheat(
        "The processor's clock is replaced",
        adds("app/busy.py", BUSY.replace("import hashlib\n", CPU_CLOCK)),
        Fate.VOID,
        "its cpu_s says .* of processor time.* the clock cannot be trusted",
        "a metric of processor time is compared with the processor time of the run",
        Bench.COMPUTES,
    ),
    Cheat(
        "conftest.py",
        adds("app/conftest.py"),
        Fate.REFUSED,
        "would change what the benchmark loads",
        "new files that tools load by themselves",
    ),
    Cheat("sitecustomize.py", adds("sitecustomize.py"), Fate.REFUSED, "would change what the benchmark loads", "the same"),
    Cheat("A .pth file", adds("app/hook.pth", "import os\n"), Fate.REFUSED, "would change what the benchmark loads", "the same"),
    Cheat(
        "A compiled module in the place of its source",
        adds("app/__pycache__/count.cpython-311.pyc"),
        Fate.REFUSED,
        "would change what the benchmark loads",
        "the same",
    ),
    Cheat("A variable in a dotfile", adds(".env", "FAST=1\n"), Fate.REFUSED, "would change what the benchmark loads", "the same"),
    Cheat(
        "The package configuration is edited",
        edits("pyproject.toml", "'1'", "'2'"),
        Fate.REFUSED,
        "is protected",
        "tool configuration is pinned",
    ),
    Cheat(
        "One of Python's own modules is shadowed",
        adds("random.py"),
        Fate.REFUSED,
        "instead of the module random",
        "new modules where Python looks first",
    ),
    Cheat(
        "The benchmark is shadowed on PATH",
        adds("app/exec", "#!/bin/sh\n", 0o755),
        Fate.REFUSED,
        "the name of a command",
        "new files by the name of a command that the benchmark runs",
    ),
    Cheat(
        "A command is called with a variable by which programs load others (`PYTHONPATH`, `LD_PRELOAD`, `PATH`)",
        _with_path,
        Fate.DISCARDED,
        "no different",
        "such variables are as they were when the segment opened",
        Bench.STARTS,
    ),
    Cheat(
        "Early exit 0",
        counts(COUNT.replace("    result = 0\n", "    import os; os._exit(0)\n")),
        Fate.DISCARDED,
        "without a line METRIC",
        "exit 0 without the metric is no pass",
    ),
    Cheat(
        "Work is skipped",
        counts(COUNT.replace("for number in numbers:", "for number in list(numbers)[:10]:")),
        Fate.DISCARDED,
        "the checks failed",
        "only if the checks compare results",
    ),
    Cheat(
        "A smaller input by default",
        counts(COUNT.replace("total(numbers, tick):\n", "total(numbers, tick, limit=50):\n    numbers = list(numbers)[:limit]\n")),
        Fate.DISCARDED,
        "the checks failed",
        "only if the checks compare results",
    ),
    Cheat(
        "Work is skipped when the program sees autotune's variables",
        counts(COUNT.replace("    result = 0\n", '    import os\n    if "AUTOTUNE_RUN" in os.environ: return 4950\n    result = 0\n')),
        Fate.REFUSED,
        "reads autotune's variables",
        "autotune reads the text of a candidate",
    ),
    Cheat(
        "A link that leads out of the repository", _linked, Fate.REFUSED, "leads out of the repository", "links are followed, not trusted"
    ),
    Cheat(
        "A background process slows the other arm",
        counts(LEAVES.format(command='["sleep", "60"]') + COUNT),
        Fate.DISCARDED,
        "the candidate's runs left processes behind",
        "what outlives a run is ended before the next, and you are told whose it was",
    ),
    Cheat(
        "A daemon answers for the program",
        counts(DAEMON),
        Fate.DISCARDED,
        "the candidate's runs left processes behind",
        "what outlives a run is ended before the next, and you are told whose it was",
        Bench.VARIES,
    ),
    Cheat(
        "A commit of its own",
        _committed,
        Fate.TOLD,
        "that autotune did not make",
        "the branch goes back to what was kept; `autotune check` finds it",
    ),
    Cheat(
        "History is amended",
        _amended,
        Fate.TOLD,
        "The branch had been moved",
        "the branch goes back to what was kept; `autotune check` finds it",
    ),
    Cheat(
        "The log's copy is edited",
        _edited_copy,
        Fate.PUT_BACK,
        "copy, was changed",
        "the true log is elsewhere; the edited copy is saved, and you are told",
    ),
    Cheat(
        "The log itself is edited",
        _edited_ledger,
        Fate.TOLD,
        "the ledger was changed|is not as it was",
        "each line has the hash of the one before; nothing goes on until you have looked",
    ),
    Cheat(
        "The state file is edited",
        _edited_state,
        Fate.PUT_BACK,
        r"\.autotune\.state was changed",
        "it is made from the log and never read; the edit is saved, and you are told",
    ),
    Cheat(
        "A run writes to the log, any kind of line",
        counts(FORGES + FASTER),
        Fate.VOID,
        "a run wrote to the ledger",
        "while something runs, only the autotune that started it writes to the log; other lines are set aside, and you are told",
    ),
    Cheat(
        "A run cuts the log off, or replaces it",
        counts(CUTS_OFF + FASTER),
        Fate.VOID,
        "rewritten or cut off. It was put back",
        "it is put back as it was before the run; what was there is set aside, and you are told",
    ),
    Cheat(
        "A run hands in a note or a stop as other commands do",
        counts(KNOCKS + COUNT),
        Fate.DISCARDED,
        "no gain",
        "the system names the process that hands it in, and a process that a run started is refused",
    ),
    Cheat(
        "A run edits what a keep demands (`error_budget`, `guardrails` and the like in `autotune.toml`)",
        counts(SETS + FASTER),
        Fate.VOID,
        "something changed autotune.toml",
        "the file is put back, the edit is saved, and you are told; an edit of these keys is never in force",
    ),
    Cheat(
        "A run calls `autotune note`, to pass for you",
        counts(NOTES + COUNT),
        Fate.DISCARDED,
        "no gain",
        "a process that a run started is refused, no matter what it does to its variables",
    ),
    Cheat(
        "A run moves the pins",
        counts(MOVES_PINS + FASTER),
        Fate.VOID,
        "something changed refs/autotune",
        "refs are compared before and after",
    ),
    Cheat(
        "A run changes how the worktree is looked at",
        counts(FOOLS_INDEX + FASTER),
        Fate.VOID,
        "a run wrote to",
        "the private index is compared before and after each run",
    ),
    Cheat(
        "A run writes into the other arm",
        counts(WRITES_OTHER_ARM + COUNT),
        Fate.DISCARDED,
        "",
        "every file is put back before every run",
        Bench.VARIES,
    ),
    Cheat(
        "A run replaces the unchanged file in git's store (`git replace`)",
        stores(REPLACES, COUNT),
        Fate.DISCARDED,
        "discard",
        "git's replacements are ignored",
        Bench.OWN,
    ),
    Cheat(
        "A run writes another content into git's store",
        stores(DAMAGES, FASTER),
        Fate.VOID,
        "does not match its hash",
        "before a keep, the measured files are compared with the hashes that name them",
        Bench.OWN,
    ),
    Cheat(
        "A run points the measuring worktree at another repository",
        counts(CASTS_OFF + FASTER),
        Fate.VOID,
        "at another repository",
        "what ties it to its repository is compared before and after each run; the sandbox makes it read-only",
        Bench.VARIES,
    ),
    Cheat(
        "Huge output to hide lines",
        counts('\nprint("MET" "RIC cost=1")\nprint("x" * 200 + "\\n", end="" ) or [print("x" * 1000) for _ in range(9000)]\n' + FASTER),
        Fate.VOID,
        "more than once with different values",
        "all output is read, no matter how much; the last value counts",
    ),
    Cheat(
        "The hold-out is looked for by its variable",
        counts("import os\nSECRET = os.environ.get('AUTOTUNE_HOLDOUT')\n" + FASTER),
        Fate.REFUSED,
        "reads autotune's variables",
        "autotune reads the text of a candidate; the sandbox hides the folder from every other run",
    ),
)

MISSED = (
    (
        "The file that is read is written once more at exit, and found without its name (in the folder, among the command's arguments)",
        "code that runs at exit, writes to files; if the tool prints its results, read these",
    ),
    (
        "Git's own settings are changed between experiments, so that a filter writes other files into the worktree",
        "`filter.*` in git's configuration, `.git/info/attributes`",
    ),
    (
        "A run changes the programs that it is measured with: an interpreter's packages, autotune's own environment",
        "writes below the home folder; caught with `sandbox = true`",
    ),
    (
        (
            "A clock that runs slower, where little shows it: it saves less than 0.1 s, the metric is less than a fifth of its run, "
            "or there is one run (`--once`)"
        ),
        "assignments to functions of `time` and `performance`; if it is seen and not proved, the keep's reason says to look twice",
    ),
    (
        "A clock is replaced, and a rate is of several operations a run or nothing says that the metric is a time",
        "the same; give the metric its unit, let the benchmark print the time that it took",
    ),
    (
        "A file that the benchmark only loads makes the metric (a counter, say); it does not print, and its name says nothing of measuring",
        "what `init` says may be changed; `protect` closes it",
    ),
    (
        "A file is tuned and prints, and the number is changed above its METRIC line",
        "assignments to what the line prints; let another file print, which the scope does not name",
    ),
    (
        "A module of a package that only other packages load is shadowed",
        "new modules at the top of the working directory",
    ),
    (
        "METRIC is printed once more at exit, and the unchanged benchmark also prints it several times",
        "text that is put together from pieces; let the benchmark print each name once",
    ),
    (
        "The program ends early with exit code 0, and the metric is measured from outside (`autotune.wall_s`)",
        "calls that end the program; let the checks ask for what only a whole run prints, such as the number of tests",
    ),
    (
        "METRIC is spelt in pieces, and the program ends before the benchmark prints its own",
        "calls that end the program (`os._exit`, signals), text that is put together from pieces",
    ),
    (
        "Work is skipped when the program recognises the benchmark in another way (arguments, stack, folder, variables spelt in pieces)",
        "conditions on `sys.argv`, frames, paths, the environment; a hold-out with other inputs catches most",
    ),
    ("Work is skipped that no check looks at", "what the benchmark does with results: it should fail on wrong ones"),
    (
        "Work is moved to where no metric looks: into `prepare`, into another metric",
        "what the build does; make a guardrail of what must not grow",
    ),
    (
        "A result is cached outside the worktree, in the home folder or at a fixed path",
        "writes to absolute paths; caught with `sandbox = true`, under which they fail",
    ),
    (
        "The hold-out's files are searched for by another run, and special-cased",
        "reads below `~/.local/share`; caught with `sandbox = true`, or with another user's rights",
    ),
    (
        "The hold-out's own run is recognised, or its files are read while it runs, also in the sandbox",
        "the same conditions; reads of `sys.argv` or of the calling file. A hold-out that runs the program as the benchmark does is best",
    ),
    (
        "A proposer looks up how single cases that decide did, in the log itself, in what runs printed or in what cases wrote",
        "reads below `.git/autotune`; only the log's copy leaves them out. Caught if the proposer has another user's rights",
    ),
    (
        "Something that no run started writes a note, a pause or a stop to the log while nothing runs",
        "notes that you did not write; no verdict and no figure is made of such a line (`autotune check` names one of any other kind)",
    ),
    (
        "A program that escapes into a service of the system (cron, systemd, a container) and works from there",
        "calls of such services; caught with `sandbox = true`",
    ),
    (
        "Somebody with your rights rewrites log, copy, refs and commits, all of them and consistently",
        "commits that you pushed elsewhere: they name the log's last line (`Autotune-Ledger`)",
    ),
)


def table() -> str:
    """The table of cheats, in Markdown."""
    rows = [f"| {cheat.name} | {cheat.fate} | {cheat.how} |" for cheat in CHEATS]
    rows += [f"| {name} | {Fate.MISSED} | look at: {look} |" for name, look in MISSED]
    return "\n".join(["| cheat | what becomes of it | by what, or what to look at |", "|---|---|---|", *rows])


def rewritten(text: str) -> str:
    """The page with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text("utf-8")), "utf-8")
