"""What is masked in people's words before they are stored: addresses, numbers and secrets, by patterns.

    masked_trace(trace)    the trace with its free text masked, and how many of each kind; ids, versions, times and names of tools stay
    masked(text)           the same of one text
    letters(digest)        a hash that is left alone

A mask says of which kind it is, `[masked:email]`, and is left alone by a second masking. Names of people, street addresses and IP
addresses stay: no pattern tells them from other words.

Each pattern is looked for only where a text holds a word that all its matches hold, for a search by pattern takes a hundred times as long
as a search for a word.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from autotune.core.records.trace import FREE_TEXT, ToolCall, Trace

_CARD_DIGITS = range(13, 20)
_CARD_FIRST = ("2", "3", "4", "5", "6", "1800")  # what payment cards begin with; clocks in milliseconds begin with 17
_IBAN_MODULUS, _IBAN_REST = 97, 1  # ISO 13616
_LUHN_MODULUS = 10


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of what is masked.

    `needles` are words of which every match holds one, in lower case; none where digits are looked for. Of a match the group `value` is
    masked, or all of it where there is no such group. `holds` tells a match from
    what only looks like one, by the match and what would be masked.
    """

    name: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]
    holds: Callable[[re.Match[str], str], bool] = lambda _, __: True


def is_card(text: str) -> bool:
    """Whether the digits are those of a payment card: 13 to 19, with the check digit of ISO/IEC 7812 (Luhn)."""
    digits = re.sub(r"[^0-9]", "", text)
    doubled = (sum(divmod(2 * int(one), _LUHN_MODULUS)) for one in digits[-2::-2])
    return (
        len(digits) in _CARD_DIGITS and digits.startswith(_CARD_FIRST) and (sum(map(int, digits[::-2])) + sum(doubled)) % _LUHN_MODULUS == 0
    )


def is_iban(text: str) -> bool:
    """Whether a text is an account number with the check digits of ISO 13616."""
    code = re.sub(r"\s", "", text).upper()
    return int("".join(str(int(one, 36)) for one in code[4:] + code[:4])) % _IBAN_MODULUS == _IBAN_REST


def _is_filled_in(text: str) -> bool:
    """Whether the value of an assignment may be a secret: no placeholder, no mask, no variable, no call."""
    return not re.match(
        r"(?i)[\[<${(*]|x{3,}|null\b|none\b|true\b|false\b|your[_-]|(?:mock|fake|dummy|sample|placeholder)(?![a-z0-9])|example|redacted|process\.env|os\.environ",
        text,
    )


def _is_secret(found: re.Match[str], value: str) -> bool:
    """Whether an assignment's value is a secret: where it may be prose (`the secret is to wait`), only with letters and digits in it."""
    prose = found["quoted"] is None and (found["sign"].lower() == "is" or re.fullmatch(r"(?i)secret|token|credentials?", found["key"]))
    return _is_filled_in(value) and (not prose or _is_mixed(value))


def _is_mixed(text: str) -> bool:
    """Whether a run of letters and digits has both, as made-up keys have, and words have not."""
    return any(one.isdigit() for one in text) and any(one.isalpha() for one in text)


_BREAK = r"(?<![A-Za-z0-9_])"
_SECRET_WORD = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|auth[_-]?key|credentials?)"  # noqa: S105 - a pattern
)
_NAMED_PHONE = r"\b(?:phone|tel|telephone|mobile|cell|whatsapp|call|text|fax|sms|number)"

