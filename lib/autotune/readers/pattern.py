"""A regular expression of one's own, held against every printed line: its groups are the metrics."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autotune.core.facts import Fact, UnreadError
from autotune.core.findings import LeftAside, Unread
from autotune.core.output.metrics import LONGEST_LINE
from autotune.readers.reading import Document, Reading

CASE = "case"  # the group that names the case that a line is about


def read(documents: Sequence[Document], pattern: str, metric: str) -> Reading:
    """Take the groups of every match: a named group is the metric of its name, one without a name is `metric`, `case` names a case.

    A match ends with its line, and lines of more than 4,096 characters are left aside: an expression that tries many ways to match takes
    its time for each character.
    """
    reading, wanted = Reading(), re.compile(pattern)
    for document in documents:
        for line in document.lines:
            if len(line) > LONGEST_LINE:
                reading.ignored[LeftAside.LONG_LINES] += 1
                continue
            for found in wanted.finditer(line):
                groups = found.groupdict() if wanted.groupindex else {metric: found[1]}
                case = (groups.pop(CASE, None) or "") if wanted.groupindex else ""
                for name, value in groups.items():
                    if value is None:
                        reading.reject(name, case, line.strip(), Fact(Unread.GROUP_UNMATCHED))
                    else:
                        reading.put(name, case, value.strip())
    if not reading.values and not reading.malformed:
        raise UnreadError(Unread.NO_MATCH, pattern=pattern)
    return reading
