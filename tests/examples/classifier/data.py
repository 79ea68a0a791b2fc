"""Three kinds of leaves, measured by many people: each person measures a little otherwise, and a length is in millimetres."""

import numpy as np

KINDS = ("alder", "birch", "cherry")
MIDDLES = np.array([[0.0, 1.0, 0.2], [1.0, 0.0, -0.2], [-1.0, -0.8, 0.0]])
PEOPLE, BY_PERSON = 100, 2


def seen() -> tuple[np.ndarray, np.ndarray]:
    """Leaves to learn from, and their kinds."""
    rng = np.random.default_rng(1)
    kinds = rng.integers(0, len(KINDS), 300)
    return _measured(rng, kinds, np.zeros((300, 3))), kinds


def cases() -> list[tuple[str, str, np.ndarray, int]]:
    """Leaves to be told: an id, the person who measured it, the measures and the kind."""
    rng = np.random.default_rng(2)
    kinds = rng.integers(0, len(KINDS), PEOPLE * BY_PERSON)
    habits = np.repeat(rng.normal(0, 0.2, (PEOPLE, 3)), BY_PERSON, axis=0)
    measures = _measured(rng, kinds, habits)
    names = [(f"p{person:02}-{leaf}", f"p{person:02}") for person in range(PEOPLE) for leaf in range(BY_PERSON)]
    return [(case, person, measures[place], int(kinds[place])) for place, (case, person) in enumerate(names)]


def _measured(rng: np.random.Generator, kinds: np.ndarray, habits: np.ndarray) -> np.ndarray:
    shape = MIDDLES[kinds] + rng.normal(0, 0.35, (len(kinds), 3)) + habits
    return shape * [1.0, 1.0, 60.0]


if __name__ == "__main__":
    for case, person, _, _ in cases():
        print(f"{case}\t{person}")
