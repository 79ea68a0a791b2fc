"""Makes a hook's payload into its response: run as `python3 -I -S __main__.py EVENT`, payload on stdin, response on stdout."""

from __future__ import annotations

import os
import sys

COMMANDS = b'"autotune:'
OWN_CALL = "AUTOTUNE_MODEL_CALL"  # set by models/claude.py: such a client only answers a question


def main(event: str) -> None:
    """Answer one event. Whatever goes wrong ends as a line in the log and no answer, so that the user's session goes on."""
    if OWN_CALL in os.environ:
        return
    try:
        sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
        from autotune.hooks import locating

        raw = sys.stdin.buffer.read()
        if not raw or (COMMANDS not in raw and not locating.may_matter(raw)):  # nothing is said by a client that is gone already
            return
        from autotune.hooks.routes import answer_to

        answer = answer_to(event, raw)
        if answer:
            sys.stdout.write(answer)
            sys.stdout.flush()
    except BaseException as problem:  # noqa: BLE001 - a hook never breaks a session, whatever the reason
        _note(event, problem)


def _note(event: str, problem: BaseException) -> None:
    try:
        from autotune.hooks import journal

        journal.jot(event, problem)
    except BaseException:  # noqa: BLE001, S110 - there is nobody left to tell
        pass


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
    # The rest of Python's way out takes longer than all of the above, and nothing of it is needed.
    sys.stdout.flush()
    os._exit(0)
