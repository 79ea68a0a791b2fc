"""What is learned: a curved surface, with noise. It is the same in every run."""

import numpy as np

DIVERGED = 100.0  # the loss from which a run counts as diverged


def training() -> tuple[np.ndarray, np.ndarray]:
    return _points(np.random.default_rng(1), 400)


def validation() -> tuple[np.ndarray, np.ndarray]:
    return _points(np.random.default_rng(2), 400)


def _points(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    inputs = rng.normal(0, 1, (count, 3))
    targets = np.sin(inputs[:, 0]) + inputs[:, 1] * inputs[:, 2] / 2 + rng.normal(0, 0.2, count)
    return np.column_stack([inputs, np.ones(count)]), targets
