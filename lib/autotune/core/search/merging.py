"""Two candidates made into one: what each of them changed since they parted.

merged(candidates, scores, chance)     what a pair of the frontier makes, and the pair; None where no pair makes anything new
    ancestors(candidates, number)          all that a candidate comes from
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from random import Random

from autotune.core.search.frontier import Scores, mean, wins
from autotune.core.search.model import Candidate, Texts


def merged(candidates: Sequence[Candidate], scores: Scores, chance: Random) -> tuple[Texts, tuple[int, int]] | None:
    """The texts that two candidates of the frontier make, neither of which comes from the other. Pairs are tried in drawn order."""
    pairs = list(combinations(sorted(wins(scores)), 2))
    chance.shuffle(pairs)
    known = [candidate.texts for candidate in candidates]
    for one, other in pairs:
        lines = [ancestors(candidates, each) for each in (one, other)]
        if one in lines[1] or other in lines[0]:
            continue
        common = max(set(lines[0]) & set(lines[1]))  # the first one is an ancestor of all
        better, worse = sorted((one, other), key=lambda each: (mean(scores[each]), -each), reverse=True)
        made = _joined(*(candidates[each].texts for each in (common, better, worse)))
        if made not in known:
            return made, (one, other)
    return None


def ancestors(candidates: Sequence[Candidate], number: int) -> tuple[int, ...]:
    """All that a candidate comes from."""
    found = dict[int, None]()
    waiting = list(candidates[number].parents)
    while waiting:
        one = waiting.pop()
        found[one] = None
        waiting += candidates[one].parents
    return tuple(found)


def _joined(common: Texts, better: Texts, worse: Texts) -> Mapping[str, str]:
    """Each text from whoever changed it; where both did, from the better one."""
    return {name: better[name] if better[name] != text else worse[name] for name, text in common.items()}
