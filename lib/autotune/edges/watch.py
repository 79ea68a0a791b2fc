"""A run watched until it and all that it started have ended."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Callable
from typing import Self

from autotune.core.output.marked import CONTEXT, UNSCORED
from autotune.core.output.outcome import Executed
from autotune.edges.capture import Output
from autotune.edges.family import exit_descriptor
from autotune.edges.shell import CHUNK_BYTES, CLOCK_ERROR, LAST_WORDS_S, LOOK_S, SHORTEST_LOOK_S, Run, widen


class Watch:
    """What is done while a command runs: read what it prints, look at the clock, end it when it is time."""

    def __init__(self, run: Run, output: Output, timeout_s: float, grace_s: float, stopped: Callable[[], bool]) -> None:
        self._run = run
        self._output = output
        self._timeout_s = timeout_s
        self._grace_s = grace_s
        self._stopped = stopped
        self._selector = selectors.DefaultSelector()
        self._exit = exit_descriptor(run.pid)
        self._began = self._ended = 0.0
        self._kill_at: float | None = None
        self._timed_out = self._was_stopped = False

    def __enter__(self) -> Self:
        for name, stream in (("stderr", self._run.starter.stderr), ("stdout", self._run.starter.stdout)):
            widen(stream)
            self._selector.register(stream, selectors.EVENT_READ, name)
        if self._exit is not None:
            self._selector.register(self._exit, selectors.EVENT_READ)
        return self

    def __exit__(self, *exception: object) -> None:
        self._selector.close()
        if self._exit is not None:
            os.close(self._exit)

    def finish(self) -> Executed:
        """Let the command begin, see it to its end, and end what it left."""
        self._began = look_at = time.perf_counter()
        self._run.starter.tell("begin")
        while not self._read_until(look_at):
            now = time.perf_counter()
            if now >= look_at:
                self._look(now)
                look_at = now + LOOK_S
        self._take_last_words()
        leftovers = self._end_others()
        if self._run.status is None:
            self._run.reap()
        return self._finished(leftovers)

    def _read_until(self, look_at: float) -> bool:
        """Wait for output, the end or the next look, whichever comes first, and say whether the end has come."""
        now = time.perf_counter()
        patience = max(0.0, look_at - now)
        if self._exit is None:
            patience = min(patience, max(SHORTEST_LOOK_S, (now - self._began) * CLOCK_ERROR))
        ready = self._selector.select(patience)
        ended = self._run.has_ended() if self._exit is None else any(key.fd == self._exit for key, _ in ready)
        self._ended = time.perf_counter()
        for key, _ in ready:
            if key.fd != self._exit:
                self._read(key)
        return ended

    def _read(self, key: selectors.SelectorKey) -> None:
        chunk = os.read(key.fd, CHUNK_BYTES)
        if chunk:
            self._output.take(key.data, chunk)
        else:
            self._selector.unregister(key.fileobj)

    def _look(self, now: float) -> None:
        """Do what has to be done now and then: end the command when it is time."""
        self._run.reap_orphans()
        if self._kill_at is None:
            self._was_stopped = self._stopped()
            self._timed_out = not self._was_stopped and now - self._began >= self._timeout_s
            if self._was_stopped or self._timed_out:
                self._kill_at = now + self._grace_s
                self._run.send(signal.SIGTERM)
        elif now >= self._kill_at:
            self._run.send(signal.SIGKILL)

    def _take_last_words(self) -> None:
        """Read what is still under way, at the end of a pipeline that nobody waited for, say: to the end, or not for long."""
        if self._exit is not None:
            self._selector.unregister(self._exit)
        until = time.perf_counter() + LAST_WORDS_S
        while self._selector.get_map() and (patience := until - time.perf_counter()) > 0:
            for key, _ in self._selector.select(patience):
                self._read(key)

    def _end_others(self) -> tuple[str, ...]:
        """End what outlived the command, and describe it unless the command itself was being ended.

        What the command told to end, without waiting for it, has a moment for that.
        """
        until = time.perf_counter() + LAST_WORDS_S
        while (others := self._run.others()) and self._kill_at is None and time.perf_counter() < until:
            time.sleep(SHORTEST_LOOK_S)
        described = () if self._kill_at is not None else tuple(f"{line} (process {pid})" for pid, line in others.items())
        self._run.starter.close_output()
        if others and self._kill_at is None:
            self._run.send(signal.SIGTERM)
        if others:
            self._run.end_others(self._kill_at or time.perf_counter() + self._grace_s)
        return described

    def _finished(self, leftovers: tuple[str, ...]) -> Executed:
        run = self._run
        code = os.waitstatus_to_exitcode(run.status or 0)
        return Executed(
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            wall_s=self._ended - self._began,
            user_s=run.user_s,
            system_s=run.system_s,
            peak_rss_mb=run.peak_rss_mb,
            timed_out=self._timed_out,
            stopped=self._was_stopped,
            report=self._output.report(),
            context=self._output.said(CONTEXT),
            unscored=self._output.said(UNSCORED),
            tail=self._output.tail(),
            output_bytes=self._output.total,
            leftovers=leftovers,
            printed=self._output.printed(),
        )
