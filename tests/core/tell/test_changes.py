"""Lines of a change are what git means by them, whatever they begin with."""

from __future__ import annotations

from autotune.core.tell import changes

DIFF = """diff --git a/x.sql b/x.sql
index 1..2 100644
--- a/x.sql
+++ b/x.sql
@@ -1,3 +1,3 @@ select
 same
--- a comment that goes
+++ a line that comes
diff --git a/old b/new
rename from old
rename to new""".splitlines()


def test_a_removed_line_that_begins_like_a_file_is_no_file() -> None:
    found = [(kind, len(lines)) for kind, lines in changes.parts(DIFF)]
    assert found == [("file", 4), ("place", 1), ("same", 1), ("removed", 1), ("added", 1), ("file", 3)]
    assert not list(changes.parts([]))
