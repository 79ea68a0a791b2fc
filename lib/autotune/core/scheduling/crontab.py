"""A crontab: a block of ours put into it or taken out, all other lines left as they are; and how often a line of it can come."""

from __future__ import annotations

import hashlib

from autotune.errors import AutotuneError

_HOUR, _DAY, _WEEK = 60, 1440, 10_080
_PARTS_OF_AN_HOUR = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
_PARTS_OF_A_DAY = (1, 2, 3, 4, 6, 8, 12)
_LENGTHS = (*_PARTS_OF_AN_HOUR, *(_HOUR * hours for hours in _PARTS_OF_A_DAY), _DAY, _WEEK)


def times(every_minutes: float, name: str) -> tuple[str, int]:
    """When a line comes, and how often that is in minutes: the next longer time where a crontab cannot say it, a week at most.

    The first minute is drawn from the name, so that not everybody asks a service at the full hour.
    """
    minutes = next((one for one in _LENGTHS if one >= every_minutes), _WEEK)
    drawn = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    minute, hour = drawn % _HOUR, drawn // _HOUR % 24
    if minutes < _HOUR:
        return f"{_every(minute % minutes, minutes, _HOUR)} * * * *", minutes
    if minutes < _DAY:
        hours = minutes // _HOUR
        return f"{minute} {_every(hour % hours, hours, 24)} * * *", minutes
    return f"{minute} {hour} * * {'*' if minutes == _DAY else drawn % 7}", minutes


def _every(first: int, step: int, end: int) -> str:
    return "*" if step == 1 else ",".join(map(str, range(first, end, step)))


def with_block(crontab: str, name: str, line: str) -> str:
    """A crontab with our block at its end; the one that was there is gone."""
    rest = without_block(crontab, name)
    begin, end = _marks(name)
    return f"{rest}{'' if not rest or rest.endswith(chr(10)) else chr(10)}{begin}\n{line}\n{end}\n"


def without_block(crontab: str, name: str) -> str:
    """A crontab without our block. Raises AutotuneError where the block's marks are not both there, in order, once."""
    begin, end = _marks(name)
    lines = crontab.splitlines(keepends=True)
    bare = [line.strip() for line in lines]
    if begin not in bare and end not in bare:
        return crontab
    if (bare.count(begin), bare.count(end)) != (1, 1) or bare.index(begin) > bare.index(end):
        raise AutotuneError(
            f"The lines between `{begin}` and `{end}` in your crontab were edited.", "mend or delete them with `crontab -e`"
        )
    return "".join(lines[: bare.index(begin)] + lines[bare.index(end) + 1 :])


def has_block(crontab: str, name: str) -> bool:
    """Whether our block is in a crontab."""
    return without_block(crontab, name) != crontab


def _marks(name: str) -> tuple[str, str]:
    return f"# {name}: begin", f"# {name}: end"
