"""A pack deployed: proposed, approved where that is asked for, put beside the active pack as a canary once records show the active one."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from autotune.core.cases.confirming import Count, needed
from autotune.core.codec import encode
from autotune.core.judging import packs
from autotune.core.judging.admissible import leaks
from autotune.core.judging.packs import LONGEST_READ, MOST_DEMOS_READ, Pack
from autotune.core.records.behaviors import Behavior
from autotune.core.records.places import letters
from autotune.core.rollout.duration import MEAN, SHARES, days_until, share_for
from autotune.core.rollout.events import Intent, State
from autotune.core.rollout.exposures import DAY_MS
from autotune.core.rollout.look import MARGIN, NEEDED, Mode
from autotune.edges.clock import moment
from autotune.errors import AutotuneError
from autotune.prompts import builtin, canaries, candidates, mainline
from autotune.prompts.canaries import ACTIVE, APPROVED, BEGUN, CANARY, DEFAULT, DROPPED, QUEUED, Proposal, Standing
from autotune.prompts.candidates import Candidate
from autotune.prompts.exposures import History, history, shows
from autotune.prompts.settings import Settings
from autotune.records.store import Store
from autotune.rollout import snapshots
from autotune.rollout.deploying import FOUND, Besides, Rollout, Target, opened, read
from autotune.rollout.placing import ChangedError

EFFECTS = (0.05, 0.10, 0.20)
HOPED_FOR, WITHIN_DAYS = 0.10, 14.0  # for which a share is chosen, where none is set
_FRACTION = "canary.fraction"


def besides(settings: Settings, behavior: str) -> Besides:
    """What a deployment does to the workshop's main branch, which says what is deployed."""
    top, store = canaries.workshop_of(settings), canaries.target_of(settings, behavior).store

    def move(intent: Intent) -> None:
        after = next((change.after for change in intent.changes if change.slot == ACTIVE), None)
        match intent.data.get("main"):
            case "bring":
                mainline.bring(top, str(intent.data["commit"]), behavior)
            case "restore" if after is not None:
                mainline.restore(top, behavior, snapshots.content(store, after).read_bytes())

    return move


def deploy(
    settings: Settings, store: Store, behavior: str, now_ms: int, *, commit: str | None = None, adopt: bool = False, dry: bool = False
) -> dict[str, Any]:
    """Propose the newest pack that a session kept (or the one at a commit) and begin its canary, or say what that waits for."""
    target = canaries.target_of(settings, behavior)
    if dry:
        return _rehearsed(settings, store, behavior, now_ms, commit)
    with opened(target, "autotune prompts deploy", now_ms, besides(settings, behavior), adopt=adopt) as rollout:
        _take_up(settings, rollout, behavior, now_ms)
        stand = canaries.standing(rollout.state)
        proposal, said = _to_begin(settings, store, target, stand, behavior, now_ms, commit)
        if proposal is None:
            return said
        if ACTIVE not in rollout.state.placed:
            pack = _default(settings, behavior)
            version = packs.version_of(pack)
            rollout.change({ACTIVE: rollout.keep(packs.rendered(pack).encode())}, DEFAULT, now_ms, {"version": version})
            said["parent"] = canaries.active_version(target, rollout.state)
            said["first"] = True
        if stand.waiting is None:
            rollout.note(QUEUED, now_ms, encode(proposal))
        return {**said, **begin(settings, store, rollout, behavior, now_ms)}


def _rehearsed(settings: Settings, store: Store, behavior: str, now_ms: int, commit: str | None) -> dict[str, Any]:
    target = canaries.target_of(settings, behavior)
    state = read(target)
    stand = canaries.standing(state)
    proposal, said = _to_begin(settings, store, target, stand, behavior, now_ms, commit)
    if proposal is None:
        return {**said, "dry_run": True}
    there = state.placed.get(ACTIVE) is not None or target.places[ACTIVE].is_file()
    waits = _waits_for_approval(settings, stand, proposal)
    return {**said, "action": "would wait for approval" if waits else "would begin", "first": not there, "dry_run": True}


