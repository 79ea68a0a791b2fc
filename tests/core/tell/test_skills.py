from __future__ import annotations

from dataclasses import replace

from autotune.core.skills.rates import LEAST, standing
from autotune.core.skills.seen import How, Offer, Shown
from autotune.core.skills.turns import Fired, Turn
from autotune.core.tell import skills
from autotune.core.tell.lines import Line, Tone

OFFER = Offer("tidy", Shown.FULL, "Tidies.")


def turn(text: str, how: How | None = None, *, shown: Shown = Shown.FULL, ran: bool = True, human: bool = True) -> Turn:
    fired = () if how is None else (Fired("tidy", how, "t", ran),)
    return Turn("s", "", "2026-11-29T05:03:30.190Z", text, human, {"tidy": replace(OFFER, shown=shown)}, fired)


def told(*turns: Turn) -> dict[str, str]:
    return {line.label: line.text for line in skills.explained(standing("tidy", turns), turns)}


def test_an_explanation_has_what_each_figure_is_made_of() -> None:
    fired = [turn("clean it", How.MODEL) for _ in range(LEAST)]
    said = told(*fired, turn("denied", How.MODEL, ran=False), turn("read", How.READ), turn("clean it", shown=Shown.NAME))
    assert said["offered"] == "in 8 turns of yours under its newest description: in full 88 %, name only 12 %"
    assert said["fired"] == "in 6 turns, 1 call denied; its file was read in 1 turn more; you typed it in 0 turns"
    assert said["recall"] == "100 % (61 to 100): 6 of 6 turns that fit"
    assert said["perhaps"].startswith("“clean it” (2026-11-29 05:03)")
    assert "label tidy" in said["next"]


def test_missed_triggers_are_named_by_prompt_the_newest_first() -> None:
    turns = [turn("sort a\nfile"), turn("/tidy", How.TYPED), turn("sort b"), turn("you forgot tidy")]
    lines = [line for line in skills.explained(standing("tidy", turns), turns) if line.label == "missed"]
    assert [line.text for line in lines] == [
        "“sort b” (2026-11-29 05:03): you said so in your next prompt",
        "“sort a file” (2026-11-29 05:03): you typed it right after",
    ]
    assert skills.table([standing("tidy", turns)])[1][-1] == "2"


def test_a_description_that_is_mostly_not_shown_is_the_next_thing_to_mend() -> None:
    assert "not shown" in told(*[turn("x", shown=Shown.NAME)] * 3)["next"]
    assert "next" not in told(turn("x"))


def test_other_descriptions_do_not_count() -> None:
    one = replace(standing("tidy", []), offered=0)
    (line,) = [line for line in skills.explained(one, [turn("x")]) if line.label == "offered"]
    assert line.text == "in 0 turns of yours under its newest description. 1 more, under other descriptions, do not count"


def test_a_table_tells_what_was_not_seen() -> None:
    headings, row = skills.table([standing("tidy", [])])
    assert dict(zip(headings, row, strict=True)) == {
        "skill": "tidy",
        "offered": "0",
        "fired": "0",
        "typed": "0",
        "recall": "unmeasured",
        "precision": "unmeasured",
        "shown": "not seen",
        "missed": "",
    }
    assert skills.table([standing("tidy", [turn("x", shown=Shown.CUT)])])[1][6] == "cut"


def test_a_share_has_the_tone_of_what_it_is() -> None:
    often = [turn(f"n{number}", How.MODEL) for number in range(LEAST)]
    seldom = [one for number in range(LEAST) for one in (turn(f"n{number}"), turn("/tidy", How.TYPED))]
    tones = [
        next(line.tone for line in skills.explained(standing("tidy", turns), turns) if line.label == "recall")
        for turns in ([], often, seldom)
    ]
    assert tones == [Tone.PLAIN, Tone.GOOD, Tone.FAIR]


def test_a_session_is_told_prompt_by_prompt() -> None:
    turns = [
        turn("do it", How.MODEL),
        turn("again", How.TYPED, human=False),
        turn("", How.READ),
        turn("so", How.MODEL, ran=False),
        turn(""),
    ]
    assert [line.text for line in skills.session(turns)] == [
        "“do it”: tidy fired",
        "“again”: tidy typed by you",
        "“”: tidy read as a file",
        "“so”: tidy fired, but did not run",
    ]
    assert [line.label for line in skills.session(turns)][1] == "05:03 (no human)"


def test_a_look_a_host_a_listing_a_question_and_labels_are_told() -> None:
    lines = list(skills.synced(2, 30, 400, {"codex": 1}, {"email": 2}))
    assert [line.label for line in lines] == ["read", "masked", "not read"]
    assert [line.label for line in skills.synced(0, 0, 0, {}, {})] == ["read"]
    assert [line.text for line in lines][1:] == ["2 emails", "1 line of codex that hold no JSON object"]
    assert [skills.host("pi", "/x", 0).tone, skills.host("pi", "/x", 2).text] == [Tone.QUIET, "2 files of sessions in /x"]
    assert skills.listing(turn("x")) == Line("listing", "1 skill in 15 characters, 1 with a description")
    assert skills.listing(turn("x", shown=Shown.NAME)).tone is Tone.BAD
    assert skills.listing(turn("x", shown=Shown.CUT)).text.endswith("; 1 cut")
    assert skills.question(turn("x", How.MODEL), "tidy").text == "“x” (it fired)"
    assert skills.question(turn("x"), "tidy").text == "“x” (it was silent)"
    assert skills.labelled({1: True, 2: False}, "tidy").text == "2 prompts for tidy: 1 fit, 1 do not"
    assert "since 2026-11-01" in skills.below(1, 1, "2026-11-01T00:00:00Z")
    assert "since" not in skills.below(0, 0, "")
