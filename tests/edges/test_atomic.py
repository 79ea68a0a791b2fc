from __future__ import annotations

from pathlib import Path

from autotune.edges.atomic import lines_since


def test_what_ends_a_line_elsewhere_ends_none_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes('{"a": "b\u2028c\x85d"}\nand \xff\r\nhalf'.encode())
    assert lines_since(log, 0) == (['{"a": "b\u2028c\x85d"}', "and \xff"], len(log.read_bytes()) - 4)
