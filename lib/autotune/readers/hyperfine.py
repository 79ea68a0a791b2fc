"""hyperfine's results, as `--export-json` writes them: `mean`, `median`, `times` and the like of each command, in seconds."""

from __future__ import annotations

from collections.abc import Sequence

from autotune.core.facts import Fact
from autotune.core.findings import Unread
from autotune.readers.reading import Document, Reading, numbers_of, object_of, objects, text_of

_TIMES = frozenset(("mean", "median", "min", "max", "user", "system", "times"))


def read(documents: Sequence[Document]) -> Reading:
    """Take every command's figures; one that failed in a run, which hyperfine was told to ignore, has none."""
    reading = Reading()
    results = [one for document in documents for one in objects(object_of(document.json(), "results").get("results"), "results")]
    for result in results:
        command, codes = text_of(result, "command"), result.get("exit_codes")
        failed = [code for code in codes if code != 0] if isinstance(codes, list) else []
        for metric, values in numbers_of(result):
            if metric == "exit_codes":
                continue
            if failed:
                reading.reject(metric, command, command, Fact(Unread.COMMAND_FAILED_IN_IT, {"runs": len(failed), "code": failed[0]}))
            else:
                reading.put(metric, command, *values, time=metric in _TIMES)
    return reading
