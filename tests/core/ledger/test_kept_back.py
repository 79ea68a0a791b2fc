"""The log's copy: what single cases did that decide, or are held out, is not in it before the session has finished."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.core.ledger.test_scored import ALIKE, made, opened

from autotune.core.facts import quoted
from autotune.core.ledger import kept_back
from autotune.core.ledger.events import Noted, Ran
from autotune.core.ledger.lines import Event, from_line, to_line
from autotune.core.ledger.purposes import Purpose
from autotune.core.model import Arm, Outcome, Part

HIDDEN = "a secret"
RAN = replace(
    made(opened(), Purpose.CLAIM, Arm.CANDIDATE, ALIKE),
    why=quoted(HIDDEN),
    unscored={"3": HIDDEN},
    malformed=(HIDDEN,),
    earlier={HIDDEN: {"lowest": 0.125, "highest": 0.25}},
    repeated={HIDDEN: {"lowest": 0.125, "highest": 0.25}},
)


def line(event: Event) -> bytes:
    return to_line(event, "0" * 64)


@pytest.mark.parametrize("part", [Part.CONFIRM, Part.HELD_OUT])
def test_a_run_on_cases_that_decide_or_are_held_out_has_no_values_and_no_reasons(part: Part) -> None:
    copied = kept_back.shown(line(replace(RAN, part=part)))
    body = json.loads(copied)
    assert body["metrics"] == {}
    assert body["kept_back"] is True
    assert HIDDEN.encode() not in copied
    assert b"t[" not in copied
    assert copied.endswith(b'"prev":"' + b"0" * 64 + b'"}\n')
    found = from_line(copied)
    assert isinstance(found, Ran)
    assert (found.part, found.cases, found.outcome, found.log) == (part, RAN.cases, Outcome.OK, RAN.log)
    assert kept_back.shown(copied) == copied


@pytest.mark.parametrize(
    "event", [replace(RAN, part=Part.SEARCH), replace(RAN, part=None), Noted('"part":"confirm"', "2026-01-01T00:00:00+00:00")]
)
def test_any_other_line_is_the_same_bytes(event: Event) -> None:
    assert kept_back.shown(line(event)) == line(event)


def test_a_line_that_only_names_the_part_or_is_damaged_is_the_same_bytes() -> None:
    for text in (
        b'{"type":"draw","part":"confirm"}\n',
        b'{"type":"run","why":{"part":"confirm"}}\n',
        b'{"part":"confirm"\n',
        b'"part":"confirm"\n',
    ):
        assert kept_back.shown(text) == text


def test_a_copy_is_known_in_both_forms_and_an_edited_one_is_not() -> None:
    truth = line(replace(RAN, part=Part.SEARCH)) + line(replace(RAN, part=Part.CONFIRM)) + line(replace(RAN, part=None))
    copy = kept_back.copied(truth)
    assert kept_back.copied(truth, finished=True) == truth != copy
    assert copy.count(b"\n") == truth.count(b"\n")
    assert all(kept_back.is_copy(one, truth) for one in (copy, truth, b"", copy[:-9], truth[:-9]))
    assert not kept_back.is_copy(copy.replace(b"x.log", b"y.log"), truth)
    assert not kept_back.is_copy(copy + b"{}\n", truth)
    assert kept_back.lacks(copy)
    assert not kept_back.lacks(truth)
