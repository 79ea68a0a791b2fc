"""Rows of one session made into turns: what each began with, which skills were offered then, and which fired.

A listing is written after the prompt that it goes along with, so a turn's offers are those at its first answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from autotune.core.skills.seen import Answer, Body, Call, Ended, Failure, How, Listing, Offer, Opened, Prompt, Row, Usage


@dataclass(frozen=True, slots=True)
class Fired:
    """A skill that fired, by its full name. `ran` is False where the call was denied, or its end is not recorded.

    `fingerprint` and `folder` are those of the text that ran, where the host records it.
    """

    name: str
    how: How
    at: str
    ran: bool
    fingerprint: str | None = None
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """From one prompt to the next in one conversation of a session. `computed` marks offers that no host has recorded.

    `folder` is where the session works, `tokens` what its responses took and gave, without what was cached, `failures` counts failed tools.
    """

    session: str
    agent: str
    at: str
    text: str
    human: bool
    offered: Mapping[str, Offer]
    fired: tuple[Fired, ...]
    computed: bool = False
    folder: str = ""
    tokens: int = 0
    failures: int = 0

    def by_model(self, name: str) -> bool:
        """Whether the model had a skill fire."""
        return any(one.name == name and one.how is not How.TYPED for one in self.fired)

    def called(self, name: str) -> bool:
        """Whether the model called a skill, rather than read its file."""
        return any(one.name == name and one.how is How.MODEL for one in self.fired)

    def typed(self, name: str) -> bool:
        """Whether you had it run by its name."""
        return any(one.name == name and one.how is How.TYPED for one in self.fired)

    def without(self, name: str) -> Turn:
        """The turn as if a skill had not been there."""
        offered = {other: offer for other, offer in self.offered.items() if other != name}
        return replace(self, offered=offered, fired=tuple(one for one in self.fired if one.name != name))


@dataclass(slots=True)
class _Called:
    call: Call
    ended: Ended | None = None
    body: Body | None = None
    credited: str | None = None


@dataclass(slots=True)
class _Open:
    prompt: Prompt
    offered: Mapping[str, Offer] | None = None
    called: list[_Called] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)
    failures: int = 0


@dataclass(slots=True)
class _Conversation:
    offers: dict[str, Offer] = field(default_factory=dict)
    computed: bool = False
    folder: str = ""
    turn: _Open | None = None


def turns(rows: Iterable[Row], session: str = "") -> list[Turn]:
    """Fold the rows of one session, in the host's order, into turns; those of subagents are their own."""
    conversations, done, program, answering = dict[str, _Conversation](), list[Turn](), False, ""
    opened = ""
    for row in rows:
        if isinstance(row, Opened):
            program, opened = row.program, row.folder
        if isinstance(row, Usage) and answering in conversations and (turn := conversations[answering].turn):
            turn.used[row.response] = row.input + row.output  # the last record of a response counts
        if isinstance(row, Ended):
            for one in conversations.values():
                _end(one, row)
            continue
        if not isinstance(row, Listing | Prompt | Call | Body | Answer | Failure):
            continue
        conversation = conversations.setdefault(row.agent, _Conversation(folder=opened))
        if isinstance(row, Prompt):
            done.extend(_closed(conversation, session))
            conversation.turn = _Open(replace(row, human=row.human and not program))
        elif isinstance(row, Failure):
            _fail(conversation)
        else:
            answering = row.agent if isinstance(row, Answer) else answering
            _take(conversation, row)
    for one in conversations.values():
        done.extend(_closed(one, session))
    return done


def _take(conversation: _Conversation, row: Listing | Call | Body | Answer) -> None:
    if isinstance(row, Listing):
        kept = {} if row.whole else conversation.offers
        conversation.offers = {**kept, **{one.name: one for one in row.offers}}
        conversation.computed, conversation.folder = row.computed, row.folder or conversation.folder
        return
    if conversation.turn is None:
        conversation.turn = _Open(Prompt(row.agent, "" if isinstance(row, Body) else row.at, "", human=False))
    turn = conversation.turn
    if isinstance(row, Call):
        turn.offered = conversation.offers if turn.offered is None and row.how is not How.TYPED else turn.offered
        turn.called.append(_Called(row))
    elif isinstance(row, Body):
        for one in turn.called[::-1]:
            if one.call.id == row.id and one.body is None:
                one.body = row
                break
    else:
        turn.offered = conversation.offers if turn.offered is None else turn.offered
        if row.skill and turn.called and turn.called[-1].credited is None:
            turn.called[-1].credited = row.skill


def _fail(conversation: _Conversation) -> None:
    if conversation.turn is not None:
        conversation.turn.failures += 1


def _end(conversation: _Conversation, row: Ended) -> None:
    for one in conversation.turn.called if conversation.turn else ():
        if one.call.id == row.id:
            one.ended = row


def _closed(conversation: _Conversation, session: str) -> list[Turn]:
    turn = conversation.turn
    if turn is None:
        return []
    offered = conversation.offers if turn.offered is None else turn.offered
    fired = tuple(one for called in turn.called if (one := _fired(called, offered)) is not None)
    said = turn.prompt
    seen = (conversation.folder, sum(turn.used.values()), turn.failures)
    return [Turn(session, said.agent, said.at, said.text, said.human, offered, _once(fired), conversation.computed, *seen)]


def _fired(called: _Called, offered: Mapping[str, Offer]) -> Fired | None:
    """A call that the host did not know, or refused as malformed, fired nothing."""
    call, ended = called.call, called.ended
    if ended is not None and not (ended.known and (ended.ran or ended.denied)):
        return None
    ran = call.how is not How.MODEL or (ended is not None and ended.ran)
    body = (called.body.fingerprint, called.body.folder) if called.body else ()
    return Fired(_whole_name(called, offered), call.how, call.at, ran, *body)


def _whole_name(called: _Called, offered: Mapping[str, Offer]) -> str:
    """A host takes `gamma` for `plugin:gamma`: whom it credits tells, else the only offer of that ending, else the folder's name."""
    said = called.call.name
    if called.credited is not None and called.credited.rpartition(":")[2] == said.rpartition(":")[2]:
        return called.credited
    if said in offered:
        return said
    alike = [name for name in offered if name.rpartition(":")[2] == said]
    if len(alike) == 1:
        return alike[0]
    return PurePosixPath(called.body.folder).name if called.body is not None and not said else said


def _once(fired: tuple[Fired, ...]) -> tuple[Fired, ...]:
    """Each skill once a turn and way: a call again in the same turn is the same trigger; a read beside a call is none of its own."""
    kept = dict[tuple[str, bool], Fired]()
    for one in fired:
        key = (one.name, one.how is How.TYPED)
        before = kept.get(key)
        if before is None or (before.how is How.READ and one.how is How.MODEL):
            kept[key] = one if before is None else replace(one, at=before.at)
    return tuple(kept.values())
