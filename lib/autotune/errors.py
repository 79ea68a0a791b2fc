"""What is raised when a person or an agent must act: one sentence that says what is wrong, one that says what to do."""

from __future__ import annotations


class AutotuneError(Exception):
    """A refusal: nothing was changed, or what was begun is finished by the next command.

    `message` is a finished sentence; `hint` says what to do next; `exit_code` is what the command ends with.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class EndedError(AutotuneError):
    """This command was told to end while it waited: `message` says what became of what it waited for."""

    def __init__(self, message: str, hint: str, signal: int) -> None:
        super().__init__(message, hint)
        self.exit_code = 128 + signal