KINDS = (
    Kind(
        "private key",
        ("private key",),
        re.compile(
            r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|\Z)", re.DOTALL
        ),
    ),
    Kind("token", ("eyj",), re.compile(_BREAK + r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")),
    Kind("password in a URL", ("://",), re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@\"']*:(?P<value>[^\s/@\"'\[]+)@", re.IGNORECASE)),
    Kind(
        "API key",
        ("sk-", "rk-", "pk-"),
        re.compile(_BREAK + r"[srp]k-(?:or-|ant-|proj-|svcacct-|live-|test-)*[A-Za-z0-9_-]{8,}"),
        lambda _, value: _is_mixed(value),
    ),
    Kind("API key", ("sk_", "rk_", "pk_", "whsec_"), re.compile(_BREAK + r"(?:[srp]k_(?:live|test)_|whsec_)[A-Za-z0-9+/=]{8,}")),
    Kind("API key", ("aiza",), re.compile(_BREAK + r"AIza[A-Za-z0-9_-]{20,}")),
    Kind(
        "API key",
        ("hf_", "npm_", "pypi-", "dop_v1_", "gsk_", "xai-", "sg."),
        re.compile(
            _BREAK + r"(?:(?:hf|npm|dop_v1|gsk)_[A-Za-z0-9]{20,}|pypi-[A-Za-z0-9_-]{20,}|xai-[A-Za-z0-9]{20,}"
            r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})"
        ),
    ),
    Kind("API key", ("glpat-", "gldt-", "glrt-"), re.compile(_BREAK + r"gl(?:pat|dt|rt)-[A-Za-z0-9_-]{16,}")),
    Kind(
        "API key",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(_BREAK + r"(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{8,}"),
    ),
    Kind("API key", ("xox", "xapp-"), re.compile(_BREAK + r"(?:xox[abeprs]|xapp)-[A-Za-z0-9-]{10,}")),
    Kind("API key", ("hooks.slack.com/",), re.compile(r"hooks\.slack\.com/(?:services|workflows)/(?P<value>[A-Za-z0-9/_-]{10,})")),
    Kind("API key", ("akia", "asia", "aroa", "aida"), re.compile(_BREAK + r"(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9])")),
    Kind("API key", (":aa",), re.compile(r"(?<![A-Za-z0-9])\d{6,12}:AA[A-Za-z0-9_-]{20,}")),
    Kind("API key", ("bot",), re.compile(r"\bbot(?P<value>\d{6,12}:[A-Za-z0-9_-]{20,})")),
    Kind(
        "token",
        ("bearer", "basic"),
        re.compile(r"\b(?:Bearer|Basic)\s+(?P<value>[A-Za-z0-9._~+/-]{10,}=*)", re.IGNORECASE),
        lambda _, value: _is_mixed(value),
    ),
    Kind(
        "password",
        ("pass", "pwd", "secret", "token", "key", "credential"),
        re.compile(
            r"(?<![A-Za-z])(?P<key>(?:[A-Za-z0-9]+[_.-])*" + _SECRET_WORD + r"(?:[_.-][A-Za-z0-9]+)*)"
            r"[\"'`]?\s*(?P<sign>=>|[:=]|\bis\b)\s*(?:[\"'`](?P<quoted>[^\"'`\r\n]{4,})[\"'`]|(?P<value>[^\s\"'`,;{}]{6,}))",
            re.IGNORECASE,
        ),
        _is_secret,
    ),
    Kind(
        "email",
        ("@",),
        re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"),
    ),
    Kind(
        "account number",
        (),
        re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})?\b"),
        lambda _, value: is_iban(value),
    ),
    Kind("card number", (), re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])"), lambda _, value: is_card(value)),
    Kind("national id", (), re.compile(r"(?<![\w-])(?!000|666)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")),
    Kind(
        "phone number",
        (),
        re.compile(
            r"(?<![\w+.-])(?:\+\d{1,3}[ .-]?(?:\(0?\d{1,4}\)[ .-]?)?\d{1,4}(?:[ ./-]?\d{2,4}){1,5}"
            r"|00\d{1,3}[ ./-]\d{1,4}(?:[ ./-]?\d{2,4}){1,4}"
            r"|(?:1[ .-])?\(\d{3}\)[ .-]?\d{3}[ .-]?\d{4}|(?<!\d )(?:1[ .-])?\d{3}([ .-])\d{3}\1\d{4}"
            r"|\(0\d{2,5}\)[ /-]?\d{3,4}[ -]?\d{2,5}|0\d{2,5}[ /-]\d{3,4}[ -]?\d{2,5}|0\d(?:[ .]\d{2}){4}|0[1-9]\d{7,9})"
            r"(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-])"
        ),
    ),
    Kind(
        "phone number",
        ("phone", "tel", "mobile", "cell", "whatsapp", "call", "text", "fax", "sms", "number"),
        re.compile(_NAMED_PHONE + r"\b[^0-9\n]{0,20}?(?P<value>(?<![\w.-])\+?\d{9,12}(?![\w.-]))", re.IGNORECASE),
    ),
)
"""Every kind, in the order in which they are looked for: what one has masked is no more seen by those after it."""

