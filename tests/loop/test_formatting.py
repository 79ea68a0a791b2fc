"""What a pre-commit hook, or `format`, makes of a candidate before it is measured."""

from __future__ import annotations

import pytest
from tests.loop.project import BENCHMARK, Project

# As formatters are: they rewrite what is staged, once, and say no for that alone where `CODE` is 1.
FORMATTER = """#!/bin/sh
code=0
for file in $(git diff --cached --name-only HEAD); do
    case $file in *.txt) ;; *) continue ;; esac
    grep -q " $" "$file" || continue
    sed -i 's/ *$//' "$file"
    code=CODE
done
exit $code
"""


def hook(project: Project, script: str) -> None:
    path = project.top / ".git/hooks/pre-commit"
    path.parent.mkdir(exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)


@pytest.mark.nightly
@pytest.mark.parametrize("code", ["0", "1"])
def test_what_a_hook_leaves_is_measured_and_kept_and_restore_brings_what_was_proposed(project: Project, code: str) -> None:
    project.init()
    hook(project, FORMATTER.replace("CODE", code))
    project.write("src/a.txt", "aa \n")
    answer = project.attempt()
    assert answer["status"] == "keep", answer
    assert answer["value"] == len("aa\n") + len("bbbb bbbb bbbb\n")
    assert project.read("src/a.txt") == project.git_bytes("show", "HEAD:src/a.txt").decode() == "aa\n"
    assert project.git("status", "--porcelain", "--untracked-files=no") == ""
    [taken], [formatted], [result] = project.events("candidate"), project.events("format"), project.results()
    assert (formatted["by"], formatted["files"]) == ("pre-commit", ["src/a.txt"])
    assert result["snapshot"] == taken["commit"] != formatted["commit"]
    assert project.git("show", f"{formatted['commit']}:src/a.txt") == "aa"
    project.agree()
    assert project.ok("check", "--json").json["findings"] == []
    assert formatted["commit"][:12] in project.ok("explain", "1").out
    project.write("src/a.txt", "aaaaaaaa \n")
    assert project.attempt()["status"] == "discard"
    assert project.read("src/a.txt") == "aa\n"
    project.ok("restore", "2")
    assert project.read("src/a.txt") == "aaaaaaaa \n"


def test_a_hook_that_says_no_is_heard_before_anything_is_measured(project: Project) -> None:
    project.init()
    hook(project, "#!/bin/sh\ngrep -q aaaa src/a.txt || { echo the linter says no; exit 1; }\n")
    project.write("src/a.txt", "a\n")
    answer = project.attempt()
    assert answer["status"] == "checks_failed"
    assert "the linter says no" in answer["output_is_data"]
    assert [event for event in project.events("run") if event["experiment"] == 1] == []
    assert project.read("src/a.txt") == "aaaa aaaa aaaa\n"
    assert project.ok("check", "--json").json["findings"] == []


def test_what_is_changed_out_of_scope_is_refused(project: Project) -> None:
    project.init()
    hook(project, "#!/bin/sh\necho more >> README\n")
    project.write("src/a.txt", "a\n")
    answer = project.attempt()
    assert answer["status"] == "checks_failed"
    assert "README" in answer["reason"]
    assert project.read("README") == "a project\n"


def test_a_command_of_ones_own_takes_the_hooks_place_and_neither_is_run_where_that_is_said(project: Project) -> None:
    project.init("--format", "sed -i s/y/x/ src/a.txt")
    hook(project, "#!/bin/sh\n! grep -q y src/a.txt\n")
    project.write("src/a.txt", "y\n")
    assert project.attempt()["status"] == "keep"
    assert project.read("src/a.txt") == "x\n"


def test_no_hooks_leaves_the_hook_to_the_commit(project: Project) -> None:
    project.write("autotune.sh", f"echo ran; {BENCHMARK}")
    project.init("--no-hooks")
    hook(project, "#!/bin/sh\nexit 1\n")
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "checks_failed"
    assert [event for event in project.events("run") if event["experiment"] == 1]
    assert project.events("format") == []


def test_what_was_edited_meanwhile_stays_as_it_was_edited(project: Project) -> None:
    project.init()
    edit = f"[ -e {project.outside}/once ] || {{ touch {project.outside}/once; echo mine > {project.top}/src/a.txt; }}"
    hook(project, f"#!/bin/sh\n{edit}\n! grep -q ' $' src/a.txt || sed -i 's/ *$//' src/a.txt\n")
    project.write("src/a.txt", "aa \n")
    assert project.attempt()["status"] == "keep"
    assert project.read("src/a.txt") == "mine\n"


def test_a_hook_that_lacks_something_in_the_measuring_worktree_is_left_to_the_commit(project: Project) -> None:
    project.write("tool.o", "ignored\n")
    project.init()
    hook(project, '#!/bin/sh\n[ -z "$(git diff --cached --name-only HEAD)" ] || [ -e tool.o ]\n')
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"
    assert [one["found"]["kind"] for one in project.events("notice")] == ["format broken"]
    assert project.ok("check", "--json").json["findings"] == []


@pytest.mark.nightly
@pytest.mark.parametrize("code", ["0", "1"])
def test_what_is_measured_in_the_checkout_is_rewritten_beside_it_first(project: Project, code: str) -> None:
    project.init("--in-place")
    hook(project, FORMATTER.replace("CODE", code))
    project.write("src/a.txt", "aa \n")
    answer = project.attempt()
    assert (answer["status"], answer["value"]) == ("keep", len("aa\n") + len("bbbb bbbb bbbb\n"))
    assert project.read("src/a.txt") == project.git_bytes("show", "HEAD:src/a.txt").decode() == "aa\n"
    assert [one["files"] for one in project.events("format")] == [["src/a.txt"]]
    project.agree()
    assert project.ok("check", "--json").json["findings"] == []
    project.write("src/a.txt", "aaaaaaaa \n")
    assert project.attempt()["status"] == "discard"
    assert project.read("src/a.txt") == "aa\n"
    assert "second" not in project.git("worktree", "list")


def test_a_hook_for_which_no_place_can_be_made_beside_the_checkout_is_left_to_the_commit(project: Project) -> None:
    project.init("--in-place", "--setup", "exit 1")
    hook(project, FORMATTER.replace("CODE", "0"))
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"
    assert [one["found"]["kind"] for one in project.events("notice")] == ["format broken"]
