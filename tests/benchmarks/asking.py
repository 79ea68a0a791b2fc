"""What autotune adds to a call of a model: `python tests/benchmarks/asking.py [CALLS]`.

A service on loopback takes the same time for every answer. What a call took beyond that, as `Models.ask` sees it, is ours and the SDK's:
the caps and what is written down, the cache, the process of the SDKs, HTTP on loopback. The bar is 50 ms a call, for the median and for 19
of 20. Printed as METRIC lines, in milliseconds; the exit code is 1 where the bar is missed.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(root / "lib"), str(root)]

from tests.models.service import KEY, Say, asked, models_in, serving

from autotune.core.asking.limits import Limits
from autotune.core.asking.naming import Kind
from autotune.core.asking.prices import Price
from autotune.core.asking.request import Request
from autotune.models.asking import Models, Terms

CALLS = 200
ANSWERED_IN_S = 0.1
BAR_MS = 50.0
SHAPE = {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]}
TERMS = Terms("benchmark", per_run=Limits(10**9, 10**12, 1e6), per_day=Limits(10**9, 10**12, 1e6), prices={"small": Price(1.0, 10.0)})


def added_ms(models: Models, backend: str, calls: int, answered_in_s: float) -> list[float]:
    """Give what each call took beyond the service's own time, in milliseconds, the first one left out."""
    texts = ["a conversation of some length. " * 100 + f"{number}" for number in range(calls + 1)]
    requests: list[Request] = [asked(f"{backend}:small", text, SHAPE) for text in texts]
    answers = [models.ask(one) for one in requests]
    assert all(one.failure is None and one.calls == 1 for one in answers), answers[0]
    return [1000 * (one.seconds - answered_in_s) for one in answers[1:]]


def main(calls: int) -> int:
    """Measure each backend that has an SDK, and a script beside them."""
    os.environ.update(OPENAI_API_KEY=KEY, ANTHROPIC_API_KEY=KEY)
    missed = False
    with tempfile.TemporaryDirectory() as folder, serving(Say('{"score": 0.5}', after_s=ANSWERED_IN_S)) as service:
        endpoints = {"openai": service.endpoint(Kind.CHAT), "anthropic": service.endpoint(Kind.MESSAGES)}
        terms = replace(TERMS, endpoints=endpoints, scripts={"small": lambda _, __: '{"score": 0.5}'})
        with models_in(Path(folder), terms) as models:
            for backend, own_s in (("script", 0.0), ("openai", ANSWERED_IN_S), ("anthropic", ANSWERED_IN_S)):
                added = sorted(added_ms(models, backend, calls, own_s))
                typical, slow = statistics.median(added), added[int(0.95 * len(added))]
                print(f"METRIC {backend}_median_ms={typical:.2f}\nMETRIC {backend}_19_of_20_ms={slow:.2f}")
                missed |= slow >= BAR_MS
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else CALLS))
