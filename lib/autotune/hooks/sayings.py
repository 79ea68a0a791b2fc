"""All that hooks say, in one place: templates, filled in where they are used."""

from __future__ import annotations

# Why a tool may be used, is asked about, or is refused.
OWN_COMMAND = "autotune's own command"
PERSON_SAID_SO = "the user has just said so"
FOR_A_PERSON = "{called} is for the user to decide. If nobody is there to ask, go on without it, and say so in `autotune.md`."
FILE_OF_SESSION = "{kind} of the autotune session"
FILE_FOR_SET_UP = "a file of the new autotune session"
WORKING_TREE = "of the autotune session's working tree"
REPORT = "a report of the autotune session"
PLUGIN_PAGE = "a page of the plugin"
RECORDS = "{path} belongs to the records of session {session}. Nobody edits them: they come from autotune's own runs."
PROTECTED = (
    "{path} decides what is measured or compared in session {session}, so no candidate may change it. "
    "Change files in scope ({scope}) instead. If it is wrong, tell the user, who can say `autotune rebaseline --accept`."
)
OUTSIDE = (
    "{path} is outside the scope of session {session}, which is: {scope}. "
    "Change files in scope instead; put scratch files outside the repository, for instance into /tmp."
)
NARROWED = (
    "{path} may not be changed for now. You may change: {narrowed}. "
    "Work on those files for the next experiments; `autotune explain` says why."
)
GIT_REFUSED = (
    "`git {name}` like this could lose or hide work of session {session}. With `autotune try`, autotune itself commits what is kept "
    "and takes back what is not. `autotune log --description TEXT --status discard` takes back everything that is open, measured or not. "
    "To undo one edit, name its file: `git restore FILE`. To look, `git log`, `git show` and `git diff` are fine."
)

# What an agent is told when it stops.
WAIT = "autotune: a measurement of session {session} is running. Call `autotune wait`, and call it again if it says that it goes on."
GO_ON = (
    "autotune: session {session} goes on until it is stopped ({health}, {experiments} experiments, {kept} kept). Next: {next}. "
    "Out of ideas? `autotune brief` has what was tried and why it failed. "
    "If only the user can decide, end with a question to them."
)
STOP_AFTER = "autotune: the user has asked session {session} to stop once what you are at is settled. Next: {next}."
GIVEN_UP = (
    "autotune: the agent has stopped {patience} times without a new experiment, so session {session} waits. "
    "Write to the agent to go on, or end the session with /autotune:stop."
)

# What an agent is told when its client begins, or has lost its memory.
TELL_THE_PERSON = (
    "An autotune session, {session}, belongs to this client. Do not go on with it by yourself: tell the user in a sentence that it is "
    "there, and go on when they say so. `autotune brief` has all there is to know. Next would be: {next}."
)
BRIEF = "autotune session {session} belongs to this client. This is its brief; go on from it. Next: {next}.\n\n{brief}"
BRIEF_AT_REST = (
    "autotune session {session} belongs to this client. This is its brief. It is {how}, and only the user takes it up again: do nothing in "
    "it by yourself.\n\n{brief}"
)
