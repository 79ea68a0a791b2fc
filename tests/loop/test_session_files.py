"""The session's files: whatever is deleted, edited or forged, the next command restores what is the session's, and says so."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.loop.project import BENCHMARK, Project, eventually

WRITTEN = ("autotune.sh", "autotune.toml", "autotune.md", "autotune.ideas.md")


def found_by_check(project: Project) -> list[str]:
    """The kinds of what `check` finds."""
    return [one["fact"]["kind"] for one in project.run("check", "--json").json["findings"]]


def kept(project: Project, *sizes: int) -> None:
    for size in sizes:
        project.write("src/a.txt", "a" * size)
        assert project.attempt()["status"] == "keep"


@pytest.mark.parametrize("words", [("clean", "-fdxq"), ("stash", "-a", "-q")])
def test_files_that_git_swept_away_come_back(project: Project, words: tuple[str, ...]) -> None:
    project.init()
    kept(project, 5)
    project.write("autotune.md", "what we know\n")
    project.ok("resume")
    truth = project.events()
    project.git(*words)
    answer = project.ok("resume")
    for name in (*WRITTEN, "autotune.jsonl"):
        assert f"{name} was gone" in answer.err
    assert project.read("autotune.md") == "what we know\n"
    assert project.read("autotune.sh") == BENCHMARK
    assert (project.top / "autotune.jsonl").read_bytes() == (project.session / "autotune.jsonl").read_bytes()
    assert json.loads(project.read(".autotune.state"))["keeps"] == 1
    assert project.events()[: len(truth)] == truth
    kept(project, 3)
    project.agree()


def test_a_stash_of_open_edits_takes_them_and_nothing_of_the_session(project: Project) -> None:
    project.init()
    kept(project, 5)
    project.write("src/a.txt", "a")
    project.write("src/new.txt", "")
    project.git("stash", "-u", "-q")
    assert "Nothing in scope differs" in project.refused("try", "-d", "x")
    project.git("stash", "pop", "-q")
    assert project.attempt()["status"] == "keep"
    project.agree()


def test_a_hard_reset_takes_open_edits_and_no_keep(project: Project) -> None:
    project.init()
    kept(project, 9, 8, 7)
    tip = project.git("rev-parse", "HEAD")
    project.write("src/b.txt", "edited")
    project.git("reset", "-q", "--hard")
    assert project.git("rev-parse", "HEAD") == tip
    project.git("reset", "-q", "--hard", "HEAD~2")
    moved = project.git("rev-parse", "HEAD")
    project.write("src/b.txt", "")
    answer = project.ok("resume")
    assert f"The branch had been moved to {moved[:12]}" in answer.err
    assert project.git("rev-parse", "HEAD") == tip
    assert project.read("src/a.txt") == "a" * 7
    assert project.git("status", "--porcelain") == " M src/b.txt"
    assert project.attempt()["status"] == "keep"
    project.agree()


@pytest.mark.parametrize(
    "words",
    [("stash", "-u", "-q"), *(pytest.param(("reset", "-q", "--hard", *more), marks=pytest.mark.nightly) for more in ((), ("HEAD~1",)))],
)
def test_what_is_swept_away_while_it_is_measured_and_then_kept_is_in_the_tree_again(project: Project, words: tuple[str, ...]) -> None:
    project.write("autotune.sh", BENCHMARK + "sleep 0.4\n")
    project.init()
    kept(project, 9)
    project.write("src/a.txt", "a")
    project.write("src/new.txt", "")
    (project.top / "src/b.txt").unlink()
    begun = project.begin("try", "-d", "x", "--json")
    eventually(lambda: project.worker() is not None)
    project.git(*words)
    assert begun.wait().json["about"]["status"] == "keep"
    assert project.read("src/a.txt") == "a"
    assert (project.top / "src/new.txt").exists()
    assert not (project.top / "src/b.txt").exists()
    assert project.git("status", "--porcelain", "--untracked-files=no") == ""
    project.agree()


def test_edits_made_while_it_is_measured_stay_after_a_keep_and_are_kept_aside_after_a_discard(project: Project) -> None:
    project.write("autotune.sh", BENCHMARK + "sleep 0.4\n")
    project.init()
    said = []
    for content, late in (("a", "late"), ("a" * 99, "later still")):
        project.write("src/a.txt", content)
        begun = project.begin("try", "-d", "x")
        eventually(lambda: project.worker() is not None)
        project.write("src/b.txt", late)
        said.append(begun.wait())
        assert said[-1].code == 0
    assert [one["status"] for one in project.results()] == ["keep", "discard"]
    told = f"Edits made after experiment 2 had begun were taken back with it; they are saved at refs/autotune/{project.name}/2.late."
    assert told in said[-1].err
    kept_aside = {"kind": "late edits", "figures": {"experiment": 2, "ref": f"refs/autotune/{project.name}/2.late"}}
    assert kept_aside in [event["found"] for event in project.events("notice")]
    assert project.git("show", f"refs/autotune/{project.name}/2.late:src/b.txt") == "later still"
    assert project.git("status", "--porcelain") == ""


@pytest.mark.parametrize("damaged", ["", 'name = "x"\nmetric = "other"\ndirection = "lower"\n', "\xff"])
def test_damaged_settings_are_never_kept_in_place_of_good_ones(project: Project, damaged: str) -> None:
    project.init()
    path = project.folder / "autotune.toml"
    good = path.read_bytes()
    path.write_bytes(damaged.encode("latin-1"))
    project.write("src/a.txt", "a\n")
    project.refused("try", "-d", "shorter")
    path.unlink()
    assert "`autotune resume` puts it back" in project.refused("config", "check")
    assert project.attempt()["status"] == "keep"
    assert path.read_bytes() == good


def test_an_edited_benchmark_is_put_back_and_set_aside_until_a_person_accepts_it(project: Project) -> None:
    project.init()
    project.write("autotune.sh", "echo METRIC size=1\n")
    answer = project.ok("resume")
    assert "autotune.sh was changed; it was put back" in answer.err
    assert project.read("autotune.sh") == BENCHMARK
    (aside,) = (project.session / "set-aside").glob("autotune.sh.*")
    assert aside.read_text() == "echo METRIC size=1\n"
    project.write("autotune.sh", "echo METRIC size=1\n")
    project.write("src/a.txt", "a" * 8)
    assert "The candidate is refused: autotune.sh decides what is measured." in project.refused("try", "-d", "both")
    assert project.attempt()["status"] == "keep"
    project.write("autotune.sh", BENCHMARK + "true\n")
    project.ok("rebaseline", "--accept")
    assert project.read("autotune.sh") == BENCHMARK + "true\n"
    assert project.events("config")[-1]["segment"] == 2
    kept(project, 3)


def test_a_folder_or_a_link_in_a_script_s_place_is_set_aside(project: Project) -> None:
    project.init()
    (project.top / "autotune.sh").unlink()
    (project.top / "autotune.sh").mkdir()
    project.write("autotune.sh/inside", "kept\n")
    project.ok("resume")
    assert project.read("autotune.sh") == BENCHMARK
    (aside,) = (project.session / "set-aside").glob("autotune.sh.*")
    assert (aside / "inside").read_text() == "kept\n"
    (project.top / "autotune.sh").unlink()
    (project.top / "autotune.sh").symlink_to("README")
    project.ok("resume")
    assert project.read("autotune.sh") == BENCHMARK
    assert project.read("README") == "a project\n"


def test_a_benchmark_that_is_a_link_stays_one_and_what_it_leads_to_is_pinned(project: Project) -> None:
    project.write("bench/run.sh", BENCHMARK)
    project.git("add", "bench")
    project.git("commit", "-qm", "bench")
    (project.top / "autotune.sh").unlink()
    (project.top / "autotune.sh").symlink_to("bench/run.sh")
    project.ok("init", "--name", "x", "--metric", "size", "--once")
    kept(project, 3)
    assert (project.top / "autotune.sh").readlink() == Path("bench/run.sh")
    project.write("bench/run.sh", BENCHMARK + "true\n")
    assert "bench/run.sh is protected" in project.refused("try", "-d", "x")


def test_a_configuration_that_cannot_be_read_or_is_fixed_is_refused_by_name(project: Project) -> None:
    project.init()
    held = project.read("autotune.toml")
    project.write("autotune.toml", "= nonsense\n")
    assert "autotune.toml" in project.refused("resume")
    project.write("autotune.toml", held.replace('metric = "size"', 'metric = "other"'))
    assert "metric in" in project.refused("resume")
    project.write("autotune.toml", held)
    project.ok("config", "set", "max_iterations", "7")
    assert project.events("settings")[-1]["changed"] == ["max_iterations"]


def test_what_a_keep_demands_changes_at_a_persons_command_and_not_by_an_edit(project: Project) -> None:
    project.init()
    held = project.read("autotune.toml")
    edited = f"error_budget = 0.5\n{held}"
    project.write("autotune.toml", edited)
    said = project.refused("resume")
    assert "error_budget in" in said
    assert "`autotune config set error_budget VALUE`" in said
    assert found_by_check(project) == ["setting differs"]
    assert "not what this segment is measured and decided with" in project.refused("config", "set", "max_pairs", "9")
    assert project.read("autotune.toml") == edited
    assert project.ok("config", "get", "error_budget").out == "0.05\n"
    project.ok("config", "set", "error_budget", "0.2")
    project.ok("config", "set", "max_pairs", "9")
    written = tomllib.loads(project.read("autotune.toml"))
    assert (written["error_budget"], written["max_pairs"]) == (0.2, 9)
    assert [event["changed"] for event in project.events("settings")] == [["error_budget"], ["max_pairs"]]
    assert project.events("notice") == []
    project.ok("check")
    kept(project, 3)


def test_a_negative_number_can_be_set(project: Project) -> None:
    project.init()
    project.ok("config", "set", "target", "-5")
    assert project.ok("config", "get", "target").out == "-5\n"
    assert project.run("config", "set", "target", "-5", "--nonsense").code == 2


def test_an_idea_where_a_folder_is_is_refused(project: Project) -> None:
    project.init()
    (project.top / "autotune.ideas.md").unlink()
    (project.top / "autotune.ideas.md").mkdir()
    assert "is a folder, so no idea can be written there" in project.refused("idea", "sort")


def test_an_edit_that_takes_effect_is_told(project: Project) -> None:
    project.init()
    project.write("autotune.toml", "max_tokens = 9\n" + project.read("autotune.toml"))
    told = "autotune.toml was edited; in force from now on: max_tokens = 9 (was nothing)."
    assert told in project.ok("resume").err
    assert f"noticed: {told}" in " ".join(project.ok("explain").out.split())
    assert told not in project.ok("resume").err


def test_every_value_is_shown_as_it_is_set(project: Project) -> None:
    project.init()
    shown = [line.partition("   (")[0] for line in project.ok("config", "show").out.splitlines()]
    assert {"seeds = false", 'scope = ["src/**"]', "target is not set"} <= {*shown}


def test_a_key_of_an_older_version_is_read_and_its_new_name_told_once(project: Project) -> None:
    project.write("autotune.toml", "audit = false\n" + project.read("autotune.toml"))
    told = "autotune.toml has keys of an older version: audit is void_implausible now"
    assert told in project.init().err
    assert project.ok("config", "get", "void_implausible").out == "false\n"
    assert told in project.ok("resume").err
    assert told not in project.ok("resume").err
    project.write("autotune.toml", "stop_patience = 9\n" + project.read("autotune.toml"))
    assert "stop_patience is no key any more, audit is void_implausible now" in project.ok("config", "check").err
    assert "stop_patience is no key any more" in project.ok("resume").err
    assert "older version" not in project.ok("resume").err
    project.ok("check")


def test_a_configuration_that_is_no_text_is_refused_by_name(project: Project) -> None:
    held = project.read("autotune.toml")
    project.write("autotune.toml", b"name = '\xff'\n")
    refused = ("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--once"), ("config", "check")
    assert ["autotune.toml is not UTF-8 text" in project.refused(*words) for words in refused] == [True, True]
    project.write("autotune.toml", held)
    project.init()
    (project.top / "autotune.toml").unlink()
    (project.top / "autotune.toml").mkdir()
    assert "autotune.toml cannot be read: Is a directory" in project.refused("resume")


def test_a_configuration_that_was_there_before_keeps_its_comments_and_takes_the_options(project: Project) -> None:
    text = '# mine\nname = "other"\nmetric = "size"\ndirection = "lower"\n'
    project.write("autotune.toml", text)
    project.init()
    assert project.read("autotune.toml").startswith('# mine\nname = "x"\n')
    kept(project, 3)


def test_a_forged_copy_of_the_log_does_not_reach_the_truth(project: Project) -> None:
    project.init()
    kept(project, 5)
    copy = project.top / "autotune.jsonl"
    truth = (project.session / "autotune.jsonl").read_bytes()
    copy.write_bytes(truth.replace(b'"metric":20.0', b'"metric":2.0') + b'{"type":"result"}\n')
    answer = project.ok("resume")
    assert "autotune.jsonl, the ledger's copy, was changed" in answer.err
    assert (project.session / "autotune.jsonl").read_bytes().startswith(truth)
    assert copy.read_bytes() == (project.session / "autotune.jsonl").read_bytes()
    copy.unlink()
    copy.symlink_to(project.session / "autotune.jsonl")
    project.ok("resume")
    assert not copy.is_symlink()


def test_a_log_with_a_torn_last_line_goes_on_and_says_so(project: Project) -> None:
    project.init()
    with (project.session / "autotune.jsonl").open("ab") as file:
        file.write(b'{"type":"note","te')
    answer = project.ok("note", "hello")
    assert project.events("note")[-1]["text"] == "hello"
    assert "incomplete" in answer.err
    assert [path.read_bytes() for path in project.session.glob("autotune.jsonl.torn-*")] == [b'{"type":"note","te']


def test_a_torn_last_line_is_set_aside_by_a_command_that_has_nothing_to_write(project: Project) -> None:
    project.init()
    with (project.session / "autotune.jsonl").open("ab") as file:
        file.write(b'{"type":"run","experi')
    assert "The ledger's last line was incomplete (21 bytes)" in project.ok("resume").err
    assert project.events()[-1]["type"] == "notice"
    project.ok("check")


def test_a_torn_last_line_does_not_reach_the_copy(project: Project) -> None:
    project.init()
    with (project.session / "autotune.jsonl").open("ab") as file:
        file.write(b'{"type":"note","te')
    project.write("src/a.txt", "")
    assert project.attempt()["status"] == "keep"
    assert project.read("autotune.jsonl") == (project.session / "autotune.jsonl").read_text("utf-8")
    project.ok("check")


def test_what_changes_a_session_answers_in_json_too(project: Project) -> None:
    project.init()
    assert project.ok("note", "hello", "--json").json == {"session": project.name, "note": "hello"}
    assert project.ok("config", "set", "max_iterations", "7", "--json").json == {"max_iterations": 7}
    in_order = {"file": str(project.top / "autotune.toml"), "in_order": True, "not_in_force": []}
    assert project.ok("config", "check", "--json").json == in_order
    assert "add --yes" in project.run("clear", "--json").json["hint"]
    assert str(project.session) + "/" in project.ok("clear", "--json", "--yes").json["deleted"]


def test_a_look_at_a_session_says_that_another_branch_is_checked_out(project: Project) -> None:
    project.init()
    assert project.ok("status").err == ""
    project.git("switch", "-q", "main")
    for verb in ("status", "explain"):
        assert f"is on main, but session {project.name} lives on {project.branch}. Switch back with" in project.ok(verb).err


def test_without_the_list_of_the_users_files_nothing_is_taken_for_a_candidates(project: Project) -> None:
    project.write("src/mine.txt", "the user's\n")
    project.init()
    (project.session / "untracked").unlink()
    project.write("src/a.txt", "a\n")
    assert "tell your own files from a candidate's" in project.refused("try", "-d", "smaller")
    assert project.read("src/mine.txt") == "the user's\n"
    assert project.read("src/a.txt") == "a\n"
    project.ok("clear", "--yes")


def test_a_check_of_the_configuration_names_what_is_not_in_force(project: Project) -> None:
    project.init()
    project.write("autotune.toml", 'unit = "bytes"\n' + project.read("autotune.toml"))
    told = project.ok("config", "check")
    assert told.out == f"{project.top / 'autotune.toml'} is in order\nunit is not the value in force: `autotune rebaseline --accept`\n"
    assert project.ok("config", "check", "--json").json["not_in_force"] == ["unit"]


def test_a_sessions_name_stays_however_it_is_changed(project: Project) -> None:
    project.init()
    held = project.read("autotune.toml")
    name = re.search(r'^name = "(.*)"$', held, re.MULTILINE)
    assert name
    kept = f'keep `name = "{name[1]}"` in autotune.toml; `autotune init --name NAME` opens another session'
    assert kept in project.refused("config", "set", "name", "another")
    project.write("autotune.toml", held.replace(name[0], 'name = "another"'))
    assert kept in project.refused("rebaseline", "--accept")
    for words in (("try", "--description", "anything"), ("check",)):
        told = project.run(*words)
        assert "rebaseline --accept" not in told.out + told.err
    assert "rebaseline --accept" not in project.ok("config", "check").out


def test_where_nobody_can_be_asked_nothing_is_cleared(project: Project) -> None:
    project.init()
    assert "add --yes" in project.refused("clear")
    assert project.session.is_dir()


def test_notes_come_with_the_answer_as_they_were_written(project: Project) -> None:
    project.init()
    project.ok("note", "leave the parser alone")
    project.ok("note", "it's slow")
    assert "notes: leave the parser alone; it's slow\n" in project.ok("resume").out
    assert project.ok("resume", "--json").json["notes"] == ["leave the parser alone", "it's slow"]
    assert "The text is empty." in project.refused("note", " ")


def test_a_session_whose_log_was_damaged_can_be_cleared(project: Project) -> None:
    project.init()
    truth = project.session / "autotune.jsonl"
    truth.write_bytes(truth.read_bytes().replace(b'"baseline"', b'"another"'))
    assert "autotune clear" in project.run("check").out
    assert str(truth) in project.refused("status")
    answer = project.ok("clear", "--yes")
    assert str(truth.parent) in answer.out
    assert not truth.exists()
    assert not (project.top / "autotune.jsonl").exists()
    project.init()


NO_OPENING = b'{"type":"note","text":"x","timestamp":"now"}\n'


@pytest.mark.parametrize(
    ("damage", "witness"),
    [(b"", "checkpoint"), (None, "checkpoint"), (b"\xff\xfe\n", "copy"), (NO_OPENING, "copy"), (b'{"type":"con', "none"), (None, "none")],
)
def test_a_session_whose_log_was_emptied_or_is_gone_can_be_cleared_and_says_where_a_copy_is(
    project: Project, damage: bytes | None, witness: str
) -> None:
    project.init()
    kept(project, 5)
    project.write("src/a.txt", "mine, not measured\n")
    project.write("autotune.ideas.md", "mine\n")
    name, truth, copy, tip = project.name, project.session / "autotune.jsonl", project.top / "autotune.jsonl", project.commits()[0]
    truth.unlink() if damage is None else truth.write_bytes(damage)
    if witness != "checkpoint":
        (truth.parent / "checkpoint.json").unlink()
    if witness == "none":
        copy.unlink()
    assert "clear" in project.run("check").all
    told = project.ok("clear", "--yes").out
    assert (f"cp {copy} {truth}" in told) is (witness != "none")
    assert str(truth.parent) in told
    assert not truth.parent.exists()
    assert not copy.exists()
    assert not (project.top / ".autotune.state").exists()
    assert project.read("src/a.txt") == "mine, not measured\n"
    assert project.read("autotune.ideas.md") == "mine\n"
    assert project.git("rev-parse", f"autotune/{name}") == tip
    assert project.git("for-each-ref", f"refs/autotune/{name}/1")


def test_where_the_log_s_copy_has_lost_its_end_this_is_told_and_put_back(project: Project) -> None:
    project.init()
    copy, truth = project.top / "autotune.jsonl", project.session / "autotune.jsonl"
    copy.write_bytes(b"".join(copy.read_bytes().splitlines(keepends=True)[:-1]))
    assert found_by_check(project) == ["copy ends early"]
    assert "autotune.jsonl had lost its end; it was written again" in project.ok("status").err
    assert copy.read_bytes() == truth.read_bytes()
    project.ok("check")
    copy.write_bytes(b"")
    assert "had lost its end" in project.ok("status").err
    assert copy.read_bytes() == truth.read_bytes()


def test_a_lost_run_bit_is_told_and_put_back(project: Project) -> None:
    script = project.top / "autotune.sh"
    script.chmod(0o755)
    project.init()
    script.chmod(0o644)
    assert found_by_check(project) == ["not executable"]
    assert "autotune.sh was no longer executable; that was put right" in project.ok("status").err
    assert os.access(script, os.X_OK)
    project.ok("check")
    script.chmod(0o600)
    project.write("src/a.txt", "a\n")
    answer = project.ok("try", "-d", "x")
    assert "was no longer executable" in answer.err
    assert "verdict: keep" in answer.out
    assert project.git("status", "--porcelain", "autotune.sh") == ""


OLD_LOG = '{"type":"config","name":"old","version":"0.3"}\n{"run":1}\n'


def test_what_has_the_names_of_the_log_and_the_state_before_a_session_is_put_out_of_the_way_and_back(project: Project) -> None:
    project.write("autotune.jsonl", OLD_LOG, 0o600)
    project.write(".autotune.state", "the user's\n")
    before = project.files(without=())
    told = project.init().err
    for name, content in (("autotune.jsonl", OLD_LOG), (".autotune.state", "the user's\n")):
        aside = project.session / "set-aside/before" / name
        assert f"{name} was there before the session; it is at {aside} now" in told
        assert aside.read_text() == content
    kept(project, 5)
    project.write("src/a.txt", before[b"src/a.txt"][1])
    told = project.ok("clear", "--yes").out
    assert f"It puts back: {project.top}/.autotune.state, {project.top}/autotune.jsonl" in told
    after = project.files(without=())
    assert {path for path in before if after[path] != before[path]} == {b"autotune.toml"}


def test_what_was_there_before_is_kept_where_its_name_is_not_free_when_a_session_is_cleared(project: Project) -> None:
    project.write("autotune.jsonl", OLD_LOG)
    project.init()
    project.write("autotune.jsonl", "another log of the user's\n")
    answer = project.ok("clear", "--json", "--yes").json
    assert answer["put_back"] == []
    assert (Path(answer["kept"]) / "before/autotune.jsonl").read_text() == OLD_LOG
    assert project.read("autotune.jsonl") == "another log of the user's\n"
    project.init()


def test_what_was_there_before_is_never_lost_however_often_clearing_is_killed(project: Project) -> None:
    project.write("autotune.jsonl", OLD_LOG)
    project.write(".autotune.state", "the user's\n")
    project.init()
    for effect in range(100):
        answer = project.run("clear", "--yes", kill=(0, effect))
        texts = [path.read_text() for name in ("autotune.jsonl", ".autotune.state") for path in project.top.rglob(name)]
        assert {OLD_LOG, "the user's\n"} <= set(texts), answer.killed
        if not answer.killed:
            break
    assert (project.read("autotune.jsonl"), project.read(".autotune.state")) == (OLD_LOG, "the user's\n")
    assert not list((project.top / ".git").glob("autotune/[!.]*/autotune.jsonl"))


def test_what_was_set_aside_stays_when_a_session_is_cleared_and_is_named(project: Project) -> None:
    project.init()
    project.write("autotune.sh", "echo mine\n")
    project.write("autotune.jsonl", "forged\n")
    project.ok("resume")
    [script] = (project.session / "set-aside").glob("autotune.sh.*")
    folder = project.top / ".git/autotune/set-aside" / project.name
    told = project.ok("clear", "--yes").out
    assert f"What was set aside stays, in {folder}/:" in told
    assert script.name in told
    held = {path.read_text() for path in folder.iterdir()}
    assert held >= {"echo mine\n", "forged\n"}


def test_the_copies_of_a_session_before_are_nobody_s_own(project: Project) -> None:
    project.init()
    project.ok("stop")
    project.write("autotune.toml", "busy_wait_s = 0\n")
    assert "was there before" not in project.init().err
    assert not list((project.top / ".git/autotune").glob("*/set-aside/before"))


def test_what_was_open_when_a_measurement_in_the_checkout_was_killed_is_there_when_the_session_is_cleared(project: Project) -> None:
    project.write("autotune.sh", f"{BENCHMARK}while [ -e build/hold ]; do touch build/started; sleep 0.02; done\n")
    project.init("--in-place")
    kept(project, 5)
    for switched in (False, True):
        project.write("src/a.txt", "an open edit\n")
        project.write("build/hold", "")
        begun = project.begin("confirm")
        eventually((project.top / "build/started").exists)
        os.killpg(begun.pid, signal.SIGKILL)
        begun.wait()
        shutil.rmtree(project.top / "build")
        if switched:
            project.git("switch", "-q", "-f", "main")
            break
        eventually(lambda: project.run("resume").code == 0)
        assert project.read("src/a.txt") == "an open edit\n"
    answer = project.ok("clear", "--json", "--yes").json
    assert (Path(answer["kept"]) / "lent/src/a.txt").read_text() == "an open edit\n"


def test_clearing_names_the_notes_that_go_with_a_working_tree_of_the_session_s_own(project: Project) -> None:
    project.init("--worktree")
    tree = Path(project.events()[0]["tree"])
    told = project.ok("clear", "--yes").out
    assert [f"  {tree / name}" in told.splitlines() for name in ("autotune.md", "autotune.ideas.md", "autotune.toml")] == [True] * 3
    assert not tree.exists()


def ignored(project: Project) -> str:
    project.write("build/data.csv", "precious\n")
    return "build/"


def untracked(project: Project) -> str:
    project.write("notes/mine.txt", "mine\n")
    return "notes/mine.txt"


def repository(project: Project) -> str:
    project.git("init", "-q", str(project.write("other/one.txt", "").parent))
    return "other/"


def unseen(flag: str) -> Callable[[Project], str]:
    def edit(project: Project) -> str:
        project.git("update-index", flag, "README")
        project.write("README", "mine\n")
        return "README"

    return edit


def staged(project: Project) -> str:
    project.write("README", "mine\n")
    project.git("add", "README")
    project.write("README", "a project\n")
    return "README"


def loose_commit(project: Project) -> str:
    project.git("switch", "-q", "--detach")
    project.git("commit", "-q", "--allow-empty", "-m", "mine")
    return project.git("rev-parse", "HEAD")[:12]


WORTH = [ignored, untracked, repository, unseen("--assume-unchanged"), unseen("--skip-worktree"), staged, loose_commit]


@pytest.mark.parametrize("work", WORTH)
def test_clearing_leaves_a_working_tree_of_the_session_s_own_that_holds_what_nobody_else_has(
    project: Project, work: Callable[[Project], str]
) -> None:
    project.init("--worktree")
    main, tree = project.top, Path(project.events()[0]["tree"])
    project.top = tree
    held = work(project)
    before = project.files()
    project.top = main
    assert any(held in one for one in project.run("clear", "--json", "--yes").json["stays"]["for"])
    project.top = tree
    assert project.files() == before
    assert project.git("ls-files", "README") == "README"


def test_clearing_says_why_a_working_tree_of_the_session_s_own_that_lost_its_git_stays(project: Project) -> None:
    project.init("--worktree")
    tree = Path(project.events()[0]["tree"])
    (tree / ".git").unlink()
    (tree / "src/a.txt").write_text("mine")
    [why] = project.run("clear", "--json", "--yes", "--session", project.name).json["stays"]["for"]
    assert "no longer knows where the repository is" in why
    assert (tree / "src/a.txt").read_text() == "mine"


def test_a_working_tree_that_is_gone_is_found_and_can_be_brought_back_as_the_hint_says(project: Project) -> None:
    project.init("--worktree")
    tree = Path(project.events()[0]["tree"])
    shutil.rmtree(tree)
    findings = project.run("check", "--json").json["findings"]
    assert [one["fact"] for one in findings] == [{"kind": "tree gone", "figures": {"tree": str(tree)}}]
    command = f"git worktree add --force {tree} {project.branch}"
    assert command in findings[0]["do"]
    assert command in project.refused("status")
    project.git(*command.split()[1:])
    project.folder = tree
    project.ok("resume")
    project.ok("check")


def test_a_repository_that_was_moved_goes_on(project: Project) -> None:
    project.init()
    moved = project.top.with_name("moved")
    project.top.rename(moved)
    project.top = project.folder = moved
    project.write("src/a.txt", "")
    assert project.attempt()["status"] == "keep"
    project.ok("check")
    project.agree()


def test_a_session_whose_working_tree_is_gone_can_be_cleared(project: Project) -> None:
    project.init("--worktree")
    gone = project.session
    shutil.rmtree(project.events()[0]["tree"])
    assert f"autotune clear --session {gone.name}" in project.refused("status")
    project.ok("clear", "--yes", "--refs")
    assert not gone.exists()
    assert project.git("for-each-ref", "refs/autotune") == ""
    project.init()


def test_an_idea_is_a_line_at_the_end_of_the_ideas_and_in_the_brief(project: Project) -> None:
    project.init()
    ideas = project.top / "autotune.ideas.md"
    ideas.write_text("- the first, without an end of its line")
    assert "autotune.ideas.md" in project.ok("idea", "sort once,\nnot for every row").out
    assert json.loads(project.ok("idea", "# größer", "--json").out) == {"idea": "- # größer"}
    lines = ["- the first, without an end of its line", "- sort once, not for every row", "- # größer"]
    assert ideas.read_text("utf-8").splitlines() == lines
    assert all(line in project.ok("brief").out for line in lines)
    ideas.unlink()
    project.ok("idea", "another")
    assert ideas.read_text("utf-8").splitlines() == [*lines, "- another"]
    assert project.run("idea", " ").code == 1


def test_three_notes_at_once_all_land(project: Project) -> None:
    project.init()
    begun = [project.begin("note", f"note {number}") for number in range(3)]
    assert [one.wait().code for one in begun] == [0, 0, 0]
    assert sorted(event["text"] for event in project.events("note")) == ["note 0", "note 1", "note 2"]


def test_opening_says_what_the_benchmark_can_see_and_in_which_mode_keeps_are_decided(project: Project) -> None:
    told = project.init().out.splitlines()
    assert "size was measured once, so its noise is not known" in told
    assert "decision mode: once; no keep is confirmed" in told


def test_opening_with_settings_that_a_person_wrote_says_how_to_ask_for_more_than_the_bias_of_two_builds(project: Project) -> None:
    project.write("autotune.sh", 'test -s src/a.txt || exit 1\necho "METRIC size=$(($(cat out/size) * 100 + $$ % 7))"\n')
    builds = project.top.with_name("builds")  # each builds something larger than the one before
    settings = (
        'name = "x"\nmetric = "size"\ndirection = "lower"\nscope = ["src/**"]\nbuild_once = true\nbusy_wait_s = 0\nmin_effect = 0.0001\n'
    )
    project.write("autotune.toml", settings + f"prepare = 'mkdir -p out; echo >> {builds}; wc -l < {builds} > out/size'\n")
    told = project.ok("init").out
    assert "is above the difference of these two builds (build_once)" in told
    assert "`autotune calibrate` measures again and writes min_effect to autotune.toml" in told
    assert "min_effect = 0.0001\n" in project.read("autotune.toml")


LOOKS = ["status", "explain", "brief", "dashboard", "config show", "config get metric", "note hello", "idea sort", "holdout status"]


@pytest.mark.parametrize("look", LOOKS)
def test_a_command_that_only_looks_puts_the_sessions_files_back_and_says_so(look: str, project: Project) -> None:
    project.init()
    held = {name: project.read(name) for name in ("autotune.sh", "autotune.md", ".autotune.state", "autotune.jsonl")}
    for name in ("autotune.md", ".autotune.state", "autotune.jsonl"):
        (project.top / name).unlink()
    project.write("autotune.sh", "echo METRIC size=1\n")
    said = project.ok(*look.split()).err
    assert (
        "autotune.sh: not what the segment is measured with. The next command that measures puts it back, unless the user accepts it"
        in said
    )
    assert project.read("autotune.sh") == "echo METRIC size=1\n"
    for name in ("autotune.md", ".autotune.state", "autotune.jsonl"):
        assert f"{name} was gone" in said
    for name in ("autotune.md", ".autotune.state"):
        assert project.read(name) == held[name]
    assert project.read("autotune.jsonl").startswith(held["autotune.jsonl"])
    project.ok("resume")
    assert project.ok("status").err == ""
    assert project.read("autotune.sh") == held["autotune.sh"]
    project.ok("check")


def test_a_check_names_what_is_gone_and_changes_nothing(project: Project) -> None:
    project.init()
    for name in ("autotune.md", "autotune.jsonl"):
        (project.top / name).unlink()
    assert found_by_check(project) == ["own files gone"]
    assert not (project.top / "autotune.md").exists()
    project.ok("status")
    project.ok("check")


def test_an_edited_state_file_is_put_back_and_kept(project: Project) -> None:
    project.init()
    project.write(".autotune.state", '{"best": 1}\n')
    assert ".autotune.state was changed (yours is at " in project.ok("status").err
    [aside] = (project.session / "set-aside").glob(".autotune.state.*")
    assert aside.read_text() == '{"best": 1}\n'


def test_a_look_says_that_the_branch_is_not_where_it_was_left_and_changes_nothing(project: Project) -> None:
    project.init()
    kept(project, 3)
    project.git("commit", "-q", "--allow-empty", "-m", "mine")
    tip = project.git("rev-parse", "HEAD")
    for verb in ("status", "explain", "brief"):
        assert f"is at {tip[:12]}, not at what was kept" in project.ok(verb).err
    assert project.git("rev-parse", "HEAD") == tip


def test_a_ref_that_keeps_what_is_measured_with_is_told_where_it_was_moved_and_put_back(project: Project) -> None:
    project.init()
    ref, pins = f"refs/autotune/{project.name}/pins-1", project.events()[0]["pins"]
    for change in (("update-ref", ref, "HEAD"), ("update-ref", "-d", ref)):
        project.git(*change)
        assert f"{ref} does not point at what the segment is measured with" in project.ok("status").err
        assert f"{ref} did not point at what the segment is measured with; it was put back" in project.ok("resume").err
        assert project.git("rev-parse", ref) == pins
    assert f"{ref} " not in project.ok("status").err


def test_a_look_goes_on_where_what_is_measured_with_is_gone_and_says_so(project: Project) -> None:
    project.init()
    pins = project.events()[0]["pins"]
    (project.top / ".git" / "objects" / pins[:2] / pins[2:]).unlink()
    assert "What the session is measured with cannot be read" in project.ok("status").err


def test_a_log_that_is_gone_is_told_and_its_copy_can_be_put_in_its_place(project: Project) -> None:
    project.init()
    kept(project, 3)
    name, truth = project.name, project.session / "autotune.jsonl"
    truth.unlink()
    for verb in ("status", "explain", "check"):
        assert f"The log of session {name}, {truth}, is gone." in project.refused(verb)
    assert "is gone" in project.run("doctor", "--no-run").out
    shutil.copy(project.top / "autotune.jsonl", truth)
    project.ok("check")
    kept(project, 2)


def test_what_is_being_opened_or_was_cut_off_then_is_no_session_that_lost_its_ledger(project: Project) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    sessions = project.top / ".git/autotune"
    opening = sessions / f".opening-first-{os.getpid()}"
    opening.mkdir(parents=True)
    (opening / "seen.json").write_text("{}")
    assert "Session first is being opened." in project.refused("status")
    opening.rename(sessions / f".opening-first-{ended.pid}")
    assert "There is no autotune session in this repository." in project.refused("status")
    assert "is gone" not in project.run("doctor", "--no-run").out


def test_the_folders_of_a_run_of_an_opening_that_was_killed_are_deleted_by_the_next(project: Project) -> None:
    gate = project.outside / "gate"
    gate.touch()
    project.write("autotune.sh", f"while test -e {gate}; do sleep 0.02; done; {BENCHMARK}")
    opening = project.begin("init", "--name", "killed", "--metric", "size", "--scope", "src/**", "--once")
    temporary = Path(tempfile.gettempdir())
    eventually(lambda: any(temporary.glob(f"autotune-*-{opening.pid}-*")))
    os.kill(opening.pid, signal.SIGKILL)
    opening.wait()
    gate.unlink()
    project.init()
    assert not [*temporary.glob(f"autotune-*-{opening.pid}-*")]


def test_without_what_git_ignored_nothing_is_taken_for_a_candidates(project: Project) -> None:
    project.init()
    (project.session / "exclude").unlink()
    project.write("src/a.txt", "a\n")
    assert "exclude is gone, and autotune needs it to tell your own files" in project.refused("try", "-d", "x")


def test_the_list_of_what_git_ignores_is_completed_again(project: Project) -> None:
    project.init()
    path = project.top / ".git" / "info" / "exclude"
    path.unlink()
    project.ok("resume")
    assert "/autotune.toml" in path.read_text().splitlines()
    assert project.git("status", "--porcelain") == ""
