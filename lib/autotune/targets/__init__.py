"""What is tuned: for each kind of target, what to run and what the runs say."""

from __future__ import annotations

from collections.abc import Mapping

from autotune.targets.code import Code
from autotune.targets.target import Target

TARGETS: Mapping[str, Target] = {"code": Code()}
