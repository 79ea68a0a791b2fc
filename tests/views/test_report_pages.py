"""A report as a page of HTML and as Markdown: it stands alone, is small, and text from elsewhere is text."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from tests.core.long_session import claimed, session
from tests.core.session import at, segment
from tests.views.test_dashboard import NOW, ledgers, state_of

from autotune.core.ledger.events import SegmentOpened
from autotune.core.ledger.fold import begin
from autotune.core.model import Arm, Effect, Status
from autotune.core.tell.full_report import A_FILE, A_PULL_REQUEST, Diff, Gathered, full_report
from autotune.core.tell.lines import Tone
from autotune.core.tell.plots import EffectsPlot, Point, SamplesPlot, effects_plot
from autotune.core.tell.story import stories
from autotune.views import markdown, page, svg

if TYPE_CHECKING:
    from autotune.core.ledger.lines import Event

EVIL = (
    '</pre><script>alert("1")</script><img src=http://x.example/ onerror=alert(1)>&amp;'
    "\u202e`b` |c| [d](http://e.example) @someone #12 GH-3"
)
VOID = {"meta", "br"}


class Elements(HTMLParser):
    """Every element of a page with its attributes, and its text; raises AssertionError where one is closed that is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(text: str) -> Elements:
    found = Elements()
    found.feed(text)
    found.close()
    return found


def of(count: int, keeps: float = 0.1, **settings: object) -> str:
    state, found = session(count, keeps, **settings)  # type: ignore[arg-type]
    return page.html(full_report(claimed(state) if count > 3 else state, at(10**5), found))


@pytest.mark.parametrize(("count", "keeps"), [(3, 0.5), (500, 0.1), (500, 1.0)])
def test_a_page_is_small_however_many_experiments_there_were(count: int, keeps: float) -> None:
    assert len(of(count, keeps).encode()) < 1_000_000


def test_a_page_of_long_words_and_changes_is_small_too() -> None:
    assert len(of(500, 0.2, words=lambda _: "<" * 300, diff="+<<<<<<<<<<<<\n" * 100_000).encode()) < 1_000_000


def test_a_page_asks_for_nothing_and_runs_nothing() -> None:
    found = parsed(of(20, 0.3))
    assert not {name for name, _ in found.found} & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    addresses = [attributes[one] for _, attributes in found.found for one in ("href", "src", "action", "data") if one in attributes]
    assert all(str(one).startswith("#") for one in addresses)
    assert not [one for _, attributes in found.found for one in attributes if one.startswith("on")]
    style = Path(page.__file__).with_name("page.css").read_text("utf-8")
    assert not re.search(r"url\(|@import|https?:", style)
    anchors = {attributes.get("id") for _, attributes in found.found}
    assert {str(one)[1:] for one in addresses} <= anchors


def test_text_from_elsewhere_is_text_in_a_page() -> None:
    text = of(6, 0.5, words=lambda _: EVIL, diff=f"+{EVIL}\n-{EVIL}\n")
    plain = {name for name, _ in parsed(of(6, 0.5)).found}
    found = parsed(text)
    assert {name for name, _ in found.found} <= plain | {"code"}
    assert not [one for _, attributes in found.found for one in attributes if one.startswith("on")]
    assert '<script>alert("1")</script>' in found.text
    assert "\u202e" not in text


def test_what_stands_in_backticks_is_code_and_line_ends_stay() -> None:
    assert page._prose("a `b <c>` d\n`e") == "a <code>b &lt;c&gt;</code> d\n`e"


def test_a_diff_tells_what_came_and_what_went() -> None:
    found = page._diff(Diff(("--- a/x", "+++ b/x", "@@ -1,2 +1,2 @@", "-old", "+new", " same"), "more: `git show c`"))
    assert re.sub(r"\s", "", found).startswith(
        '<pretabindex="0"><b>---a/x+++b/x</b><i>@@-1,2+1,2@@</i><del>-old</del><ins>+new</ins>same</pre>'
    )
    assert "<code>git show c</code>" in found
    assert page._diff(None) == page._diff(Diff((), "")) == ""
    assert "<pre" not in page._diff(Diff((), "more"))


