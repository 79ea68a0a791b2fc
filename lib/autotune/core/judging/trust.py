"""Whether a judge agrees with people enough for what it says to promote a pack without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from autotune.core.judging.agreement import Accuracy, kappa, paired
from autotune.core.judging.marks import BEST_MARK


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a judge and a person agree on `labels` answers. `kappa` and `accuracy` are None where there is nothing to agree on."""

    labels: int
    kappa: float | None
    accuracy: Accuracy | None


class Doubt(StrEnum):
    """Why a promotion needs a person's approval."""

    NO_LABELS = "no labels"
    FEW_LABELS = "few labels"
    DISAGREES = "disagrees"


def agreed(scores: Sequence[float], marks: Sequence[int]) -> Agreement:
    """How far scores from 0 to 1 agree with a person's marks from 0 to 4, answer by answer."""
    ours = [round(score * BEST_MARK) for score in scores]
    return Agreement(len(marks), kappa(ours, marks, BEST_MARK + 1), paired(scores, [float(mark) for mark in marks]))


def doubt(agreement: Agreement | None, least: float, fewest: int) -> Doubt | None:
    """Why a promotion by this judge needs approval; None where it does not.

    `least` is the kappa that is asked for, 0 for none at all; `fewest` is how many labels tell it.
    """
    if least <= 0:
        return None
    if agreement is None or not agreement.labels:
        return Doubt.NO_LABELS
    if agreement.labels < fewest:
        return Doubt.FEW_LABELS
    return Doubt.DISAGREES if agreement.kappa is None or agreement.kappa < least else None
