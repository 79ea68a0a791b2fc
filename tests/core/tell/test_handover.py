"""The words of branches that are handed over."""

from __future__ import annotations

import re

from tests.core.session import folded, result, segment

from autotune.core.facts import Fact, Kind, whole
from autotune.core.handover.messages import Measurement
from autotune.core.handover.plan import Change, Standing
from autotune.core.ledger.fold import begin
from autotune.core.model import Effect, Status
from autotune.core.tell.handover import Part, body, lines

GAIN = Effect(0.8, 0.75, 0.85)
STATE = folded(
    begin(segment(checks="make `test`")),
    result(0, baseline=True, status=Status.KEEP),
    result(
        1,
        status=Status.KEEP,
        effect=GAIN,
        reason=whole(Fact(Kind.BETTER), GAIN, 100.0, 20.0, 6, "s"),
        description="Use <b>a set</b> for @all\nand `more` of it",
    ),
    result(2, status=Status.KEEP, effect=GAIN, reason=whole(Fact(Kind.BETTER), GAIN, 100.0, 20.0, 5, "s"), confirmed=False),
    result(3, status=Status.KEEP, effect=GAIN, forced=True),
    result(4, status=Status.KEEP),
)
ROWS = {row.index: row for row in STATE.recent.kept}


def part(number: int | None, on: str | None, **changed: object) -> Part:
    change = Change("c" * 40, number, "By hand" if number is None else ROWS[number].description.partition("\n")[0], {"src/a.py": None})
    values: dict[str, object] = {
        "name": f"fast/{number}",
        "title": change.title,
        "standing": Standing.MADE,
        "commit": "c" * 40,
        "parent": "b" * 40,
        "on": on,
        "base": None,
        "shared": ("src/a.py",) if on else (),
        "changes": (change,),
        "measured": None,
    }
    return Part(**{**values, **changed})  # type: ignore[arg-type]


def test_a_branch_is_shown_with_what_it_stands_on_and_how_sure_its_gain_is() -> None:
    said = Measurement("improved: 20 % lower", ("fast/1", "fast/2"), "the checks failed: exit 1")
    assert lines(part(1, None), ROWS, "s")[:2] == ("fast/1 (made, cccccccccccc)", "  on        bbbbbbbbbbbb (where the session began)")
    assert lines(part(1, None, base="main", standing=Standing.EMPTY), ROWS, "s")[:2] == (
        "fast/1 (empty)",
        "  on        bbbbbbbbbbbb (main)",
    )
    assert lines(part(2, "fast/1", measured=said), ROWS, "s")[1:] == (
        "  on        fast/1; both change src/a.py",
        "  change    2: 20.0 % lower (from 15.0 to 25.0), unconfirmed: an idea",
        "  measured  improved: 20 % lower",
        "  warning   gains nothing without fast/1, fast/2",
        "  warning   the checks failed: exit 1",
    )
    for number, words in {
        3: "20.0 % lower (from 15.0 to 25.0), kept by force: an idea",
        4: "kept: an idea",
        None: "made by hand: By hand",
    }.items():
        assert lines(part(number, None), ROWS, "s")[2].partition(": ")[2] == words


def test_what_a_proposer_wrote_can_be_no_markup_in_a_pull_request() -> None:
    text = body([part(1, None)], 0, ROWS, STATE)
    assert "Use &lt;b&gt;a set&lt;/b&gt; for &#64;all and \\`more\\` of it (`src/a.py`)" in text
    assert "`` make `test` `` passed too" in text
    assert "stands on the base alone" in text
    assert "of this session" not in text


def test_a_pull_request_says_where_its_branch_stands_and_what_it_needs() -> None:
    files = {f"src/{number}.py": None for number in range(9)}
    many = Change("d" * 40, None, "By hand", files)
    parts = [
        part(1, None),
        part(2, "fast/1", measured=Measurement("improved: 20 % lower", ("fast/1",), "the *checks* failed")),
        part(None, "fast/2", changes=(many,), shared=(), measured=Measurement("no measurable improvement")),
        part(4, None, standing=Standing.EMPTY),
    ]
    first, second, third = (body(parts, place, ROWS, STATE) for place in range(3))
    assert "others stand on it" in first
    assert "merge that first. Both change `src/a.py`." in second
    assert "**Careful:** it gains nothing without `fast/1`." in second
    assert "on this branch, the \\*checks\\* failed." in second
    assert "merge that first.\n" in third
    assert "and 1 more)" in third
    assert "**no measurable improvement**" in third
    assert "Careful" not in third
    assert re.findall(r"^\d\. .*$", second, re.MULTILINE) == ["1. `fast/1`", "2. **`fast/2`**", "3. `fast/None`"]
