"""What is refused is named, hinted at, and changes nothing."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.loop.project import BENCHMARK, Driver, Project

from autotune.edges import locks

INIT = ("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--once")


def everything(project: Project) -> tuple[object, object]:
    return project.files(without=("autotune.jsonl", ".autotune.state")), project.repository()


def rebase(project: Project) -> None:
    project.git("switch", "-q", "-c", "other", "HEAD~1")
    project.write("README", "theirs\n")
    project.git("commit", "-qam", "theirs")
    project.git("rebase", "main", ok=False)


def merge(project: Project) -> None:
    project.git("switch", "-q", "-c", "other", "HEAD~1")
    project.write("README", "theirs\n")
    project.git("commit", "-qam", "theirs")
    project.git("merge", "main", ok=False)


def cherry_pick(project: Project) -> None:
    project.git("switch", "-q", "-c", "other", "HEAD~1")
    project.write("README", "theirs\n")
    project.git("commit", "-qam", "theirs")
    project.git("cherry-pick", "main", ok=False)


def revert(project: Project) -> None:
    project.write("README", "third\n")
    project.git("commit", "-qam", "third")
    project.git("revert", "HEAD~1", ok=False)


def am(project: Project) -> None:
    patch = project.git_bytes("format-patch", "--stdout", "-1")
    project.git("switch", "-q", "-c", "other", "HEAD~1")
    project.write("README", "theirs\n")
    project.git("commit", "-qam", "theirs")
    project.git_bytes("am", "-q", ok=False, stdin=patch)


def rebase_by_applying(project: Project) -> None:
    project.git("config", "rebase.backend", "apply")
    rebase(project)


UNFINISHED: dict[str, tuple[Callable[[Project], object], str]] = {
    "rebase": (rebase, "git rebase --abort"),
    "rebase by applying": (rebase_by_applying, "git rebase --abort"),
    "am": (am, "git am --abort"),
    "merge": (merge, "git merge --abort"),
    "cherry-pick": (cherry_pick, "git cherry-pick --abort"),
    "revert": (revert, "git revert --abort"),
    "bisect": (lambda project: project.git("bisect", "start", "HEAD", "HEAD~1", ok=False), "git bisect reset"),
}


@pytest.mark.parametrize("case", UNFINISHED)
def test_what_git_is_in_the_middle_of_is_refused_with_the_command_that_undoes_it(project: Project, case: str) -> None:
    project.write("README", "mine\n")
    project.git("commit", "-qam", "second")
    project.git("switch", "-q", "-c", "aside")
    prepare, undo = UNFINISHED[case]
    prepare(project)
    words = project.refused(*INIT)
    assert "in progress" in words
    assert f"`{undo}`" in words
    project.git(*undo.split()[1:])
    project.git("switch", "-q", "aside")
    project.git("reset", "-q", "--hard", "main")
    project.git("branch", "-D", "other", ok=False)
    project.init()
    branch = project.branch
    prepare(project)
    words = project.refused("resume")
    assert f"`{undo}`" in words
    project.git(*undo.split()[1:])
    project.git("switch", "-q", branch)


def bisect(project: Project) -> None:
    project.git("bisect", "start", "HEAD", "HEAD~1", ok=False)
    project.git("switch", "-q", "main", ok=False)


def tracked(project: Project, path: str, content: str) -> None:
    project.write(path, content)
    project.git("add", "-f", path)
    project.git("commit", "-qm", path)


def attribute(project: Project) -> None:
    tracked(project, ".gitattributes", "src/large.txt filter=lfs\n")
    tracked(project, "src/large.txt", "large\n")


def submodule(project: Project) -> None:
    commit = project.git("rev-parse", "HEAD")
    project.git("update-index", "--add", "--cacheinfo", f"160000,{commit},src/module")
    project.git("commit", "-qm", "a submodule")
    (project.top / "src/module").mkdir()


def hide(project: Project) -> None:
    project.git("update-index", "--assume-unchanged", "src/b.txt")


def skip(project: Project) -> None:
    project.git("update-index", "--skip-worktree", "src/b.txt")


def forget_identity(project: Project) -> None:
    project.environment["GIT_CONFIG_GLOBAL"] = "/dev/null"
    project.git("config", "user.useConfigOnly", "true")


UNFIT: dict[str, tuple[Callable[[Project], object], str]] = {
    "modified": (lambda project: project.write("README", "edited\n"), "README"),
    "staged": (lambda project: (project.write("new.txt", ""), project.git("add", "new.txt")), "new.txt"),
    "detached": (lambda project: project.git("checkout", "-q", "--detach"), "detached"),
    "rebase": (rebase, "`git rebase` is in progress"),
    "merge": (merge, "`git merge` is in progress"),
    "bisect": (bisect, "`git bisect` is in progress"),
    "LFS": (attribute, "files kept by Git LFS, so that autotune could not take changes back: src/large.txt"),
    "submodule": (submodule, "submodules, so that autotune could not take changes back: src/module"),
    "assume-unchanged": (hide, "files marked assume-unchanged or skip-worktree, so that autotune could not take changes back: src/b.txt"),
    "skip-worktree": (skip, "files marked assume-unchanged or skip-worktree, so that autotune could not take changes back: src/b.txt"),
    "a branch in the way": (lambda project: project.git("branch", "autotune"), "branch is called autotune"),
    "no identity": (forget_identity, "does not know your name"),
    "no benchmark": (lambda project: (project.top / "autotune.sh").unlink(), "autotune.sh is not in"),
    "a benchmark that fails": (lambda project: project.write("autotune.sh", "exit 3\n"), "does not work on the unchanged code"),
    "a benchmark without the metric": (lambda project: project.write("autotune.sh", "echo METRIC other=1\n"), "size"),
    "a benchmark of something else": (lambda project: project.write("autotune.sh", "echo METRIC size=1\n"), "does not measure this code"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_repository_that_is_not_fit_for_a_session_is_refused_and_left_as_it_is(project: Project, case: str) -> None:
    project.write("README", "mine\n")
    project.git("commit", "-qam", "second")
    prepare, named = UNFIT[case]
    prepare(project)
    before = everything(project)
    assert named in project.refused(*INIT)
    assert everything(project) == before
    left = {path.name for path in (project.top / ".git/autotune").glob("*")}
    assert left <= {"last-time"}  # caches outside of the tree may stay, so the time they know of does too


def beside_a_submodule(project: Project, base: Path) -> None:
    """Give a project a submodule out of scope that has two commits, at the later one."""
    other = Project.make(base, project.driver, "other")
    other.write("README", "later\n")
    other.git("commit", "-qam", "later")
    project.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.top), "libs/other")
    project.git("commit", "-qm", "a submodule")


def test_a_submodule_out_of_scope_that_is_moved_is_refused_like_any_other_tracked_path(project: Project, tmp_path: Path) -> None:
    beside_a_submodule(project, tmp_path / "base")
    module = project.top / "libs/other"
    project.git("checkout", "-q", "HEAD~1", folder=module)
    assert "modified or staged: libs/other" in project.refused(*INIT)
    project.git("submodule", "update", "-q")
    project.init()
    (module / "README").write_text("edited within\n")  # what is within is another repository's
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"
    project.git("checkout", "-q", "-f", "HEAD~1", folder=module)
    project.write("src/a.txt", "")
    words = project.refused("try", "-d", "x")
    assert "libs/other is a submodule outside the scope (`git submodule update libs/other` takes it back)" in words
    project.git("submodule", "update", "-q", "libs/other")
    assert project.attempt()["status"] == "keep"


def test_a_submodule_that_a_proposer_moved_is_taken_back(project: Project, tmp_path: Path) -> None:
    beside_a_submodule(project, tmp_path / "base")
    project.write("autotune.toml", "busy_wait_s = 0\nmax_iterations = 1\n")
    project.init()
    moving = "mkdir build && git -C libs/other checkout -q HEAD~1 && git add libs/other"  # the first time
    answer = project.ok("start", "--proposer", f"{moving}; echo a > src/a.txt")
    assert "libs/other is a submodule outside the scope" in answer.all
    assert [one["status"] for one in project.results()] == ["keep"]
    assert project.read("libs/other/README") == "later\n"


def at_first(project: Project, commands: str) -> str:
    """A proposer that does this at its first turn, and later makes a file shorter."""
    return f"[ -e {project.outside}/made ] || {{ touch {project.outside}/made; {commands}; exit; }}; echo a > src/a.txt"


def test_a_repository_that_a_proposer_makes_is_moved_aside_whole_and_does_not_stop_the_next_proposal(project: Project) -> None:
    project.write("autotune.toml", "busy_wait_s = 0\nmax_iterations = 1\n")
    project.init()
    made = "git init -q src/inner; echo mine > src/inner/file; echo edited >> README; echo '[x]' > .gitmodules"
    staged = "git -C src/inner commit -q --allow-empty -m x; git add src/inner README .gitmodules"
    answer = project.ok("start", "--proposer", at_first(project, f"{made}; {staged}"))
    assert "src/inner/ is a repository of its own" in answer.all
    assert [one["status"] for one in project.results()] == ["keep"]
    [aside] = project.session.glob("set-aside/repository-moved.*/src/inner")
    assert (aside / "file").read_text() == "mine\n"
    assert (aside / ".git").is_dir()
    assert str(aside.parent.parent) in answer.all
    assert project.git("status", "--porcelain") == ""
    project.git("pack-refs", "--all", folder=aside)
    project.ok("clear", "--yes")
    [kept] = (project.top / ".git/autotune/set-aside").glob("*/repository-moved.*/src/inner")
    assert project.git("log", "--format=%s", folder=kept) == "x"


def test_a_submodule_that_a_proposer_adds_out_of_scope_is_no_submodule_once_gitmodules_is_taken_back(project: Project) -> None:
    project.write("autotune.toml", "busy_wait_s = 0\nmax_iterations = 1\n")
    project.init()
    added = "git clone -q . libs/new; git -c protocol.file.allow=always submodule --quiet add ./. libs/new"
    answer = project.ok("start", "--proposer", at_first(project, added))
    assert ".gitmodules is protected" in answer.all
    assert [one["status"] for one in project.results()] == ["keep"]
    assert project.git("submodule", "status") == ""
    assert project.git("status", "--porcelain") == "?? libs/"
    assert (project.top / "libs/new/README").exists()


def test_a_folder_without_a_repository_or_without_a_commit_is_refused(tmp_path: Path, driver: Driver) -> None:
    project = Project.make(tmp_path, driver)
    project.folder = tmp_path
    assert "is not in a git repository" in project.refused(*INIT)
    project.folder = tmp_path / "empty"
    project.folder.mkdir()
    project.git("init", "-q", folder=project.folder)
    assert "no commit yet" in project.refused(*INIT)


def new_repository(project: Project) -> None:
    (project.top / "src/inner").mkdir()
    project.git("init", "-q", folder=project.top / "src/inner")
    project.write("src/inner/file.txt", "")


FORBIDDEN: dict[str, tuple[Callable[[Project], object], str]] = {
    "protected": (lambda project: project.write("src/fixed.txt", "edited\n"), "src/fixed.txt is protected"),
    "out of scope": (lambda project: project.write("README", "edited\n"), "README is outside the scope"),
    "deleted out of scope": (lambda project: (project.top / "README").unlink(), "README is outside the scope"),
    "ignoring": (lambda project: project.write(".gitignore", "*\n"), ".gitignore is protected"),
    "ignoring anew": (lambda project: project.write("src/.gitignore", "*.txt\n"), "src/.gitignore is protected"),
    "a repository": (new_repository, "src/inner/ is a repository of its own"),
    "LFS": (lambda project: project.write("src/large.bin", "large\n"), "src/large.bin"),
}


@pytest.mark.parametrize("case", FORBIDDEN)
def test_a_candidate_that_changes_what_it_may_not_is_refused_and_stays_open(project: Project, case: str) -> None:
    tracked(project, "src/fixed.txt", "fixed\n")
    tracked(project, ".gitattributes", "*.bin filter=lfs\n")
    project.init("--protect", "src/fixed.txt")
    project.write("src/a.txt", "a\n")
    change, named = FORBIDDEN[case]
    change(project)
    before = everything(project)
    for verb in (("try", "-d", "x"), ("run",)):
        assert named in project.refused(*verb)
        assert everything(project) == before
    assert project.results() == []


def test_another_branch_or_a_detached_head_in_a_session_is_refused(project: Project) -> None:
    project.init()
    for place, named in (("main", "is on main, but session"), ("--detach", "is on a detached HEAD, but session")):
        project.git("switch", "-q", place)
        before = everything(project)
        assert named in project.refused("try", "-d", "x")
        assert everything(project) == before
    project.git("switch", "-q", project.branch)
    project.write("src/a.txt", "")
    assert project.attempt()["status"] == "keep"


def test_what_git_ignores_and_the_benchmark_may_need_is_proposed_and_then_carried(project: Project) -> None:
    project.write("build/number", "7\n")
    project.write("autotune.sh", 'cat src/*.txt | grep -q a && echo "METRIC size=$(cat build/number)"\n')
    answer = project.run(*INIT)
    assert answer.code == 1
    assert "--carry build" in answer.err
    answer = project.ok(*INIT, "--carry", "build")
    assert "--carry" not in answer.err
    assert "size = 7" in answer.out


def test_words_that_contradict_each_other_or_the_measurement_are_refused_and_the_experiment_stays_open(project: Project) -> None:
    project.init()
    project.write("src/a.txt", "")
    project.ok("run")
    assert "contradict" in project.refused("log", "-d", "x", "--status", "discard", "--force")
    assert "--status keep is not for the caller to say" in project.refused("log", "-d", "x", "--status", "keep")
    assert "not a JSON object" in project.refused("log", "-d", "x", "--asi", "[1]")
    assert "is empty" in project.refused("log", "-d", " ")
    assert project.results() == []
    project.ok("log", "-d", "x")
    assert [one["status"] for one in project.results()] == ["keep"]


def test_a_second_session_in_the_same_tree_and_a_try_with_nothing_changed_are_refused(project: Project) -> None:
    project.init()
    assert "is active in this working tree" in project.refused(*INIT)
    assert "Nothing in scope differs" in project.refused("try", "-d", "x")
    assert "There is no experiment 7" in project.refused("restore", "7")


@pytest.mark.nightly
def test_a_candidate_that_a_keep_contradicts_is_not_restored_and_the_hint_names_where_it_is(project: Project) -> None:
    project.init()
    project.write("src/a.txt", "a longer text than before, for sure\n")
    assert project.attempt()["status"] == "discard"
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"
    words = project.refused("restore", "1")
    assert "src/a.txt was changed by a keep since" in words
    assert f"`git show refs/autotune/{project.name}/1`" in words


def test_a_candidate_that_is_refused_or_given_up_is_taken_back_with_a_discard(project: Project) -> None:
    project.init()
    assert "No measured experiment waits" in project.refused("log", "-d", "nothing", "--status", "discard")
    held = project.files()
    project.write("src/conftest.py", "x = 1\n")
    project.write("src/a.txt", "a\n")
    project.write("README", "changed\n")
    assert "`autotune log --description TEXT --status discard` takes back all that is open, and saves it" in project.refused(
        "try", "-d", "x"
    )
    answer = project.ok("log", "-d", "may not be", "--status", "discard")
    [found] = [event["found"] for event in project.events("notice")]
    assert (found["kind"], found["because"]["words"]) == ("candidate given up", "may not be")
    assert found["figures"]["ref"] in answer.err
    assert project.files() == held
    assert project.git("show", f"{found['figures']['ref']}:src/a.txt") == "a"
    assert project.results() == []


def test_two_sessions_are_opened_one_after_the_other_and_the_second_call_says_by_whom(project: Project) -> None:
    with locks.hold(project.top / ".git/autotune/opening.lock", "opening a session"):
        told = project.refused("init", "--name", "y", "--metric", "size", "--scope", "src/**", "--once")
    assert f"process {os.getpid()}" in told
    project.init()
    assert not (project.top / ".git/autotune/opening.lock").exists()


def test_a_project_whose_one_file_is_the_benchmark_is_told_how_it_is_freed(project: Project) -> None:
    project.git("rm", "-rq", "src", "README", ".gitignore")
    project.write("train.py", 'print("METRIC t=1")\n')
    project.git("add", "train.py")
    project.git("commit", "-qm", "one file")
    told = project.refused("init", "--name", "x", "--metric", "t", "--command", "python3 train.py")
    assert "train.py is protected" in told
    assert "--scope train.py" in told
    assert "protected" not in project.refused("init", "--name", "x", "--metric", "t", "--command", "python3 train.py", "--scope", "a/**")


def test_an_editable_installation_is_named_with_what_leads_to_the_worktree(project: Project) -> None:
    site = project.outside / "venv/lib/python3.11/site-packages"
    site.mkdir(parents=True)
    (site / "project.pth").write_text(f"{project.top}/src\n")
    project.environment["VIRTUAL_ENV"] = str(project.outside / "venv")
    project.write("autotune.sh", f'echo "METRIC size=$(cat {project.top}/src/*.txt | wc -c)"\n')
    told = project.refused(*INIT)
    assert str(site / "project.pth") in told
    assert told.index('PYTHONPATH = "src"') < told.index("--in-place")


def test_a_guardrail_on_a_metric_that_is_not_printed_is_refused_with_the_names_that_are(project: Project) -> None:
    told = project.refused(*INIT, "--guardrail", "siez <= 1.05x")
    assert "siez" in told
    assert "it prints size" in told
    project.ok(*INIT, "--guardrail", "size <= 1.05x", "--min-effect", "0.02")
    before = project.read("autotune.toml")
    assert "it prints size" in project.refused("config", "set", "guardrails", '["siez <= 1.05x"]')
    assert project.read("autotune.toml") == before
    project.ok("config", "set", "guardrails", '["autotune.wall_s <= 9x"]')
    project.write("src/a.txt", "a\n")
    assert project.attempt()["mode"] == "optimize"


def test_a_judge_in_the_sandbox_is_refused_for_it_would_reach_no_model(project: Project) -> None:
    project.write("autotune.toml", "sandbox = true\n")
    assert "sandbox" in project.refused(*INIT, "--command", "autotune prompts judge judge.toml")


def test_init_says_which_direction_is_better_and_warns_where_the_name_speaks_for_the_other(project: Project) -> None:
    project.write("autotune.sh", BENCHMARK.replace("size", "accuracy"))
    answer = project.ok("init", "--name", "x", "--metric", "accuracy", "--scope", "src/**", "--once", "--json")
    assert "--direction higher" in answer.err
    assert answer.json["understood"]["metric"] == "accuracy: lower is better"
    assert "2 files" in answer.json["understood"]["scope"]


def test_settings_can_be_set_as_soon_as_there_is_a_file(project: Project) -> None:
    assert "autotune.toml" not in project.git("status", "--porcelain", "--untracked-files=no")
    project.ok("config", "set", "env.PYTHONPATH", "src")
    assert project.ok("config", "set", "metric", "size", "--json").json == {"metric": "size"}
    assert 'PYTHONPATH = "src"' in project.read("autotune.toml")
    assert project.ok("config", "get", "env.PYTHONPATH").out == "src\n"
    shown = project.ok("config", "show", "--json").json
    assert (shown["metric"], "name" in shown) == ("size", False)
    assert "name is not in autotune.toml" in project.refused("config", "get", "name")
    before = project.read("autotune.toml")
    assert "timeout_s" in project.refused("config", "set", "timeout_s", "no")
    assert project.read("autotune.toml") == before
    (project.top / "autotune.toml").unlink()
    assert "no autotune session" in project.refused("config", "set", "metric", "size")


def test_long_runs_that_differ_too_much_are_not_told_to_be_short(project: Project, tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("0")
    project.write("autotune.sh", f'n=$(cat {count}); echo $((n + 1)) > {count}; echo "METRIC time_s=$((5 + n % 3))"\n')
    told = project.refused("init", "--name", "x", "--metric", "time_s", "--scope", "src/**", "--anyway")
    assert "too little work" not in told
    assert "differ too much" in told


def test_a_run_with_too_little_work_is_told_from_one_that_does_not_measure_this_code(project: Project) -> None:
    project.write("autotune.sh", 'echo "METRIC time_s=0.0015"\n')
    assert "too little work" in project.refused("init", "--name", "x", "--metric", "time_s", "--scope", "src/**")
    project.write("autotune.sh", 'echo "METRIC time_s=15"\n')
    told = project.refused("init", "--name", "x", "--metric", "time_s", "--scope", "src/**", "--once")
    assert "does not measure this code" in told.splitlines()[-2]


def test_what_lies_outside_the_scope_counts_as_protected(project: Project) -> None:
    project.write("tests/test_a.py", "")
    project.git("add", "tests")
    project.git("commit", "-qm", "tests")
    answer = project.run("init", "--name", "x", "--metric", "autotune.wall_s", "--command", "ls tests", "--scope", "src/**", "--once")
    assert "everything outside the scope" in answer.err


@pytest.mark.parametrize("kept", [("add", "README"), ("commit", "-qam", "the proposer's")])
def test_what_takes_back_a_file_out_of_scope_works_in_any_folder(project: Project, kept: tuple[str, ...]) -> None:
    project.init()
    before = project.read("README")
    project.write("README", "mine\n")
    project.git(*kept)
    words = project.refused("try", "-d", "x")
    command = re.search(r"`git (.* )FILE`", words)
    assert command is not None
    project.git(*shlex.split(f"{command[1]}README"), folder=project.top / "src")
    assert project.read("README") == before


def test_checks_that_need_what_the_benchmark_builds_are_told_of_prepare(project: Project) -> None:
    project.write("autotune.sh", "mkdir -p out && echo 1 >out/built && echo METRIC size=$(wc -c <src/a.txt)\n")
    project.write(".gitignore", "out/\n")
    project.git("add", ".gitignore")
    project.git("commit", "-qm", "ignored")
    opening = ("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--once", "--checks", "test -e out/built")
    assert "--prepare" in project.refused(*opening)
    assert "--prepare" not in project.refused(*opening, "--prepare", "true")
