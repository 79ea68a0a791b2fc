"""By which signals a process ends, and what it does then."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import NoReturn

Handler = Callable[[int, FrameType | None], object] | signal.Handlers
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ToldToEndError(BaseException):
    """A signal asks this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def handled(handlers: Mapping[int, Handler]) -> Iterator[None]:
    """Have signals handled otherwise as long as the context lasts."""
    before = {one: signal.getsignal(one) for one in handlers}
    try:
        for one, handler in handlers.items():
            signal.signal(one, handler)
        yield
    finally:
        for one, earlier in before.items():
            signal.signal(one, earlier)


def told_to_end() -> AbstractContextManager[None]:
    """Raise `ToldToEndError` for the signals by which a terminal or a client ends a command, where nobody has set them otherwise."""

    def end(number: int, _: object) -> NoReturn:
        raise ToldToEndError(number)

    return handled({one: end for one in _ENDING if signal.getsignal(one) in (signal.SIG_DFL, signal.default_int_handler)})


def ended_in_order() -> AbstractContextManager[None]:
    """Have a signal that would end this process at once (a closed terminal, say) end it as an interrupt does: then all is given back."""
    at_once = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is signal.SIG_DFL]
    return handled(dict.fromkeys(at_once, signal.default_int_handler))


def not_hung_up() -> AbstractContextManager[None]:
    """Outlive the terminal; a request to end is an interrupt, so that the client does not outlive this process."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    return handled({signal.SIGHUP: signal.SIG_IGN, signal.SIGTERM: interrupt})


class Ending:
    """Whether this process was asked to end, and by which signal."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._heard, self._tell = os.pipe()

    def ask(self, number: int) -> None:
        """Note that a signal asks for the end; whoever waits is woken."""
        self.number = number
        os.write(self._tell, b".")

    def wait(self, seconds: float) -> None:
        """Wait, for as long as no signal asks for the end."""
        select.select([self._heard], [], [], max(0.0, seconds))

    def close(self) -> None:
        """Close the pipe by which it is woken."""
        os.close(self._heard)
        os.close(self._tell)


@contextmanager
def ended_gently(said: Callable[[], None]) -> Iterator[Ending]:
    """Have a first signal ask for the end, which `said` is told, and a second one raise `ToldToEndError` at once."""
    ending = Ending()

    def handle(number: int, _: object) -> None:
        if ending.number is not None:
            raise ToldToEndError(number)
        ending.ask(number)
        said()

    try:
        with handled(dict.fromkeys(_ENDING, handle)):
            yield ending
    finally:
        ending.close()
