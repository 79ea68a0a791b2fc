"""What an archive says that it holds: read strictly, and written the same each time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from autotune.core.handover import manifest
from autotune.core.handover.manifest import PARTS, Manifest, Member
from autotune.errors import AutotuneError

COMMIT, HASH = "0123456789" * 4, "0123456789abcdef" * 4
WHOLE = Manifest(
    form=manifest.FORM,
    version="1.0",
    session="x-1",
    branch="autotune/x-1",
    base=COMMIT,
    chain=HASH,
    refs={"refs/heads/autotune/x-1": COMMIT, "refs/autotune/x-1/1": COMMIT, "refs/autotune/x-1/2.formatted": COMMIT},
    files={**{name: Member(1, HASH) for name in PARTS}, "runs/0/1/baseline-1-incumbent.log": Member(0, HASH)},
    withheld={"3": HASH},
    carried=("build",),
    variables=("TOKEN",),
)


def test_what_is_written_is_read_again_and_the_same_each_time() -> None:
    text = manifest.written(WHOLE)
    assert manifest.read(text, "x") == WHOLE
    assert manifest.written(manifest.read(text, "x")) == text
    assert WHOLE.outputs == ("runs/0/1/baseline-1-incumbent.log",)
    assert WHOLE.hashes == {3: HASH}


@pytest.mark.parametrize(
    "changed",
    [
        {"session": "../x", "branch": "autotune/../x"},
        {"session": "x.lock", "branch": "autotune/x.lock"},
        {"branch": "main"},
        {"base": "HEAD"},
        {"chain": "x"},
        {"withheld": {"3": "x"}},
        {"withheld": {"0": HASH}},
        {"refs": {"refs/autotune/x-1/1": COMMIT}},
        {"refs": {**WHOLE.refs, "refs/heads/main": COMMIT}},
        {"refs": {**WHOLE.refs, "refs/autotune/x-1/../y": COMMIT}},
        {"refs": {**WHOLE.refs, "refs/autotune/x-1/1": "-x"}},
        {"files": {"autotune.jsonl": Member(1, HASH)}},
        {"files": {**WHOLE.files, "bundle.json": Member(1, HASH)}},
        {"files": {**WHOLE.files, "runs/../x": Member(1, HASH)}},
        {"files": {**WHOLE.files, "samples.csv": Member(-1, HASH)}},
        {"files": {**WHOLE.files, "samples.csv": Member(1, "x")}},
    ],
)
def test_what_leads_elsewhere_or_is_no_value_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(AutotuneError, match="not a bundle as autotune makes it"):
        manifest.read(manifest.written(replace(WHOLE, **changed)), "x")


@pytest.mark.parametrize("text", [b"", b"no json", b"\xff", b"[" * 100_000, json.dumps({"form": manifest.FORM}).encode()])
def test_what_is_no_list_is_refused(text: bytes) -> None:
    with pytest.raises(AutotuneError, match="cannot be read"):
        manifest.read(text, "x")


@pytest.mark.parametrize("text", [b"[]", b"3", manifest.written(replace(WHOLE, form=2))])
def test_another_form_is_refused(text: bytes) -> None:
    with pytest.raises(AutotuneError, match="this version"):
        manifest.read(text, "x")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("bundle.json", True),
        ("autotune.jsonl", True),
        ("runs/1/a.log", True),
        ("runs/", False),
        ("runs/.x", False),
        ("runs/1/../x", False),
        ("runs//x", False),
        ("/runs/x", False),
        ("runs/1/2/3/4/5/6", False),
        ("runs/a\n", False),
        ("autotune.sh", False),
    ],
)
def test_names_of_members(name: str, is_one: bool) -> None:  # noqa: FBT001
    assert manifest.is_member(name) is is_one
