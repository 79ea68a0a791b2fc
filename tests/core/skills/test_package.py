from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from skills_ref import validate

from autotune.core.skills.package import MOST_LISTED, PLACEHOLDER, Flaw, Package, Rule, anchors, flaws


def package(head: str = "name: a\ndescription: Does things.", body: str = "# A\n", files: Mapping[str, str] | None = None) -> Package:
    texts = {"SKILL.md": f"---\n{head}\n---\n{body}", **(files or {})}
    return Package("a", {path: text.encode() for path, text in texts.items()})


def rules(found: Package) -> list[Rule]:
    return [one.rule for one in flaws(found)]


HEADS = (
    *("name: A\ndescription: x", "name: a--a\ndescription: x", "name: -a\ndescription: x", "name: a_b\ndescription: x"),
    *(f"name: {'a' * 65}\ndescription: x", "name: b\ndescription: x", "name:\ndescription: x", "description: x", "name: a"),
    *(f"name: a\ndescription: {'x' * count}" for count in (1024, 1025)),
    *(f"name: a\ndescription: x\ncompatibility: {'x' * count}" for count in (500, 501)),
    *("name: a\ndescription: x\ncompatibility:\n  - x", "name: a\ndescription: x\nfoo: bar", "name: a\t\ndescription: x"),
    *("name: a\ndescription: Use: when", "name: a\ndescription: x\nallowed-tools: [Read]", "name: a\ndescription: 'x"),
    *("name: a\nname: a\ndescription: x", "name: a\ndescription: @x", "name: a\ndescription: &x y", "name: a\ndescription: !!int 3"),
    *("name: a\ndescription: |x", 'name: a\ndescription: "x" y', "- a\n- b", "name: a\n\tdescription: x", "name: a\r\ndescription: x\r"),
    *("name: 'a'\ndescription: >-\n  x\n\n  y", "# none\nname: a # a\ndescription: x\n  y", 'name: "a"\ndescription: "x: \\"y\\""'),
    *('name: a\ndescription: "x\nmodel: y"', "name: a\ndescription: x\x85y", "name: a\ndescription: x\u2028y", "name: a\ndescription: x\r"),
    "name: a\ndescription: x\nlicense: MIT\nmetadata:\n  author: me\nallowed-tools: Read Write\ncompatibility: x",
)


@pytest.mark.parametrize("head", HEADS)
def test_the_specification_is_held_by_its_validator(tmp_path: Path, head: str) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "SKILL.md").write_bytes(package(head).files["SKILL.md"])
    found = flaws(package(head))
    assert {one.rule for one in found} <= {Rule.SPECIFICATION, Rule.DOUBTFUL, Rule.UNREADABLE}
    assert bool(found) == bool(validate(folder))
    assert all(one.stops for one in found)


@pytest.mark.parametrize(
    ("head", "rule", "line", "about"),
    [
        ("name: a\ndescription: x\nfoo: bar", Rule.SPECIFICATION, None, "foo"),
        ("name: a\ndescription: Use: when", Rule.DOUBTFUL, 3, "colon"),
        ("model: [x,\n  y]\nname: a\ndescription: Use: when", Rule.DOUBTFUL, 5, "colon"),
        ("name: a\nhooks:\n- x\n\ndescription: x\t", Rule.SPECIFICATION, 6, "cannot start"),
        ("name: a\ndescription: 'x", Rule.UNREADABLE, 3, "quote"),
        ("name: a\ndescription: x\x1by\nmodel: [x]", Rule.DOUBTFUL, 3, "control"),
        ("name: a\nmodel: x\ndescription: x --- y\n# ---\nfoo: bar", Rule.DOUBTFUL, 4, "fence"),
    ],
)
def test_what_is_refused_names_its_line_and_the_cause(head: str, rule: Rule, line: int | None, about: str) -> None:
    (found,) = flaws(package(head))
    assert (found.rule, found.line) == (rule, line)
    assert about in found.about


