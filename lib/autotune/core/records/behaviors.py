"""The behaviours that a pack can tune, and which of them a trace says something about."""

from __future__ import annotations

from enum import StrEnum

from autotune.core.records.trace import Trace


class Behavior(StrEnum):
    """What of an agent a pack tunes, by the names that agents' files have for it."""

    TASK_EXTRACTION = "task-extraction"
    RESPONSE_QUALITY = "response-quality"
    TOOL_CALLING = "tool-calling"
    TOOL_OUTCOME = "tool-outcome"
    MEMORY_POLICY = "memory-policy"
    MEMORY_RECALL = "memory-recall"


def of(trace: Trace) -> tuple[Behavior, ...]:
    """Which behaviours a trace can be judged on.

    None where nobody asked anything, or where the agent failed: that counts as an error, not as a bad answer. Tools are judged only where
    the log speaks of them, what became of them where one was called, and memory where there was some.
    """
    if not trace.input.strip() or trace.error is not None:
        return ()
    applies = {
        Behavior.TASK_EXTRACTION: True,
        Behavior.RESPONSE_QUALITY: True,
        Behavior.TOOL_CALLING: trace.tool_calls is not None,
        Behavior.TOOL_OUTCOME: trace.tool_calls,
        Behavior.MEMORY_POLICY: trace.memory_summary or trace.memory_facts,
        Behavior.MEMORY_RECALL: trace.memory_recall,
    }
    return tuple(behavior for behavior, held in applies.items() if held)
