"""Why what a benchmark printed or wrote is no value, and what of it is left aside, in words: parts of sentences."""

from __future__ import annotations

from collections.abc import Mapping

from autotune.core.facts import AnyKind
from autotune.core.findings import LeftAside, Unread
from autotune.core.output.metrics import LONGEST_LINE, MOST_NAMES

WORDS: Mapping[AnyKind, str] = {
    Unread.MARK_BEFORE_METRIC: "a byte-order mark or a NUL byte stands before METRIC",
    Unread.LINE_TOO_LONG: "the line is longer than {most:,} bytes",
    Unread.LINE_NOT_UTF8: "the line is not valid UTF-8",
    Unread.NO_SPACE: "no space follows METRIC",
    Unread.NO_EQUALS: "there is no = after a name",
    Unread.NAME_TOO_LONG: "the name is longer than {most} characters",
    Unread.BAD_NAME: "a name has only letters, digits and _ . - / % µ [ ], and begins with a letter, a digit or _",
    Unread.RESERVED_NAME: "names that begin with {reserved} are reserved for what autotune measures itself",
    Unread.NOT_DECIMAL: "the value is not a decimal number",
    Unread.NO_NUMBER: "no number comes directly after =",
    Unread.SOMETHING_FOLLOWS: "something follows the number",
    Unread.NUMBER_TOO_LARGE: "the number is too large",
    Unread.NUMBER_TOO_SMALL: "the number is so small that it counts as 0",
    Unread.TOO_MANY_NAMES: "{most:,} other names were printed before it, and no more are read",
    Unread.TOO_MANY_SPOILT: "more than {most:,} names are on malformed lines, too many to know whether this is one of them",
    Unread.CASE_MISSING: "{metric} has no case {case}",
    Unread.OUT_OF_RANGE: "{metric}[{case}] is {value}, which is outside score_range = [{low}, {high}]",
    Unread.CASES_MISSING: "{metric} has no cases",
    Unread.CASE_NOT_POSITIVE: "{metric} has a case that is not positive, so cases cannot be compared as ratios",
    Unread.NOT_FINITE: "it is not a finite number",
    Unread.TIME_BELOW_ZERO: "a time cannot be below 0",
    Unread.NAME_TAKEN: "{other} would have the same name, {name}",
    Unread.NO_METRIC_NAME: "no metric can be called that (letters, digits and _ . - / %, {most} at most)",
    Unread.UNIT_UNKNOWN: "the unit is not known",
    Unread.GROUP_UNMATCHED: "the group took no part in the match",
    Unread.COMMAND_FAILED_IN_IT: "it failed in {runs} runs, first with exit {code}",
    Unread.WITHOUT_SCORE: "Lighthouse gave it no score",
    Unread.SKIPPED: "it was skipped",
    Unread.TOOL_SAID: "{said}",
    Unread.NOT_UTF8: "byte {byte} of {file} is not UTF-8",
    Unread.NESTED_TOO_DEEPLY: "its brackets are nested too deeply",
    Unread.NOT_JSON: "it is not JSON: {error}",
    Unread.NOT_XML: "it is not XML: {error}",
    Unread.EMPTY: "it is empty",
    Unread.NO_LIST: "it has no list of {what}",
    Unread.EMPTY_LIST: "its list of {what} is empty",
    Unread.LACKS: "it has no {what}",
    Unread.BENCHMARK_LACKS: "a benchmark in it has no {what}",
    Unread.GROUP_WITHOUT_BENCHMARKS: "a group in it has no list of benchmarks",
    Unread.FOLDER_LACKS: "{folder} has no {what}",
    Unread.TIMES_UNLIKE_ITERATIONS: "{file} does not have one time for each number of iterations",
    Unread.NO_RESULT: "it has no benchmark's result, such as {example}",
    Unread.NO_RESULT_LINE: "it has no line of a benchmark's result, such as {example}",
    Unread.NO_MATCH: "no line of it matches {pattern}",
    Unread.NO_NUMBER_IN_IT: "there is no number in it",
    Unread.LIGHTHOUSE_FAILED: "Lighthouse failed: {said}",
    Unread.OTHER_ROOT: "it begins with <{tag}>, not with <testsuites> or <testsuite>",
    Unread.TESTS_FAILED_IN_IT: "{count} tests failed in it, the first is {first}",
    Unread.NO_TEST: "it has no test",
    Unread.DOCUMENT_TYPE: "it declares a document type, which can expand to any amount of text; a list of tests needs none",
    Unread.TOO_MANY_FILES: "it holds more than {most:,} files",
    Unread.A_LINK: "it is a link",
    Unread.CANNOT_BE_OPENED: "it cannot be opened ({error})",
    Unread.NO_PLAIN_FILE: "it is not a regular file",
    Unread.TOO_LARGE: "it is larger than {most} MiB",
    Unread.TOO_LONG: "it is longer than {most} MiB",
}

LEFT_ASIDE: Mapping[str, str] = {
    LeftAside.FAILED_BENCHMARKS: "benchmarks that failed",
    LeftAside.SKIPPED_BENCHMARKS: "benchmarks that were skipped or only logged",
    LeftAside.BENCHMARKS_WITHOUT_SAMPLE: "benchmarks without a sample",
    LeftAside.AGGREGATES: "aggregates",
    LeftAside.AUDITS_WITHOUT_NUMBER: "audits without a number",
    LeftAside.SKIPPED_TESTS: "skipped tests",
    LeftAside.LONG_LINES: f"lines of more than {LONGEST_LINE:,} characters",
    LeftAside.MORE_NAMES: f"values beyond the first {MOST_NAMES:,} names",
}
