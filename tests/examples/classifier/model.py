"""The classifier: how probable each class is, by the distance to the middle of what was seen of it."""

import numpy as np


def probabilities(seen: np.ndarray, classes: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Give a row for each one that is asked for, with the probability of each class."""
    middles = np.array([seen[classes == one].mean(axis=0) for one in np.unique(classes)])
    distances = ((asked[:, None, :] - middles[None]) ** 2).sum(axis=2)
    closeness = np.exp(-(distances - distances.min(axis=1, keepdims=True)) / 2)
    return closeness / closeness.sum(axis=1, keepdims=True)