@pytest.mark.parametrize(
    "head",
    [
        "name: a\ndescription: x",
        "name: a\ndescription: x\nlicense: MIT\nmetadata:\n  author: me\nallowed-tools: Read Write\ncompatibility: x",
        "name: a\ndescription: x\nmodel: haiku\nargument-hint: [number]\nwhen_to_use: often\nhooks:\n  Stop:\n    - x: y",
        "name: a\nmodel: @x\n# no: field\ndescription: x\npaths: {a, b}\n'version' : 1: 2",
        'name: a\npaths:\n-\n  x\n- [y]\nwhen_to_use: "x\ny: z"\ndescription: x',
    ],
)
def test_fields_of_the_specification_and_of_the_host_are_allowed(head: str) -> None:
    assert flaws(package(head)) == ()


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    found = flaws(Package("a", {"SKILL.md": b"---\nname: a\ndescription: x\n---\ncaf\xe9\n"}))
    assert found == (Flaw(Rule.UNREADABLE, "SKILL.md", 5, "not UTF-8"),)


def test_a_folder_without_its_file_is_no_skill() -> None:
    assert flaws(Package("a", {"skill.md": b"x"})) == (Flaw(Rule.NO_FILE),)
    assert [Package("a", {}).head, Package("a", {}).listed] == [None, ""]


def test_links_and_headings_have_to_be_there() -> None:
    body = (
        "# A b\n[one](references/x.md) [two](references/y.md) [three](references/x.md#more) [four](#a-b) [five](#c)\n"
        "[six](https://x.org/none) [seven](../other/SKILL.md) [eight](/etc/hosts) ![nine](assets/p.png) [ten](references)\n"
        "`[no](link.md)` and `scripts/run.sh` and `./references/x.md`\n```\n[no](code.md)\n```\n[ref]: none.md\n"
    )
    found = flaws(package(body=body, files={"references/x.md": "## More\n[back](../SKILL.md) `scripts/z.py`\n", "scripts/z.py": ""}))
    assert [(one.rule, one.path, one.line, one.about) for one in found] == [
        (Rule.LINK_LOST, "SKILL.md", 6, "references/y.md"),
        (Rule.ANCHOR_LOST, "SKILL.md", 6, "#c"),
        (Rule.LINK_LOST, "SKILL.md", 7, "assets/p.png"),
        (Rule.LINK_LOST, "SKILL.md", 12, "none.md"),
        (Rule.LINK_OUTSIDE, "SKILL.md", 7, "../other/SKILL.md"),
        (Rule.FILE_LOST, "SKILL.md", 8, "scripts/run.sh"),
    ]
    assert [one.stops for one in found] == [True, True, True, True, False, False]


def test_headings_of_the_same_words_are_told_apart() -> None:
    assert anchors("# A `b`!\n## A b ##\n# A b\n```\n# no\n```\n<a id='own'></a>\n#hash\n") == {"a-b", "a-b-1", "a-b-2", "own"}


def test_what_is_long_or_empty_is_noted_and_does_not_stop() -> None:
    assert rules(package(body="")) == [Rule.EMPTY]
    assert rules(package(body="x\n" * 501)) == [Rule.LONG]
    found = flaws(package(f"name: a\ndescription: x\nwhen_to_use: {'x' * MOST_LISTED}"))
    assert [(one.rule, one.stops) for one in found] == [(Rule.CUT, False)]


def test_a_description_that_nobody_has_written_yet_stops() -> None:
    assert rules(package(f'name: a\ndescription: "{PLACEHOLDER}"')) == [Rule.PLACEHOLDER]


def test_the_listing_shows_description_and_occasion_on_one_line() -> None:
    assert package("name: a\ndescription: |\n  one\n  two\nwhen_to_use: often").listed == "one two - often"
    assert package().listed == "Does things."


def test_a_fingerprint_tells_names_modes_and_contents_but_not_tests() -> None:
    one = Package("a", {"SKILL.md": b"x", "b": b"y"})
    assert len(one.fingerprint) == 16
    assert one.fingerprint == Package("other", {"b": b"y", "SKILL.md": b"x", "evals/evals.json": b"{}"}).fingerprint
    others = (Package("a", {"SKILL.md": b"x", "c": b"y"}), Package("a", {"SKILL.md": b"xy"}), Package("a", one.files, frozenset({"b"})))
    assert one.fingerprint not in {other.fingerprint for other in others}


@pytest.mark.parametrize("place", ["templates", "assets"])
def test_a_templates_links_are_of_what_is_made_of_it(place: str) -> None:
    body = f"[report]({place}/report.md)\n"
    report = "![what was seen](screenshots/1.png) `scripts/z.py`\n"
    assert list(flaws(package(body=body, files={f"{place}/report.md": report}))) == []
    assert [one.rule for one in flaws(package(body=body))] == [Rule.LINK_LOST]
