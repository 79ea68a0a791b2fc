"""Which answers a strong judge looks at after a cheap one: a seeded sample of cases, and what the cheap one is unsure of.

Both stages together are one judge: which of them decides depends on the case and on what the cheap one says, never on the arm. So two
packs that answer alike are scored alike. The sample is of cases, so that both arms have the same ones in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from autotune.core.judging.marks import Judgement

_PLACES = 2**64


class Second(StrEnum):
    """Why a strong judge is asked."""

    SAMPLED = "sampled"
    UNSURE = "unsure"
    UNSCORED = "unscored"  # the cheap judge gave no score


@dataclass(frozen=True, slots=True)
class Stages:
    """How many cases the strong judge sees anyway (a share, 0 to 1), below which certainty of the cheap one it is asked, and the seed."""

    share: float = 0.1
    unsure_below: float = 0.5
    seed: int = 0


def second(case: str, first: Judgement, stages: Stages) -> Second | None:
    """Say why the strong judge looks at a case too; None where it does not."""
    if first.score is None:
        return Second.UNSCORED
    if is_sampled(case, stages):
        return Second.SAMPLED
    return Second.UNSURE if first.sure is None or first.sure < stages.unsure_below else None


def is_sampled(case: str, stages: Stages) -> bool:
    """Whether a case is in the sample: by a hash of seed and case, the same in every run and on every machine."""
    place = int.from_bytes(hashlib.sha256(f"{stages.seed}\t{case}".encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return place < stages.share * _PLACES


def together(first: Judgement, strong: Judgement | None) -> Judgement:
    """Give the judgement that counts: the strong judge's, where it was asked and gave one."""
    return first if strong is None or (strong.score is None and first.score is not None) else strong
