"""gepa's own search, driven from elsewhere: a process in an environment that has gepa, which asks for scores and texts line by line.

It gets one line of JSON that says what to search, and prints questions: `{"evaluate": TEXTS, "cases": IDS}` is answered by `{"scores": …}`,
`{"reflect": TEXTS, "cases": IDS, "text": NAME}` by `{"text": …}`. An answer of null ends the search. Nothing of it is kept here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any


class _Over(BaseException):
    """The other side wants no more."""


class _Asking:
    """What gepa calls: each question goes to the other side."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def tell(self, line: object) -> None:
        """Print a line."""
        self._out.write(json.dumps(line) + "\n")
        self._out.flush()

    def ask(self, line: object) -> Any:  # noqa: ANN401 - any JSON
        """Print a question and give its answer."""
        self.tell(line)
        found = json.loads(sys.stdin.readline() or "null")
        if found is None:
            raise _Over
        return found

    def evaluate(self, batch: Sequence[str], candidate: Mapping[str, str], capture_traces: bool = False) -> object:  # noqa: FBT001, FBT002
        """Give the scores of a candidate on cases."""
        from gepa.core.adapter import EvaluationBatch  # type: ignore[import-not-found]

        scores = self.ask({"evaluate": candidate, "cases": list(batch)})["scores"]
        return EvaluationBatch(outputs=list(batch), scores=scores, trajectories=list(batch) if capture_traces else None)

    @staticmethod
    def make_reflective_dataset(_: object, eval_batch: Any, components_to_update: Sequence[str]) -> dict[str, Any]:  # noqa: ANN401
        """Say which cases a text is written anew by."""
        return {name: [{"case": case} for case in eval_batch.trajectories] for name in components_to_update}

    def propose_new_texts(
        self, candidate: Mapping[str, str], reflective_dataset: Mapping[str, Any], components_to_update: Sequence[str]
    ) -> dict[str, str]:
        """Give texts written anew."""
        found = {}
        for name in components_to_update:
            cases = [one["case"] for one in reflective_dataset[name]]
            found[name] = str(self.ask({"reflect": candidate, "cases": cases, "text": name})["text"])
        return found


class _Silent:
    """A log that keeps nothing."""

    def log(self, message: str) -> None:
        """Keep nothing."""


def main(out: IO[str]) -> None:
    """Search until there is no more to do."""
    import gepa  # type: ignore[import-not-found]

    plan, asking = json.loads(sys.stdin.readline()), _Asking(out)
    with suppress(_Over):
        gepa.optimize(
            seed_candidate=plan["texts"],
            trainset=plan["read"],
            valset=plan["select"],
            adapter=asking,
            reflection_minibatch_size=plan["batch"],
            use_merge=plan["merges"] > 0,
            max_merge_invocations=plan["merges"],
            max_metric_calls=plan["most"],
            perfect_score=plan["perfect"],
            logger=_Silent(),
            seed=plan["seed"],
        )
    asking.tell(None)


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what gepa prints is no answer
    main(answers)
