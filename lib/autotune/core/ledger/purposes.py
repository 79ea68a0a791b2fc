"""What a run is made for, and why a segment opens."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """Why a run was made."""

    BASELINE = "baseline"
    PROOF = "proof"
    EXPERIMENT = "experiment"
    CROSS_CHECK = "cross-check"
    CHECKS = "checks"
    DIAGNOSIS = "diagnosis"
    TARGET = "target"
    CLAIM = "claim"
    CALIBRATION = "calibration"
    LOOK = "look"


class Cause(StrEnum):
    """What an unfinished, failed or forced verdict goes back to."""

    IDEA = "idea"
    CANDIDATE = "candidate"
    BENCHMARK = "benchmark"
    ENVIRONMENT = "environment"
    HOOK = "commit hook"
    NOT_MEASURED = "not measured"
    PERSON = "person"
