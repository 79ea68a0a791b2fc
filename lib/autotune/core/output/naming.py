"""What the words of a metric's name or unit say: a time or a rate, and in which direction it is better."""

from __future__ import annotations

import re

from autotune.core.model import Direction

UNITS_S = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "micros", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
}
TIMES = frozenset(("time", "timing", "latency", "duration", "elapsed", "runtime", "walltime", "wall", "delay"))
RATES = frozenset(("rps", "qps", "tps", "fps", "hz"))
SPEEDS = frozenset(("bandwidth", "flops", "gbps", "gflops", "iops", "ips", "mbps", "mflops", "speed", "speedup", "throughput"))

_BETWEEN_WORDS = re.compile(r"[\s_.\-/\[\]%]+|(?<=[a-z0-9])(?=[A-Z])")
_PER_TIME = re.compile(r"(?:/|(?:^|[_.\-])(?:per|p)[_.\-]?)(?:s|sec|secs|second|seconds|min|minute|h|hour)$", re.IGNORECASE)
_MERITS = ("accuracy", "acc", "score", "scores", "auc", "auroc", "f1", "recall", "precision", "bleu", "rouge", "iou", "map", "ndcg")
_MORE_MERITS = ("r2", "psnr", "ssim", "coverage", "wins", "reward", "hits", "utilization", "utilisation", "passed", "correct")
_COSTS = ("loss", "size", "sizes", "memory", "mem", "rss", "error", "errors", "err", "failures", "misses", "allocs", "allocations")
_MORE_COSTS = ("cycles", "instructions", "cost", "perplexity", "ppl", "rmse", "mse", "mae", "wer", "cer", "lines", "warnings", "cpu")
_AMOUNTS = ("overhead", "bytes", "kb", "mb", "gb", "kib", "mib", "gib", "times")
_HIGHER = RATES | SPEEDS | {*_MERITS, *_MORE_MERITS}
_LOWER = TIMES | UNITS_S.keys() | {*_COSTS, *_MORE_COSTS, *_AMOUNTS}


def direction_of(name: str, unit: str) -> Direction | None:
    """The direction in which a metric of this name and unit is better, as far as they say so; None where they do not."""
    if _PER_TIME.search(name) or _PER_TIME.search(unit):
        return Direction.HIGHER
    words = {word.lower() for word in (*_BETWEEN_WORDS.split(name), unit)}
    higher, lower = bool(words & _HIGHER), bool(words & _LOWER)
    return None if higher is lower else Direction.HIGHER if higher else Direction.LOWER
