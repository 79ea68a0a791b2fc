"""The session's error budget: how much evidence a keep needs, so that a session in which nothing works hardly ever keeps anything."""

from __future__ import annotations

from collections.abc import Mapping

from autotune.core.model import Calibration, DecisionMode

RESERVE = 0.04  # of the error budget, for experiments beyond those planned
# The share of sessions of 200 changes that do nothing which keep any, in modes that promise nothing: in the mean, and with the worst kind
# of noise (None where that was not simulated). A test holds it to the table in docs/deciding.md, simulated with the code that decides.
SESSIONS_FOOLED: Mapping[DecisionMode, tuple[float, float | None]] = {
    DecisionMode.ECONOMY: (0.072, 0.333),
    DecisionMode.ONCE: (0.443, None),
}


def share_of_budget(experiment: int, planned: int) -> float:
    """The part of the session's error budget that an experiment (from 1 on) may spend; all parts sum to one, however many there are.

    The N planned ones share 96 % evenly; experiment t beyond them gets 4 % N / (t (t - 1)), whose sum from t = N + 1 on telescopes to
    4 %. So the plan costs next to nothing (2083 : 1 instead of 2000 : 1 for 100 planned: the same twelve pairs) and an experiment beyond
    it five to seven pairs more. `planned` must not change while a session lasts.
    """
    planned = max(planned, 1)
    if experiment <= planned:
        return (1 - RESERVE) / planned
    return RESERVE * planned / (experiment * (experiment - 1))


def needed_evidence(calibration: Calibration, error_budget: float) -> float:
    """The odds that a keep needs: 1 / (budget x share x (1 + keeps)), and never less than a session of one experiment would need.

    Until the first keep this is the union bound: a session in which nothing works keeps anything with at most the budget's probability.
    Every keep refills the budget (e-LOND; Xu and Ramdas, 2024): the expected share of false keeps among all keeps stays within it. That
    holds as long as only keeps decided like this one are counted, not forced or unconfirmed ones, nor ones that may be worse (`refills`),
    and numbers run through the session.
    """
    share = share_of_budget(calibration.experiment, calibration.planned)
    return max(1 / (error_budget * share * (1 + calibration.keeps)), 1 / error_budget)


def refills(min_effect: float) -> bool:
    """Whether a keep of which so much was asked refills the error budget.

    A change that may be worse is kept where it does nothing, and rightly so: such keeps can be had without end, and each would pay for
    another gain that is none.
    """
    return min_effect >= 0