def test_a_new_segment_is_set_apart_and_values_stand_with_effects_where_they_can_be_compared() -> None:
    state, found = session(4, 0.0)
    rows = tuple(replace(row, segment=1 + row.index // 3) for row in found.rows)
    report = full_report(state, NOW, replace(found, rows=rows))
    assert page.html(report).count('class="apart"') == 1
    assert markdown.markdown(report).count("| | segment 2 |") == 1
    assert page._figure("12", "-3 %") == "-3 % (12)"
    assert page._figure("12", "") == page._figure("", "") == ""


# Markdown


@pytest.mark.parametrize("words", ["words that say what was done " * 20, "&" * 400])
def test_markdown_fits_into_a_pull_request(words: str) -> None:
    state, found = session(500, 0.1, words=lambda number: f"{number} {words}", diff="+&&&&\n" * 10_000)
    told = markdown.for_pull_request(partial(full_report, claimed(state), NOW, found))
    assert len(told) <= markdown.LONGEST
    assert told.count("\n| ") > 20


def test_text_from_elsewhere_is_text_in_markdown_and_names_nobody() -> None:
    told = markdown.prose(EVIL)
    assert "`b`" in told
    rest = re.sub(r"`[^`]*`", "", told)
    assert "<" not in rest
    assert not re.search(r"@\w|#12|GH-3|://|(?<!\\)[|\[\]]", rest)
    assert markdown.prose("*a* _b_ max_iterations ~c~ $d$ www.e.example") == (
        r"\*a\* \_b\_ max_iterations \~c\~ \$d\$ www&#8203;.e.example"
    )
    assert markdown.prose("a\n| `b|c`") == r"a \| <code>b\|c</code>"


def test_a_fence_is_longer_than_any_in_the_diff() -> None:
    told = markdown._diff(Diff(("+```", "+````"), "more"))
    assert re.findall("^`+", told, re.MULTILINE) == ["`````", "`````"]
    assert markdown._diff(None) == markdown._diff(Diff((), "more")) == ""


def test_both_pages_have_the_same_sections_and_effects() -> None:
    state, found = session(30, 0.3)
    report = full_report(state, NOW, found)
    html, plain = page.html(report), markdown.markdown(report)
    for one in report.sections:
        assert f">{one.title}</h2>" in html
        assert f"## {one.title}\n" in plain
        for row in one.rows:
            assert row.row.effect in html
            assert row.row.effect in plain


# Plots


def plot(*effects: Effect | None, relative: bool = True, kept: bool = True, claim: Effect | None = None) -> EffectsPlot:
    points = tuple(Point(number, effect, Tone.PLAIN, kept) for number, effect in enumerate(effects, 1))
    steps = tuple(0.9**number for number, _ in enumerate(effects, 1)) if kept else (1.0,) * len(effects)
    return EffectsPlot(points, steps, claim, relative, "words", "words of steps")


def ticks(drawn: str) -> list[str]:
    return re.findall(r"<span style=[^>]*>([^<]*)</span>", drawn)


def test_an_axis_has_round_effects_and_no_effect_among_them() -> None:
    assert ticks(svg.effects(plot(Effect(0.8, 0.7, 0.9), Effect(1.1, 1.0, 1.2)))) == ["0 %", "-20 %", "-10 %", "+10 %"]
    assert ticks(svg.effects(plot(Effect(0.01, 0.01, 0.01), Effect(100.0, 90.0, 110.0)))) == ["0 %", "-99 %", "-90 %", "x10", "x100"]
    assert ticks(svg.effects(plot(Effect(-2.0, -3.0, -1.0, relative=False), relative=False))) == ["0", "-2", "-1"]


def test_what_was_kept_what_was_not_and_what_failed_look_different() -> None:
    kept = svg.effects(plot(Effect(0.8, 0.7, 0.9), None))
    assert {"bar kept", "dot kept", "failed", "before"} == set(re.findall(r'path class="([^"]*)"', kept))
    rest = svg.effects(plot(Effect(0.8, 0.8, 0.8), kept=False))
    assert {"dot", "before"} == set(re.findall(r'path class="([^"]*)"', rest))


def test_steps_are_drawn_with_the_claim_where_something_was_kept() -> None:
    assert svg.steps(plot(Effect(0.8, 0.7, 0.9), kept=False)) == ""
    with_claim = svg.steps(plot(Effect(0.8, 0.7, 0.9), claim=Effect(0.9, 0.85, 0.95)))
    assert "claim" in with_claim
    assert "claim" not in svg.steps(plot(Effect(0.8, 0.7, 0.9)))


def test_all_places_lie_on_the_plot() -> None:
    state, found = session(60, 0.3)
    made = effects_plot(state, found.rows, found.segments)
    assert made is not None
    figures = [
        float(one) for path in re.findall(r' d="([^"]*)"', svg.effects(made) + svg.steps(made)) for one in re.findall(r"[0-9.]+", path)
    ]
    assert all(0 <= one <= svg.SIDE for one in figures)


def test_samples_that_are_all_the_same_have_one_number_beside_them() -> None:
    same = SamplesPlot(((Arm.CANDIDATE, 1.0), (Arm.INCUMBENT, 1.0)), (2,), ("1", "1"), dict.fromkeys(Arm, "words"))
    assert ticks(svg.samples(same)) == ["1"]
    apart = SamplesPlot(((Arm.CANDIDATE, 1.0), (Arm.INCUMBENT, 2.0)) * 2, (2, 4), ("1", "2"), dict.fromkeys(Arm, "words"))
    assert ticks(svg.samples(apart)) == ["2", "1"]
    assert svg.samples(apart).count('class="ends" d="M500.0 0V1000"') == 1


@given(ledgers())
@settings(max_examples=40, deadline=None)
def test_any_session_has_a_report(events: list[Event]) -> None:
    state = state_of(events)
    rows = state.recent.rows
    kept = {row.index for row in rows if row.status is Status.KEEP}
    segments = tuple(event for event in events if isinstance(event, SegmentOpened))
    found = Gathered(rows, segments, stories(events, kept), dict.fromkeys(kept, EVIL), 1)
    for room in (A_FILE, A_PULL_REQUEST):
        report = full_report(state, NOW, found, room)
        assert parsed(page.html(report)).open == []
        beside_changes = re.sub(r"(`{3,})diff\n.*?\n\1\n", "", markdown.markdown(report), flags=re.DOTALL)
        assert "<script" not in beside_changes


def test_a_session_that_has_just_begun_has_pages() -> None:
    report = full_report(begin(segment()), NOW, Gathered((), (segment(),), {}, {}, 0))
    assert parsed(page.html(report)).open == []
    assert "##" in markdown.markdown(report)
