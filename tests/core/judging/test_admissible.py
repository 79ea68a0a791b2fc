"""What people wrote reaches no pack, nor do addresses and secrets; what is protected stays."""

import pytest

from autotune.core.judging.admissible import Flaw, flaws, leaks
from autotune.core.judging.packs import LONGEST_READ, MOST_DEMOS_READ, Pack

NAME = "response-quality"
PROTECTED = ("Never give legal advice.",)
BEFORE = Pack(NAME, "Never give legal advice. Write to help@example.org or https://example.org.")
USER = "My landlord raised the rent twice this year, can he really do that?"


def found(instructions: str, *demos: tuple[str, str]) -> set[Flaw]:
    return set(flaws(Pack(NAME, instructions, demos), BEFORE, PROTECTED, [USER, "Is it legal to park here?", "ok"]))


def test_a_pack_that_keeps_to_the_rules_has_no_flaw() -> None:
    assert found(f"{BEFORE.instructions} Be brief.", ("How long is a mile?", "1.6 km.")) == set()


@pytest.mark.parametrize(
    ("instructions", "flaw"),
    [
        ("Be brief.", Flaw.PROTECTED_GONE),
        ("Never give legal advice. " * (LONGEST_READ // 24), Flaw.TOO_LONG),
        ("Never give legal advice. See http://evil.example/x", Flaw.ADDRESS),
        ("Never give legal advice. See www.evil.example", Flaw.ADDRESS),
        ("Never give legal advice. Ask 10.1.2.3.", Flaw.ADDRESS),
        ("Never give legal advice. Write to me@evil.example and help@example.org", Flaw.SECRET),
        ("Never give legal advice. Use sk-proj-a8Fk29dkQ02mZp1Lx73v", Flaw.SECRET),
        ("Never give legal advice. E.g. landlord raised the rent twice -- this year, can he", Flaw.COPIED),
        ("Never give legal advice. IS IT LEGAL to park here", Flaw.COPIED),
        (" ", Flaw.EMPTY),
    ],
)
def test_each_flaw_is_found(instructions: str, flaw: Flaw) -> None:
    assert flaw in found(instructions)


def test_examples_are_looked_at_too() -> None:
    assert Flaw.COPIED in found(BEFORE.instructions, ("Hm", USER))
    assert Flaw.EMPTY in found(BEFORE.instructions, ("Hm", ""))
    assert found(BEFORE.instructions, *[("a", "b")] * (MOST_DEMOS_READ + 1)) == {Flaw.TOO_MANY_EXAMPLES}


def test_what_was_in_the_pack_before_may_stay() -> None:
    before = Pack(NAME, f"Never give legal advice. {USER} Is it legal to park here?")
    assert flaws(Pack(NAME, f"{before.instructions} Ok."), before, PROTECTED, [USER, "Is it legal to park here?"]) == ()


def test_a_pack_takes_no_secret_and_no_address_out_but_in_lines_that_the_one_before_has() -> None:
    said = Pack(NAME, "See https://example.org/x.\nWrite to me@example.org.\nBe brief.")
    assert leaks(said, None) == ("URL", "email")
    assert leaks(said, Pack(NAME, "Write to me@example.org.")) == ("URL",)
    assert leaks(said, said) == ()