def _to_begin(
    settings: Settings, store: Store, target: Target, stand: Standing, behavior: str, now_ms: int, commit: str | None
) -> tuple[Proposal | None, dict[str, Any]]:
    """The proposal that is to have a canary, with all that is to be said of it; None where one runs, or there is nothing to deploy."""
    if stand.running is not None and commit is None:
        return None, {"behavior": behavior, "action": "runs", "version": stand.running.version, "dry_run": False}
    proposal, said = _proposed(settings, store, target, stand, behavior, now_ms, commit)
    if proposal is None:
        return None, {**said, "action": "nothing"}
    _refuse_second(stand, behavior, proposal, commit)
    return proposal, said


def _take_up(settings: Settings, rollout: Rollout, behavior: str, now_ms: int) -> None:
    """Make what was there before the first deployment a version, and let main say it."""
    place = rollout.target.places[ACTIVE]
    if ACTIVE not in rollout.state.placed and place.is_file():
        rollout.adopt(ACTIVE, now_ms, {"version": canaries.version_in(place.read_bytes())})
    if place.is_file() and any(one.why in {FOUND, "adopted"} for one in rollout.state.deployments[-1:]):
        mainline.restore(canaries.workshop_of(settings), behavior, place.read_bytes())
    if rollout.state.placed.get(CANARY) is None and rollout.target.places[CANARY].exists():
        raise ChangedError(
            f"{rollout.target.places[CANARY]} is there, and autotune did not put it there.",
            "let the other program finish its canary, or move that file away",
        )


def _refuse_second(stand: Standing, behavior: str, proposal: Proposal, commit: str | None) -> None:
    """Refuse to overwrite a canary, or a proposal that waits."""
    if stand.running is not None:
        raise AutotuneError(
            f"A canary of {behavior} runs already: {stand.running.version}.",
            f"`autotune prompts watch` says how it does; `autotune prompts rollback --behavior {behavior}` ends it",
        )
    if stand.waiting is not None and commit is not None and stand.waiting.version != proposal.version:
        raise AutotuneError(
            f"{stand.waiting.version} of {behavior} waits already.", f"`autotune prompts approve --reject --behavior {behavior}` drops it"
        )


def _default(settings: Settings, behavior: str) -> Pack:
    """The pack that is deployed where none is: the one of main, which began as the built-in one."""
    return _main_pack(settings, behavior) or builtin.pack(Behavior(behavior))


def _proposed(
    settings: Settings, store: Store, target: Target, stand: Standing, behavior: str, now_ms: int, commit: str | None
) -> tuple[Proposal | None, dict[str, Any]]:
    """The proposal that waits, or a new one, with all that is to be said of it; None where there is nothing to deploy."""
    top, state = canaries.workshop_of(settings), read(target)
    said: dict[str, Any] = {"behavior": behavior, "dry_run": False, "first": False}
    proposal = (stand.waiting or stand.running) if commit is None else None
    candidate = None if proposal is not None else _candidate(settings, target, state, stand, behavior, commit)
    if proposal is None and candidate is None:
        return None, said
    lately = history(store, behavior, now_ms)
    if candidate is not None:
        proposal = _new(settings, candidate, stand, lately, mainline.tip(top))
    assert proposal is not None  # noqa: S101 - one of both is there
    now, new = (mainline.text_at(top, commit, behavior) or "" for commit in (mainline.tip(top), proposal.commit))
    return proposal, {
        **said,
        **encode(proposal),
        "parent": canaries.active_version(target, state),
        "diff": difference(now, new, behavior),
        **duration(lately, proposal),
    }


def _candidate(settings: Settings, target: Target, state: State, stand: Standing, behavior: str, commit: str | None) -> Candidate | None:
    """The pack at a commit, or the newest one that was not tried and not active before; None without any. Raises AutotuneError."""
    top = canaries.workshop_of(settings)
    known = canaries.known(target, state)
    candidate = candidates.at(top, commit, behavior) if commit else candidates.newest(top, behavior, known)
    if candidate is not None:
        _check(settings, candidate, behavior, stand, known)
    return candidate


def difference(now: str, new: str, behavior: str) -> list[str]:
    """What a pack says anew, line by line."""

    def told(text: str) -> list[str]:
        try:
            pack = packs.read(text, behavior)
        except ValueError:
            return text.splitlines()
        return [*pack.instructions.splitlines(), *(f"{asked} -> {answered}" for asked, answered in pack.demos)]

    return list(difflib.unified_diff(told(now), told(new), "deployed", "candidate", lineterm="", n=1))


