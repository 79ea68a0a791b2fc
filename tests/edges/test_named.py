"""Every command that is given a file reads it in the same way, and refuses it in the same words."""

from __future__ import annotations

from pathlib import Path

import pytest

from autotune.edges import named
from autotune.errors import AutotuneError


def test_a_file_is_read_or_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("ä\r\n".encode())
    (tmp_path / "b").write_bytes(b"\xff")
    assert [named.text(tmp_path / "a"), named.content(tmp_path / "b")] == ["ä\r\n", b"\xff"]
    for read, name in ((named.content, "none"), (named.content, "."), (named.text, "none"), (named.text, "b")):
        with pytest.raises(AutotuneError) as refused:
            read(tmp_path / name)
        assert str(tmp_path / name) in refused.value.message