_SOME_DIGITS = re.compile(r"\d[\d ./()-]{5,}\d|[A-Z]{2}\d{2}")
_NONE: Mapping[str, int] = {}


def kinds_in(text: str) -> tuple[Kind, ...]:
    """The kinds that a text may hold, by the words that their matches hold."""
    lowered = text.lower()
    digits = _SOME_DIGITS.search(text) is not None
    return tuple(kind for kind, needles in _NEEDLES if (_any_in(needles, lowered) if needles else digits))


def _any_in(needles: tuple[str, ...], lowered: str) -> bool:
    for needle in needles:  # noqa: SIM110 - a loop takes half the time of `any`, and this is most of what masking takes
        if needle in lowered:
            return True
    return False


_NEEDLES = tuple((kind, kind.needles) for kind in KINDS)


def masked(text: str, kinds: Iterable[Kind] | None = None) -> tuple[str, Mapping[str, int]]:
    """A text with what is to be masked gone, and how many of each kind that were; `kinds` are those that it may hold, if known."""
    counts: Counter[str] | None = None
    for kind in kinds_in(text) if kinds is None else kinds:
        if kind.pattern.search(text):
            counts = Counter() if counts is None else counts
            text = kind.pattern.sub(_masking(kind, counts), text)
    return text, _NONE if counts is None else +counts


def _masking(kind: Kind, counts: Counter[str]) -> Callable[[re.Match[str]], str]:
    def mask(found: re.Match[str]) -> str:
        group = next((name for name in ("value", "quoted") if found.groupdict().get(name) is not None), 0)
        value = found[group]
        if "[masked:" in value or not kind.holds(found, value):
            return found[0]
        counts[kind.name] += 1
        start, end = (spot - found.start() for spot in found.span(group))
        return f"{found[0][:start]}[masked:{kind.name}]{found[0][end:]}"

    return mask


def masked_trace(trace: Trace) -> tuple[Trace, Mapping[str, int]]:
    """A trace with its free text masked, and how many of each kind that were."""
    kinds = kinds_in("\n".join(_texts(trace)))
    if not kinds:
        return trace, _NONE
    counts: Counter[str] = Counter()
    said = {name: _within(getattr(trace, name), kinds, counts) for name in FREE_TEXT}
    calls = None if trace.tool_calls is None else tuple(_masked_call(call, kinds, counts) for call in trace.tool_calls)
    return (replace(trace, **said, tool_calls=calls), counts) if counts else (trace, _NONE)


def _texts(trace: Trace) -> Iterator[str]:
    """All the free text of a trace."""
    for name in FREE_TEXT:
        value = getattr(trace, name)
        if isinstance(value, str):
            yield value
        elif value:
            yield from value
    for call in trace.tool_calls or ():
        if call.arguments is not None:
            yield call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments, ensure_ascii=False)
        if call.error is not None:
            yield call.error


def _masked_call(call: ToolCall, kinds: tuple[Kind, ...], counts: Counter[str]) -> ToolCall:
    return replace(call, arguments=_within(call.arguments, kinds, counts), error=_within(call.error, kinds, counts))


def _within(value: Any, kinds: tuple[Kind, ...], counts: Counter[str]) -> Any:  # noqa: ANN401 - any JSON
    """Mask every text in a JSON value. Of a key that names a secret, the value is masked whatever it looks like."""
    match value:
        case str():
            text, found = masked(value, kinds)
            counts.update(found)
            return text
        case list():
            return [_within(one, kinds, counts) for one in value]
        case tuple():
            return tuple(_within(one, kinds, counts) for one in value)
        case dict():
            return {_within(key, kinds, counts): _of_key(key, one, kinds, counts) for key, one in value.items()}
        case _:
            return value


def _of_key(key: str, value: Any, kinds: tuple[Kind, ...], counts: Counter[str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str) and _is_filled_in(value) and _KEY_OF_SECRET.fullmatch(key):
        counts["password"] += 1
        return "[masked:password]"
    return _within(value, kinds, counts)


_KEY_OF_SECRET = re.compile(r"(?:[A-Za-z0-9]+[_.-])*" + _SECRET_WORD, re.IGNORECASE)
