"""Packs that say what the numbers of behavior.json say: proposed by a commit beside main, and proved as canaries as every other pack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from autotune.core.judging import packs
from autotune.core.records.behaviors import Behavior
from autotune.core.tell.behaving import PROPOSED
from autotune.core.tuning.numbers import Numbers, Style
from autotune.prompts import behaving, canaries, deploying, mainline
from autotune.prompts.settings import Settings
from autotune.records.store import Store
from autotune.rollout.deploying import read

TOOLS = {
    True: "Call a tool only if the answer cannot be given without it.",
    False: "Call a tool whenever it would make the answer surer.",
}
STYLES = {
    Style.CONCISE: "Answer in a few sentences.",
    Style.DETAILED: "Give the details that the user needs to go on.",
    Style.BALANCED: "",
}
CAUTION = "If you are not sure, say so, and say what would settle it."
_KNOWN = (*TOOLS.values(), *filter(None, STYLES.values()), CAUTION)
_CAREFUL = 0.7  # caution from which it is said
_MIDDLE = 0.5


def propose(settings: Settings, store: Store, now_ms: int, *, dry: bool) -> list[dict[str, Any]]:
    """Deploy as canaries what the numbers ask of the packs, where that is new and no canary runs or waits."""
    numbers = behaving.numbers(settings)
    return [_proposed(settings, store, behavior, text, now_ms, dry=dry) for behavior, text in _wanted(settings, numbers)]


def said(behavior: Behavior, numbers: Numbers) -> str:
    """What the numbers ask of a behaviour's pack, in a sentence or two; nothing where they are in the middle."""
    if behavior is Behavior.TOOL_CALLING:
        return "" if numbers.tool_calling_bias == _MIDDLE else TOOLS[numbers.tool_calling_bias < _MIDDLE]
    return " ".join(filter(None, (STYLES[numbers.response_style], CAUTION if numbers.caution_bias >= _CAREFUL else "")))


def _wanted(settings: Settings, numbers: Numbers) -> Iterator[tuple[Behavior, str]]:
    """The packs that are to say something else than main says."""
    top = canaries.workshop_of(settings)
    for behavior in (Behavior.TOOL_CALLING, Behavior.RESPONSE_QUALITY):
        text = mainline.text_at(top, mainline.tip(top), behavior) if behavior in settings["behaviors"] else None
        stand = canaries.standing_of(settings, behavior)
        if text is None or stand.running is not None or stand.waiting is not None:
            continue
        pack = packs.read(text, behavior)
        new = replace(pack, instructions=_with(pack.instructions, said(behavior, numbers)))
        target = canaries.target_of(settings, behavior)
        if new != pack and packs.version_of(new) not in canaries.known(target, read(target)):
            yield behavior, packs.rendered(new)


def _with(instructions: str, sentences: str) -> str:
    for one in _KNOWN:
        instructions = instructions.replace(one, "")
    return " ".join([*instructions.split(" "), *sentences.split(" ")]).strip() if sentences else instructions.strip()


def _proposed(settings: Settings, store: Store, behavior: Behavior, text: str, now_ms: int, *, dry: bool) -> dict[str, Any]:
    if dry:
        return {"behavior": str(behavior), "action": "would propose"}
    commit = mainline.beside(canaries.workshop_of(settings), behavior, text, PROPOSED.format(behavior=behavior))
    return deploying.deploy(_with_share(settings), store, behavior, now_ms, commit=commit)


def _with_share(settings: Settings) -> Settings:
    """The settings, with the share of the traffic that such a pack gets."""
    name, share = "canary.fraction", settings["behavior.canary_percent"] / 100
    values: Mapping[str, Any] = {**settings.values, name: share}
    return replace(settings, values=values, origins={**settings.origins, name: "behavior.canary_percent"})
