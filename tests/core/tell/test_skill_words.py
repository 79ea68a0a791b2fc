"""What is said of skills as folders, of their versions, of passes and of judges: each outcome in words of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autotune.core.asking.costs import Cost, Sure
from autotune.core.asking.request import Usage
from autotune.core.judging.fencing import Fence, Part
from autotune.core.rollout.events import Change, Intent
from autotune.core.skills.aftermath import Aftermath, Fate
from autotune.core.skills.choosing import Choice, Skip
from autotune.core.skills.effort import Effort
from autotune.core.skills.package import Flaw, Package, Rule
from autotune.core.skills.rates import Share, Standing
from autotune.core.skills.readiness import Suite, readiness
from autotune.core.skills.renamed import LeftOut
from autotune.core.skills.results import Result, What
from autotune.core.skills.turns import Turn
from autotune.core.skills.workflows import Workflow
from autotune.core.tell import demos, judging, skill_folders, skill_life, skill_run, skills
from autotune.core.tell.lines import Line

STANDING = Standing("a", 20, 10, 0, 0, 0, Share(10, 9), Share(10, 10), Share(20, 20), {}, ())


def text(lines: object) -> str:
    given = [lines] if isinstance(lines, Line) else lines
    return "\n".join(f"{line.label}: {line.text}" for line in given)  # type: ignore[attr-defined]


def test_every_flaw_has_words_and_stops_are_counted() -> None:
    assert all(skill_folders.flaw(Flaw(rule, about="x")) for rule in Rule)
    package = Package("a", {"SKILL.md": b"---\nname: a\ndescription: x\n---\n"})
    told = text(skill_folders.checked(package, [Flaw(Rule.SPECIFICATION), Flaw(Rule.LONG, line=3)], "/a"))
    assert all(one in told for one in ("wrong: SKILL.md: ", "note: SKILL.md:3: ", "1 thing to mend", "6 characters"))
    assert text(skill_folders.checked(Package("a", {}), [], "/a")).endswith("nothing to mend")
    assert text(skill_folders.checked(package, [Flaw(Rule.LONG)], "/a")).endswith("nothing to mend")
    assert "1 note to see to before it is published" in text(skill_folders.checked(package, [Flaw(Rule.FILE_LOST)], "/a"))


def test_what_is_made_found_and_handed_over_is_told() -> None:
    assert "made: a in /f: x, y" in text(skill_folders.created("a", "/f", ["x", "y"], fresh=False, dry_run=False))
    assert "/reload-skills" in text(skill_folders.created("a", "/f", ["x"], fresh=True, dry_run=True))
    assert "a → b" in text(skill_folders.workflows([Workflow(("a", "b"), 3, 4, "do it")]))
    assert "no two skills" in text(skill_folders.workflows([]))
    assert "3 lines to f" in text(skill_folders.exported(3, "f"))
    assert "1 new record; the turns of 2 sessions" in text(skill_folders.recovered(1, 2))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "put in its place"),
        ({"merged": "main"}, "merged into main"),
        ({"after": "b1"}, "this version already"),
        ({"reload": True}, "/reload-skills"),
        ({"proven": False}, "at your word"),
        ({"dry_run": True}, "would be: "),
    ],
)
def test_a_deployment_is_told(options: dict[str, object], said: str) -> None:
    given = {"before": "b1", "after": "a1", "merged": None, "reload": False, "proven": True, "dry_run": False, **options}
    assert said in text(skill_life.deployed({"skill": "a", "origin": "session x", "folder": "/f", **given}))


def test_a_version_that_is_brought_back_is_told() -> None:
    def back(before: str = "b", tracked: str | None = None, *, dry_run: bool = False, committed: bool = False) -> str:
        return text(skill_life.taken_back("a", before, "c", tracked=tracked, dry_run=dry_run, committed=committed))

    assert "nothing: c is there already" in back("c")
    assert ["byte for byte" in back(), "git: " in back()] == [True, False]
    assert "commit it when" in back(tracked="/r")
    assert "git: committed" in back(tracked="/r", committed=True)
    assert "git: " not in back(tracked="/r", dry_run=True)
    assert skill_life.take_back_message("a", "v").startswith("Take a back")
    made = (Intent(1, 1, "found", (Change("s", "x", "x"),)), Intent(2, 2, "deployed", (Change("s", "x", "y"),), {"origin": "session z"}))
    told = text(skill_life.versions(made, "y"))
    assert told.splitlines() == ["#2: y: deployed, session z, there now", "#1: x: found"]
    again = (*made, Intent(3, 3, "taken back", (Change("s", "y", "x"),)))
    assert [line for line in text(skill_life.versions(again, "x")).splitlines() if "there now" in line] == ["#3: x: taken back, there now"]
    assert "none was deployed" in text(skill_life.versions((), "x"))
    assert text(skill_life.versions(again, "z")).splitlines()[0] == "now: none of these: the folder was changed since"


@pytest.mark.parametrize("fate", [one for one in Fate if one is not Fate.NEVER])
def test_a_watch_is_told(fate: Fate) -> None:
    def told(standing: Standing | None, shown: str, before: float | None, odds: dict[str, float]) -> str:
        made = Intent(1, 60_000, "deployed", (), {"record": {"least_score": before}})
        turn = Turn("", "", shown, "", human=True, offered={}, fired=()) if shown else None
        return text(skill_life.watched(Aftermath("a", fate, made, "", turn, standing, "score", odds)))

    assert "version: #1, deployed 1970-01-01 00:01\n" in told(STANDING, "", None, {})
    assert "nothing to watch" in told(None, "", None, {})
    assert ("too little was seen" in told(replace(STANDING, recall=Share(1, 1)), "", None, {})) is (fate is Fate.OVER)
    first, second = told(STANDING, "", None, {}), told(STANDING, "2026", 0.5, {"score": 30, "wrong": 1})
    assert ["in no session yet" in first, "at least 50 %" in second, "30.0 to 1 that recall" in second] == [True, True, True]
    assert "at least" not in told(STANDING, "2026", 0.0, {})  # which every recall is
    assert ("regressed in recall" in first) is (fate is Fate.REGRESSED)


def test_how_far_a_skill_is_is_told() -> None:
    test = Result("a", What.TEST, "routing-host", "f", "s", 1, 9, 10, sides={"positive": (5, 5), "negative": (4, 5)})
    base = Result("a", What.BASELINE, "task", "f", "s", 1, 3, 4, sides={"without": (1, 4), "with": (3, 4)}, passed=True)
    told = text(skill_run.verified("a", "/a", Suite("s", 2, 3, 1), readiness((), "f", Suite("s", 2, 3, 1), (test, base))))
    assert all(
        one in told for one in ("(should fire 5 of 5, should not 4 of 5), by routing-host", "(without it 1 of 4, with it 3 of 4), by task")
    )
    told = text(skill_run.verified("a", "/a", Suite("s", 2, 3, 1), readiness((), "f", Suite("s", 2, 3, 1), (replace(test, sides={}),))))
    assert all(one in told for one in ("2 that should fire, 3 that should not, 1 task", "✓ tests", "90 % right of 10", "· baseline"))
    assert "cases: " not in text(skill_run.verified("a", "/a", None, readiness((), "f", None, ())))
    assert "before, as it is" in text(skill_run.published("a", "/a", done=False, dry_run=False))
    assert "published: a in /a" in text(skill_run.published("a", "/a", done=True, dry_run=False))
    assert "would be: a in /a" in text(skill_run.published("a", "/a", done=True, dry_run=True))
    assert all(skill_run.left_out(why) for why in LeftOut)
    assert "`evolve` is called `autotune skills improve` here" in skill_run.called_today("evolve", "improve")


def test_a_pass_is_told_step_by_step() -> None:
    assert "1 session with news, 2 new rows" in text(skill_run.synced(1, 2))
    assert "3 skills here" in text(skill_run.status(1, 3))
    many = [Choice(f"s{number}", 1, Skip.CACHE) for number in range(7)]
    told = text(skill_run.chosen([Choice("a", 202.5), *many]))
    assert ["a (priority 202)" in told, "and 2 more: it is in an installed plugin" in told] == [True, True]
    assert "none" in text(skill_run.chosen([Choice("a", 0, Skip.RECENT)]))
    assert "deploy a`" in text(skill_run.skipped("deploy", "a", "review"))
    assert "no model is set" in text(skill_run.skipped("improve", None, "no model"))
    assert "a: No. Do it." in text(skill_run.refused("improve", "a", "No.", "do it"))
    assert "No. Do it." in text(skill_run.refused("improve", None, "No.", "do it"))


def test_what_an_improvement_and_a_deployment_came_to_is_told() -> None:
    def improved(*, kept: bool = True, decided: bool = True, session: str | None = "s", handled: int = 0, dry_run: bool = False) -> str:
        return text(skill_run.improved("a", kept=kept, decided=decided, why="because", session=session, handled=handled, dry_run=dry_run))

    assert "a better version was kept (session s): because" in improved()
    assert "nothing better was found: because; 2 complaints handled" in improved(kept=False, session=None, handled=2)
    assert "nothing was decided (session s): because" in improved(kept=False, decided=False)
    assert "would be tried" in improved(dry_run=True)
    assert "is in its place" in text(skill_run.deployed("a", "s", dry_run=False))
    assert "would be in its place" in text(skill_run.deployed("a", "s", dry_run=True))
    assert "takes it back" in text(skill_run.watched("a", "regressed", None))
    assert "version v is back" in text(skill_run.watched("a", "regressed", "v"))
    assert "too little" in text(skill_run.watched("a", "unmeasured", None))


def test_what_a_judge_is_asked_and_finds_is_told() -> None:
    system, user = judging.fits("a", [Part("prompt", "do it")], Fence("fence", "canary"))
    assert ["fence" in system.text, "<<<fence prompt\ndo it\nfence>>>" in user.text, "canary" in user.text] == [True, True, True]
    cost = Cost(Usage(1, 1), 0.5, Sure.EXACT)
    told = text(skills.judged("a", "m", fitting=2, others=1, failed=1, capped=True, cost=cost))
    assert all(one in told for one in ("3 prompts for a by m: 2 missed, 1 rightly silent", "for 1 prompt", "a cap on", "$0.50"))
    quiet = text(skills.judged("a", "m", fitting=0, others=1, failed=0, capped=False, cost=replace(cost, usd=None)))
    assert not any(one in quiet for one in ("no answer", "ended", "cost"))
    assert "a judge about 2 prompts" in text(skills.planned("a", "", 2))


def test_what_turns_took_is_told() -> None:
    fired, silent, none = Effort(2, 2, 2400, 1, 1), Effort(3, 1, 800, 0, 0), Effort(0, 0, 0, 0, 0)
    told = text(skills.took(fired, silent))
    assert ["1,200 in a turn" in told, "; 800 in turns" in told, "1 of 2 turns in which it ran; in 0 of 3" in told] == [True] * 3
    assert "did not" not in text(skills.took(fired, none))
    assert text(skills.took(none, silent)) == ""
    assert text(skills.took(Effort(1, 0, 0, 0, 0), none)) == ""


def test_the_demo_says_how_it_ended() -> None:
    assert ["better description" in demos.closing("/f", 3.2, well=well) for well in (True, False)] == [True, False]
