"""The launcher, run as a user's shell would, from a copy of the plugin whose command line only tells how it was called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BASE_PYTHON = os.path.realpath(sys.executable)
SHIPPED = (
    "bin",
    ".claude-plugin",
    "lib/autotune/__init__.py",
    "lib/autotune/__main__.py",
    "lib/autotune/bootstrap.py",
    "lib/autotune/version.py",
)

APP = """\
import json, os, sys

def main():
    print(json.dumps({"arguments": sys.argv[1:], "python": sys.executable, "isolated": sys.flags.isolated, "json": json.__file__}))
    sys.exit(len(sys.argv) - 1)
"""

HOOKS = """\
import json, os, sys
print(json.dumps({"arguments": sys.argv[1:], "input": sys.stdin.read(), "site": sys.flags.no_site, "isolated": sys.flags.isolated}))
sys.exit(2)
"""

SCRIPTED_UV = f"""\
#!/bin/sh
# Makes an environment without packages, at once.
case $1 in venv) for folder; do :; done; exec "{BASE_PYTHON}" -I -m venv --without-pip "$folder" ;; esac
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A user's machine: a copy of the plugin, the programs on PATH, a cache folder and a folder to work in."""

    plugin: Path
    programs: Path
    cache: Path
    work: Path

    def run(self, *command: str | Path, stdin: str = "", variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.work,
            env={"PATH": str(self.programs), "XDG_CACHE_HOME": str(self.cache)} | dict(variables or {}),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def autotune(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return self.run(self.plugin / "bin" / "autotune", *arguments, stdin=stdin)

    @property
    def hooks(self) -> Path:
        return self.plugin / "lib/autotune/hooks/__main__.py"

    def set_up(self) -> None:
        assert self.autotune().returncode == 0

    def forbid_set_up(self) -> None:
        (self.plugin / "lib/autotune/bootstrap.py").write_text("raise SystemExit('the set-up ran')")

    def give(self, name: str, script: str) -> None:
        """Put a program on PATH."""
        program = self.programs / name
        program.unlink(missing_ok=True)
        program.write_text(script)
        program.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(*(tmp_path / name for name in ("a plugin", "programs", "a cache", "work")))
    for folder in (made.programs, made.work, made.plugin / "lib/autotune/commands", made.hooks.parent):
        folder.mkdir(parents=True)
    for name in SHIPPED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, made.plugin / name)
    (made.plugin / "lib/autotune/commands/app.py").write_text(APP)
    (made.plugin / "requirements.lock").write_text("# nothing\n")
    for name in ("dirname", "readlink", "sh"):
        (made.programs / name).symlink_to(shutil.which(name) or name)
    (made.programs / "python3").symlink_to(BASE_PYTHON)
    made.give("uv", SCRIPTED_UV)
    return made


def told(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """What the command line or the hook told about its start."""
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_the_first_command_sets_up_and_runs_and_the_next_only_runs(machine: Machine) -> None:
    first = machine.autotune("status", "two words", "")
    assert "setting up the Python environment" in first.stderr
    assert told(first)["arguments"] == ["status", "two words", ""]
    assert str(told(first)["python"]).startswith(f"{machine.cache}/autotune/env-")
    machine.forbid_set_up()
    second = machine.autotune("status", "two words", "")
    assert (second.stdout, second.stderr) == (first.stdout, "")


def test_the_exit_code_is_the_command_lines(machine: Machine) -> None:
    machine.set_up()
    assert machine.autotune("one", "two", "three").returncode == 3


def test_clone_plugin_and_terminal_share_one_environment(machine: Machine) -> None:
    first = told(machine.autotune())
    clone = machine.plugin.with_name("clone")
    shutil.copytree(machine.plugin, clone)
    second = machine.run(clone / "bin/autotune")
    assert (told(second)["python"], second.stderr) == (first["python"], "")


def test_links_to_links_lead_to_the_plugin(machine: Machine) -> None:
    machine.set_up()
    machine.forbid_set_up()
    (machine.work / "near").mkdir()
    (machine.work / "near/there").symlink_to(machine.plugin / "bin")
    (machine.work / "near/autotune").symlink_to("there/autotune")
    (machine.work / "at").symlink_to("near/autotune")
    for link in ("./at", "near/autotune", "near/there/autotune", str(machine.work / "at")):
        assert told(machine.run(link, "status"))["arguments"] == ["status"]


def test_it_is_found_on_the_path_and_beside_the_shell(machine: Machine) -> None:
    machine.set_up()
    on_path = {"PATH": f"{machine.programs}:{machine.plugin}/bin"}
    assert told(machine.run("sh", "-c", "autotune status", variables=on_path))["arguments"] == ["status"]
    beside = machine.run("sh", "-c", f"cd '{machine.plugin}/bin' && exec sh autotune status")
    assert told(beside)["arguments"] == ["status"]


def test_nothing_in_the_users_folder_or_settings_stands_in_for_a_module(machine: Machine) -> None:
    machine.set_up()
    for name in ("json.py", "autotune.py", "sitecustomize.py"):
        (machine.work / name).write_text("raise SystemExit('a stranger was imported')")
    done = machine.run(machine.plugin / "bin/autotune", variables={"PYTHONPATH": str(machine.work), "CDPATH": str(machine.plugin)})
    assert told(done)["isolated"] == 1
    assert not str(told(done)["json"]).startswith(str(machine.work))


def test_a_changed_lock_file_is_noticed_whether_it_is_newer_or_older(machine: Machine) -> None:
    pythons = {told(machine.autotune())["python"]}
    lock = machine.plugin / "requirements.lock"
    for number, time_s in enumerate((2_000_000_000, 1_500_000_000), start=1):
        lock.write_text(f"# changed {number}\n")
        os.utime(lock, (time_s, time_s))
        pythons.add(told(machine.autotune())["python"])
    assert len(pythons) == 3


def test_an_environment_whose_base_python_is_gone_is_made_anew(machine: Machine) -> None:
    python = Path(str(told(machine.autotune())["python"]))
    python.unlink()
    python.symlink_to("/nowhere/python3")
    again = machine.autotune()
    assert "setting up the Python environment" in again.stderr
    assert told(again)["python"] == str(python)


def test_setting_up_writes_nothing_into_the_plugin(machine: Machine) -> None:
    before = sorted(machine.plugin.rglob("*"))
    machine.set_up()
    assert [path for path in sorted(machine.plugin.rglob("*")) if "__pycache__" not in path.parts] == before


@pytest.mark.parametrize("cache", ["", "relative/folder"])
def test_without_a_usable_cache_setting_the_cache_is_in_the_home_folder(machine: Machine, cache: str) -> None:
    home = machine.work / "home"
    variables = {"HOME": str(home), "XDG_CACHE_HOME": cache}
    first = machine.run(machine.plugin / "bin/autotune", variables=variables)
    assert str(told(first)["python"]).startswith(f"{home}/.cache/autotune/env-")
    machine.forbid_set_up()
    assert machine.run(machine.plugin / "bin/autotune", variables=variables).stdout == first.stdout


def test_where_no_home_folder_is_named_there_is_no_note_to_leave(machine: Machine) -> None:
    bootstrap = machine.plugin / "lib" / "autotune" / "bootstrap.py"
    done = machine.run(BASE_PYTHON, "-I", "-S", bootstrap, machine.plugin / "requirements.lock", "")
    assert done.stdout.endswith("/bin/python\n")
    assert done.returncode == 0


def test_a_set_up_that_fails_is_the_commands_failure(machine: Machine) -> None:
    machine.give("uv", '#!/bin/sh\n[ "$1" = --version ] || { echo no room; exit 7; }\n')
    done = machine.autotune("status")
    assert (done.returncode, done.stdout) == (1, "")
    assert "`uv venv` ended with exit code 7.\n  | no room\nhint: " in done.stderr


def test_the_set_up_leaves_the_commands_input_alone(machine: Machine) -> None:
    (machine.plugin / "lib/autotune/commands/app.py").write_text("import sys\n\ndef main():\n    print(sys.stdin.read())\n")
    machine.give("uv", SCRIPTED_UV + "while read -r line; do :; done\n")
    assert machine.autotune("start", stdin="an idea").stdout == "an idea\n"


def test_the_version_is_the_manifests_and_needs_no_environment(machine: Machine) -> None:
    machine.forbid_set_up()
    (machine.plugin / "lib/autotune/commands/app.py").write_text("raise SystemExit('imported')")
    version = json.loads((ROOT / ".claude-plugin/plugin.json").read_text())["version"]
    done = machine.autotune("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"autotune {version}\n", "")


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ((), "autotune"),
        (("--help",), "autotune"),
        (("-h",), "autotune"),
        (("help",), "autotune"),
        (("help", "try"), "try"),
        (("help", "config", "set"), "config-set"),
        (("help", "skills", "eval", "show"), "skills-eval-show"),
        (("try", "--help"), "try"),
        (("try", "-h"), "try"),
        (("try", "--description", "one thing", "--help"), "try"),
        (("config", "set", "--help"), "config-set"),
        (("config", "set", "max_pairs", "9", "--help"), "config-set"),
        (("skills", "eval", "generate", "--help"), "skills-eval-generate"),
        (("skills", "eval", "show", "notes", "--help"), "skills-eval-show"),
        (("note", "leave it", "--help"), "note"),
    ],
)
def test_help_needs_neither_an_environment_nor_a_python(machine: Machine, words: tuple[str, ...], page: str) -> None:
    machine.forbid_set_up()
    shutil.copytree(ROOT / "lib/autotune/commands/help", machine.plugin / "lib/autotune/commands/help")
    (machine.programs / "python3").unlink()
    (machine.programs / "cat").symlink_to(shutil.which("cat") or "cat")
    done = machine.autotune(*words)
    shipped = (ROOT / "lib/autotune/commands/help" / f"{page}.txt").read_text("utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, shipped, "")


@pytest.mark.parametrize(
    "words",
    [
        ("try", "--description", "--help"),
        ("note", "--", "--help"),
        ("nothing", "--help"),
        ("help", "nothing"),
        ("../init", "--help"),
        ("config", "--help", "x"),
    ],
)
def test_what_is_no_plain_question_for_a_page_goes_to_the_command_line(machine: Machine, words: tuple[str, ...]) -> None:
    shutil.copytree(ROOT / "lib/autotune/commands/help", machine.plugin / "lib/autotune/commands/help")
    assert told(machine.autotune(*words))["arguments"] == [*words]


def test_the_version_is_the_same_without_the_launcher() -> None:
    command = [sys.executable, "-I", str(ROOT / "lib/autotune/__main__.py"), "--version"]
    version = json.loads((ROOT / ".claude-plugin/plugin.json").read_text())["version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"autotune {version}\n"


def test_the_environment_of_a_lock_file_is_told_and_mended(machine: Machine) -> None:
    python = told(machine.autotune())["python"]
    assert machine.autotune("--environment").stdout == f"{python}\n"
    Path(str(python)).parents[1].joinpath("pyvenv.cfg").unlink()
    mended = machine.autotune("--environment")
    assert mended.stdout == f"{python}\n"
    assert "setting up the Python environment" in mended.stderr
    (machine.work / "other.lock").write_text("# other\n")
    assert machine.autotune("--environment", "other.lock").stdout not in ("", f"{python}\n")


def test_a_package_that_is_gone_is_named_and_a_module_of_ours_is_a_bug(machine: Machine) -> None:
    app = machine.plugin / "lib/autotune/commands/app.py"
    machine.set_up()
    app.write_text("import typer_that_is_gone\n")
    gone = machine.autotune("status")
    assert gone.returncode == 1
    assert "lacks typer_that_is_gone.\nhint: `autotune --environment` sets it up again.\n" in gone.stderr
    app.write_text("import autotune.nothing\n")
    assert "Traceback" in machine.autotune("status").stderr


NO_PYTHON = "#!/bin/sh\nexit 127\n"
OLD_PYTHON = "#!/bin/sh\nexit 1\n"
WITHOUT_VENV = f'#!/bin/sh\ncase $* in *ensurepip*) exit 1 ;; esac\nexec "{BASE_PYTHON}" "$@"\n'


@pytest.mark.parametrize("python", [NO_PYTHON, OLD_PYTHON, None])
def test_where_no_python_is_new_enough_a_person_is_told_what_to_install(machine: Machine, python: str | None) -> None:
    (machine.programs / "python3").unlink()
    if python:
        machine.give("python3", python)
        machine.give("python3.12", python)
    for arguments in ((), ("--version",), ("--environment",)):
        done = machine.autotune(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("error: Python 3.11 or newer is needed, and none is on PATH")
        assert "\nhint: Install one" in done.stderr


def test_where_python_cannot_make_environments_a_person_is_told_what_to_install(machine: Machine) -> None:
    machine.give("python3", WITHOUT_VENV)
    assert machine.autotune().returncode == 0
    shutil.rmtree(machine.cache)
    (machine.programs / "uv").unlink()
    done = machine.autotune("status")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {machine.programs}/python3 cannot make environments")
    assert "python3-venv" in done.stderr


def test_a_python_that_can_make_environments_is_preferred_to_a_newer_one_that_cannot(machine: Machine) -> None:
    machine.give("python3.14", WITHOUT_VENV)
    machine.give("uv", "#!/bin/sh\nexit 1\n")
    (machine.plugin / "lib/autotune/bootstrap.py").write_text("import sys\nsys.exit(sys.executable)\n")
    assert machine.autotune().stderr == f"{machine.programs}/python3\n"


def test_a_hook_goes_straight_to_its_module_and_never_fails(machine: Machine) -> None:
    machine.hooks.write_text(HOOKS)
    machine.forbid_set_up()
    done = machine.autotune("hook", "Stop", stdin='{"a": 1}')
    assert (done.returncode, done.stderr) == (0, "")
    assert told(done) == {"arguments": ["Stop"], "input": '{"a": 1}', "site": 1, "isolated": 1}


def test_a_hook_takes_the_environments_python_once_it_is_there(machine: Machine) -> None:
    machine.set_up()
    machine.hooks.write_text(HOOKS)
    (machine.programs / "python3").unlink()
    assert told(machine.autotune("hook", "Stop"))["arguments"] == ["Stop"]


@pytest.mark.parametrize("hooks", [None, "this is not Python", "raise SystemError"])
def test_a_broken_hook_is_no_failure(machine: Machine, hooks: str | None) -> None:
    if hooks:
        machine.hooks.write_text(hooks)
    done = machine.autotune("hook", "PreToolUse")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_hook_without_any_python_is_no_failure(machine: Machine) -> None:
    machine.hooks.write_text(HOOKS)
    (machine.programs / "python3").unlink()
    done = machine.autotune("hook", "PreToolUse")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("script", "verb"),
    [("init-experiment.sh", "init"), ("run-experiment.sh", "run"), ("log-experiment.sh", "log"), ("dashboard.sh", "dashboard")],
)
def test_an_entry_point_is_the_launcher_with_a_verb(machine: Machine, script: str, verb: str) -> None:
    machine.set_up()
    link = machine.work / "link.sh"
    link.symlink_to(machine.plugin / "bin" / script)
    for path in (machine.plugin / "bin" / script, link):
        assert told(machine.run(path, "--name", "two words"))["arguments"] == [verb, "--name", "two words"]
