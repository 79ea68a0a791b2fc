"""What a candidate may not change of the benchmark, wherever it lies, and the one file that is tuned and prints."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.loop.project import Project

ONCE = ("init", "--name", "x", "--metric", "size", "--once")
PRINTS = 'printf "METRIC size=%s\\n" "$(cat ../src/*.txt | wc -c)"\n'


def committed(project: Project, files: dict[str, str]) -> None:
    for path, text in files.items():
        project.write(path, text)
    project.git("add", *(path for path in files if path != "autotune.sh"))
    project.git("commit", "-qm", "a benchmark")


def test_what_prints_the_metric_may_not_change_go_or_be_replaced_whatever_calls_it(project: Project) -> None:
    script = 'run() { cd app && DIR=tools && sh "$DIR/$1"; }\nrun size.sh\n'
    committed(project, {"autotune.sh": script, "app/tools/size.sh": f"[ -f more.inc ] && . ./more.inc\n{PRINTS}"})
    assert "app/tools/size.sh" in project.ok(*ONCE).err
    project.write("app/tools/size.sh", "echo METRIC size=1\n")
    assert "app/tools/size.sh is protected" in project.refused("try", "-d", "x")
    (project.top / "app/tools/size.sh").unlink()
    project.write("app/tools/size.js", "")
    assert "app/tools/size.sh is protected" in project.refused("try", "-d", "x")
    project.git("checkout", "-q", "app/tools/size.sh")
    project.write("app/more.inc", "alias wc=true\n")
    assert "app/more.inc would be loaded by app/tools/size.sh" in project.refused("try", "-d", "x")
    (project.top / "app/more.inc").unlink()
    project.write("app/package.json", "{}")
    assert "app/package.json would change what the benchmark loads" in project.refused("try", "-d", "x")
    (project.top / "app/package.json").unlink()
    (project.top / "app/tools/size.js").unlink()
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"


def test_what_commands_name_behind_a_link_to_a_folder_is_pinned_where_it_lies_and_not_outside_the_repository(project: Project) -> None:
    project.write("src/kit/passes.sh", "true\n")
    (project.top / "src/tools").symlink_to("kit")
    elsewhere = project.outside / "environment" / "bin"
    elsewhere.mkdir(parents=True)
    (elsewhere / "python3").symlink_to("sh")
    (elsewhere / "sh").symlink_to("/bin/sh")
    (project.top / ".venv").symlink_to(os.path.relpath(elsewhere.parent, project.top))
    project.write(".gitignore", ".venv\n")
    project.git("add", "-A", "src", ".gitignore")
    project.git("commit", "-qm", "links")
    project.init("--carry", ".venv", "--checks", ".venv/bin/python3 src/tools/passes.sh")
    project.write("src/a.txt", "")
    project.write("src/kit/passes.sh", "exit 0\n")
    assert "src/kit/passes.sh is protected" in project.refused("try", "-d", "x")
    project.git("checkout", "src/kit")
    (project.top / "src/tools").unlink()
    project.write("src/tools/passes.sh", "true\n")
    assert "src/tools is protected" in project.refused("try", "-d", "x")
    (project.top / "src/tools/passes.sh").unlink()
    (project.top / "src/tools").rmdir()
    project.git("checkout", "src/tools")
    assert project.attempt()["status"] == "keep"


@pytest.mark.parametrize("programs", [0, 201])
def test_what_prints_the_metric_is_found_among_few_programs_and_among_many(project: Project, programs: int) -> None:
    many = {f"lib/{number}.sh": "" for number in range(programs)}
    committed(project, {"autotune.sh": 'DIR=tools\nsh "$DIR/size.sh"\n', "tools/size.sh": PRINTS.replace("../", ""), **many})
    assert "protected, because they decide what is measured: autotune.sh, tools/size.sh" in project.ok(*ONCE).err


def test_a_file_that_the_scope_names_is_tuned_although_it_prints_and_its_metric_line_stays(project: Project) -> None:
    committed(project, {"autotune.sh": "sh train.sh\n", "train.sh": 'size=30\necho "METRIC size=$size"\n'})
    told = project.ok(*ONCE, "--scope", "train.sh").err
    assert 'train.sh may be changed although it prints the metric, except line 2: echo "METRIC size=$size"' in told
    for text in (
        'size=30\necho "METRIC size=$((size / 2))"\n',
        "size=30\n",
        'size=30\necho "METRIC size=$size"\necho METRIC size=1\n',
        None,
    ):
        if text is None:
            (project.top / "train.sh").unlink()
        else:
            project.write("train.sh", text)
        assert "METRIC line" in project.refused("try", "-d", "x")
    project.write("train.sh", 'size=20\necho "METRIC size=$size"\n')
    assert project.attempt()["status"] == "keep"


def test_in_a_folder_of_a_repository_what_prints_may_lie_elsewhere_in_it(project: Project) -> None:
    size = PRINTS.replace("../src", "../app/src")
    committed(project, {"tools/size.sh": size, "app/src/a.txt": "aaaa\n", "app/bench/size.sh": "exec sh ../../tools/size.sh\n"})
    project.write("app/autotune.sh", "cd bench && sh size.sh\n".replace("cd bench", "cd ../tools"))
    project.folder = project.top / "app"
    project.ok(*ONCE)
    project.write("tools/size.sh", "echo METRIC size=1\n")
    assert "tools/size.sh is outside the scope" in project.refused("try", "-d", "x")


def test_where_nothing_is_seen_to_print_the_metric_init_asks_what_may_be_changed(project: Project) -> None:
    hidden = 'word=$(echo CIRTEM | rev); echo "$word size=$(cat src/*.txt | wc -c)"\n'
    committed(project, {"autotune.sh": "sh count.sh # prints the line\n", "count.sh": hidden, "src/a.txt": "aaaa\n"})
    refused = project.refused(*ONCE)
    assert "count.sh" in refused
    assert "--scope PATTERN" in refused
    assert not project.git("for-each-ref", "refs/heads/autotune")
    project.ok(*ONCE, "--protect", "count.sh")


@pytest.mark.parametrize("words", [("--scope", "src/**"), ("--command", "echo METRIC size=$(cat src/*.txt | wc -c)")])
def test_where_a_person_says_what_may_be_changed_or_the_command_prints_nothing_is_asked(words: tuple[str, ...], project: Project) -> None:
    committed(project, {"autotune.sh": 'echo "$(echo CIRTEM | rev) size=$(cat src/*.txt | wc -c)"\n', "src/a.txt": "aaaa\n"})
    project.ok(*ONCE, *words)