def duration(known: History, proposal: Proposal) -> dict[str, Any]:
    """About how many days the canary takes, by what its true effect may be; None: no traffic was seen, or longer than it may last."""
    mean = MEAN if known.mean is None else known.mean
    days = {effect: days_until(effect, proposal.share, known.per_day, mean, known.spread, proposal.margin) for effect in EFFECTS}
    told = {f"{effect:g}": round(value, 1) if value <= proposal.max_days else None for effect, value in days.items()}
    return {"units_a_day": round(known.per_day, 1), "days": told}


def _check(settings: Settings, candidate: Candidate, behavior: str, stand: Standing, known: frozenset[str]) -> None:
    """Refuse a pack that must not go out."""
    top, pack = canaries.workshop_of(settings), candidate.pack
    if candidate.version in known and candidate.version not in stand.tried:
        raise AutotuneError(f"{candidate.version} of {behavior} was deployed before.", f"`autotune prompts rollback {candidate.version}`")
    before = _main_pack(settings, behavior)
    if before == pack and _is_active(settings, behavior, candidate.version):
        raise AutotuneError(f"{candidate.version} of {behavior} is the pack on main already.", "commit another pack, and name that commit")
    if found := leaks(pack, before):
        raise AutotuneError(
            f"{candidate.version} of {behavior} holds what must not go out: {', '.join(found)}.",
            "take that out of the pack, in a commit of its own, and deploy that one with --commit",
        )
    if len(pack.instructions) > LONGEST_READ or len(pack.demos) > MOST_DEMOS_READ:
        raise AutotuneError(
            f"{candidate.version} of {behavior} is longer than a reader takes in.",
            f"shorten it to {LONGEST_READ} characters and {MOST_DEMOS_READ} demos",
        )
    mainline.require_unmoved(top, candidate.commit, behavior)
    if settings["canary.mode"] == Mode.NO_HARM and not candidate.proven:
        raise AutotuneError(
            "canary.mode is no_harm, which is for packs that a session has kept.", "set it to gain, or deploy what `optimize` keeps"
        )


def _is_active(settings: Settings, behavior: str, version: str) -> bool:
    """Whether the active pack has this version, or would have it: nothing is deployed yet, and main says it."""
    target = canaries.target_of(settings, behavior)
    return canaries.active_version(target, read(target)) in {None, version}


def _main_pack(settings: Settings, behavior: str) -> Pack | None:
    top = canaries.workshop_of(settings)
    text = mainline.text_at(top, mainline.tip(top), behavior)
    return None if text is None else packs.read(text, behavior)


def _new(settings: Settings, candidate: Candidate, stand: Standing, known: History, main: str) -> Proposal:
    """A proposal of a pack, by the settings; without an offline keep more evidence is asked for, by how many were tried."""
    mode = Mode(settings["canary.mode"])
    margin = MARGIN if mode is Mode.NO_HARM else 0.0
    unproven = max(NEEDED, needed(Count(1), Count(len(stand.tried) + 1)))
    return Proposal(
        salt=canaries.drawn_salt(),
        version=candidate.version,
        commit=candidate.commit,
        main=main,
        session=candidate.session,
        experiment=candidate.experiment,
        proven=candidate.proven,
        evidence=candidate.evidence,
        share=_share(settings, known, margin),
        mode=mode,
        margin=margin,
        needed=NEEDED if candidate.proven else unproven,
        fewest=settings["canary.min_samples"],
        max_days=settings["canary.max_days"],
        max_units=settings["canary.max_units"] or None,
        unit=settings["canary.unit"],
    )


def _share(settings: Settings, known: History, margin: float) -> float:
    """The share that is set; where none is, the smallest usual one that finds a gain of .10 in two weeks."""
    if settings.origins[_FRACTION]:
        share = float(settings[_FRACTION])
        if not 0 < share < 1:
            raise AutotuneError(f"{_FRACTION} is {share:g}: a canary needs both sides.", f"set it to one of {', '.join(map(str, SHARES))}")
        return share
    return share_for(HOPED_FOR, WITHIN_DAYS, known.per_day, MEAN if known.mean is None else known.mean, known.spread, margin)


