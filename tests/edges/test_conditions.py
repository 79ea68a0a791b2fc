"""What the system refuses for a reason that lies outside autotune."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from autotune.edges.conditions import conditions, refused_by_system
from autotune.errors import AutotuneError


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE])
def test_a_condition_is_named_with_the_file_it_was_met_at(number: int) -> None:
    found = refused_by_system(OSError(number, os.strerror(number), "/a/b"))
    assert found is not None
    assert found.message == f"/a/b: {os.strerror(number)}."
    assert found.hint
    nameless = refused_by_system(OSError(number, os.strerror(number)))
    assert nameless is not None
    assert os.strerror(number) in nameless.message


def test_a_folder_that_went_away_is_named_and_a_file_that_is_missing_in_one_is_no_condition(tmp_path: Path) -> None:
    with pytest.raises(AutotuneError, match="/gone"), conditions():
        (tmp_path / "gone" / "file").read_bytes()
    with pytest.raises(FileNotFoundError), conditions():
        (tmp_path / "file").read_bytes()
    with pytest.raises(ZeroDivisionError), conditions():
        raise ZeroDivisionError
    assert refused_by_system(ZeroDivisionError()) is None


def test_a_name_that_is_no_text_is_shown_as_it_is() -> None:
    with pytest.raises(AutotuneError, match="udcff"), conditions():
        "a\udcff".encode()
    assert refused_by_system(UnicodeEncodeError("ascii", "ä", 0, 1, "ordinal not in range(128)")) is None


def test_nowhere_to_put_what_is_temporary_is_a_condition(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "gone")])
    monkeypatch.setattr(tempfile, "tempdir", None)
    with pytest.raises(AutotuneError, match="temporary"), conditions():
        tempfile.mkdtemp()
