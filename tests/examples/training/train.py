"""Train a small network on noisy data, and print how well it predicts data that it has not seen."""

import argparse

import numpy as np

from data import DIVERGED, training, validation

LEARNING_RATE = 0.03
MOMENTUM = 0.0
STEPS = 60
HIDDEN = 24


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    rng = np.random.default_rng(parser.parse_args().seed)
    inputs, targets = training()
    first, second = rng.normal(0, 0.7, (inputs.shape[1], HIDDEN)), rng.normal(0, 0.3, HIDDEN)
    moved_first, moved_second = np.zeros_like(first), np.zeros_like(second)
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            picked = rng.integers(0, len(inputs), 64)
            hidden = np.maximum(inputs[picked] @ first, 0)
            wrong = hidden @ second - targets[picked]
            of_hidden = wrong[:, None] * second * (hidden > 0)
            moved_second = MOMENTUM * moved_second - LEARNING_RATE * hidden.T @ wrong / len(wrong)
            moved_first = MOMENTUM * moved_first - LEARNING_RATE * inputs[picked].T @ of_hidden / len(wrong)
            first, second = first + moved_first, second + moved_second
        inputs, targets = validation()
        loss = float(np.mean((np.maximum(inputs @ first, 0) @ second - targets) ** 2))
    diverged = not loss < DIVERGED
    print(f"METRIC loss={DIVERGED if diverged else loss:.6f}")
    print(f"METRIC diverged={int(diverged)}")


main()