def _waits_for_approval(settings: Settings, stand: Standing, proposal: Proposal) -> bool:
    return settings["approval"] == "required" and proposal.salt not in stand.approved


def begin(settings: Settings, store: Store, rollout: Rollout, behavior: str, now_ms: int) -> Mapping[str, Any]:
    """Begin the canary of the proposal that waits, if it may begin: approved, and records show the pack that it is held against."""
    stand = canaries.standing(rollout.state)
    proposal = stand.waiting
    if proposal is None:
        return {"action": "nothing"}
    if _waits_for_approval(settings, stand, proposal):
        return {"action": "waits for approval"}
    parent = canaries.active_version(rollout.target, rollout.state)
    if parent is None:
        raise AutotuneError(
            f"{rollout.target.places[ACTIVE]} names no version, so no record can show it.",
            "write a pack with a version there, then use --adopt",
        )
    if not shows(store, behavior, parent, canaries.active_since(rollout.state, now_ms)):
        return {"action": "waits for records", "parent": parent}
    top = canaries.workshop_of(settings)
    mainline.require_unmoved(top, proposal.commit, behavior)
    known = history(store, behavior, now_ms)
    lasting = replace(proposal, parent=parent, since_ms=now_ms, expires_ms=now_ms + round(proposal.max_days * DAY_MS))
    ready = replace(lasting, mean=known.mean, unscored=known.unscored, limits=known.limits)
    content = canary_file(candidates.at(top, proposal.commit, behavior).pack, ready)
    rollout.change({CANARY: rollout.keep(content)}, BEGUN, now_ms, encode(ready))
    return {"action": "began", "parent": parent, "expires_ms": ready.expires_ms}


def canary_file(pack: Pack, proposal: Proposal) -> bytes:
    """The canary file: the pack, and how it is drawn."""
    return packs.rendered(
        pack,
        {
            "canaryPercent": round(100 * proposal.share, 6),
            "canarySince": moment(proposal.since_ms, "seconds"),
            "expires": moment(proposal.expires_ms, "seconds"),
            "salt": proposal.salt,
            "unit": proposal.unit,
            **_origin(pack, proposal),
        },
    ).encode()


def active_file(pack: Pack, proposal: Proposal) -> bytes:
    """The active file of a pack that was promoted: its version is the canary's."""
    return packs.rendered(pack, _origin(pack, proposal)).encode()


def _origin(pack: Pack, proposal: Proposal) -> dict[str, str]:
    """Where a pack comes from. Its content is known by a hash in letters: no masker takes those for a number."""
    said = hashlib.sha256(f"{pack.instructions}\n{pack.demos}".encode()).hexdigest()
    made = f"{proposal.session}/{proposal.experiment}" if proposal.session is not None else proposal.commit
    return {"parent": proposal.parent, "content": letters(said), "experiment": made, "created_by": "autotune"}


def approve(settings: Settings, store: Store, behavior: str, now_ms: int, *, reject: bool = False, dry: bool = False) -> dict[str, Any]:
    """A person's word on what waits: a proposal, or the promotion of a canary that has shown enough."""
    target = canaries.target_of(settings, behavior)
    alone = nullcontext() if dry else opened(target, "autotune prompts approve", now_ms, besides(settings, behavior))
    with alone as rollout:
        stand = canaries.standing(read(target))
        proposal = stand.waiting or stand.running
        if proposal is None:
            return {"behavior": behavior, "action": "nothing"}
        _, said = _proposed(settings, store, target, stand, behavior, now_ms, None)
        if rollout is None:
            return {**said, "action": "would be dropped" if reject else "would be approved", "dry_run": True}
        if reject and stand.waiting is not None:
            rollout.note(DROPPED, now_ms, {"salt": proposal.salt, "version": proposal.version})
            return {**said, "action": "dropped"}
        if reject:
            raise AutotuneError(f"A canary of {behavior} runs.", f"`autotune prompts rollback --behavior {behavior}` ends it")
        rollout.note(APPROVED, now_ms, {"salt": proposal.salt, "version": proposal.version, "promotion": stand.waiting is None})
        found = begin(settings, store, rollout, behavior, now_ms) if stand.waiting is not None else {"action": "promotion approved"}
        return {**said, **found}
