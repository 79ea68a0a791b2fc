"""Which direction a metric's name or unit speaks for."""

from __future__ import annotations

import re

from autotune.core.model import Direction

_BETWEEN_WORDS = re.compile(r"[\s_.\-/\[\]%]+|(?<=[a-z0-9])(?=[A-Z])")
_PER_TIME = re.compile(r"(?:/|(?:^|[_.\-])(?:per|p)[_.\-]?)(?:s|sec|secs|second|seconds|min|minute|h|hour)$", re.IGNORECASE)
_HIGHER = frozenset(
    (
        *("accuracy", "acc", "score", "scores", "throughput", "bandwidth", "speed", "speedup", "auc", "auroc", "f1", "recall", "precision"),
        *(
            "rps",
            "qps",
            "tps",
            "fps",
            "ips",
            "iops",
            "mbps",
            "gbps",
            "flops",
            "gflops",
            "bleu",
            "rouge",
            "iou",
            "map",
            "ndcg",
            "r2",
            "psnr",
        ),
        *("ssim", "coverage", "wins", "reward", "hits", "utilization", "utilisation", "passed", "correct"),
    )
)
_LOWER = frozenset(
    (
        *("time", "times", "timing", "latency", "duration", "elapsed", "runtime", "walltime", "wall", "delay", "loss", "size", "sizes"),
        *("s", "sec", "secs", "second", "seconds", "ms", "msec", "us", "µs", "usec", "ns", "nsec", "min", "minutes", "bytes", "kb", "mb"),
        *("gb", "kib", "mib", "gib", "memory", "mem", "rss", "error", "errors", "err", "failures", "misses", "allocs", "allocations"),
        *(
            "cycles",
            "instructions",
            "cost",
            "perplexity",
            "ppl",
            "rmse",
            "mse",
            "mae",
            "wer",
            "cer",
            "lines",
            "warnings",
            "cpu",
            "overhead",
        ),
    )
)


def direction_of(name: str, unit: str = "") -> Direction | None:
    """The direction in which a metric of this name and unit is better, as far as they say so; None where they do not."""
    if _PER_TIME.search(name) or _PER_TIME.search(unit):
        return Direction.HIGHER
    words = {word.lower() for word in (*_BETWEEN_WORDS.split(name), unit)}
    higher, lower = bool(words & _HIGHER), bool(words & _LOWER)
    return None if higher is lower else Direction.HIGHER if higher else Direction.LOWER
