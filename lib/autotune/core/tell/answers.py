"""The words of what verbs answer: templates that a command fills, and the kinds of what the loop has to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from shlex import quote

from autotune.core.config.keys import Fixed
from autotune.core.escaping import escaped
from autotune.core.facts import AnyKind, Fact
from autotune.core.findings import Answer
from autotune.core.tell.figures import counted, money, number

CHANGED_BY: Mapping[Fixed, str] = {  # what stands behind a key that an edit does not change
    Fixed.NEVER: "",
    Fixed.DECISION: "(changed only by `autotune config set`)",
    Fixed.PERSON: "(changed only by your `autotune config set`)",
    Fixed.SEGMENT: "(fixed for the segment)",
    Fixed.SESSION: "(fixed for the session)",
}
PARTS = ("A project", "A session", "The loop", "What came of it", "Where it is", "In a project of your own", "Its report")  # of the demo
PUT_ON_PATH = "{link}    # puts `autotune` on your PATH, or says what is missing"
OF_YOUR_OWN = (  # lines for a shell
    "cd YOUR-PROJECT    # its benchmark, autotune.sh, prints METRIC time_ms=12.3",
    "autotune doctor    # what is there, what is missing",
    "autotune init --name speed --metric time_ms --scope 'src/**'",
    "autotune start --proposer COMMAND    # any program that edits files",
)


SESSION_OPENED = "session {session} on branch {branch}, in {folder}"
NEXT_EDIT = "next: edit files in scope, then `autotune try --description TEXT`; or `autotune start --proposer COMMAND`"
SESSION_FOUND = "session {session}: its working tree is {folder}"
GOES_ON = "{session} goes on"
WENT_ON_ALREADY = "{session} was not stopped, and goes on as before"
STANDS_STILL_AGAIN = "{session} is {condition} again at once: {because}"
SESSION_STOPPED = "stopped {session} after {experiments:experiment} and {kept:keep}; all data is kept"
STOPS_AFTER = "{session} stops after experiment {experiment}; `autotune stop` stops it at once"
STOPS_AFTER_THIS = "{session} stops when what runs now is over; `autotune stop` stops it at once"
COMMITS_ARE = (
    "the commits are on {branch}; `autotune finalize` makes branches for a review, `autotune explain` says more "
    "and `autotune resume` goes on"
)
SESSION_ENDED = "{session} is {condition}: {because}"
CLAIM_MADE = "claim, by fresh runs of the first state and the last: {because}"
MADE = "{experiments:experiment}, {kept} kept, on branch {branch}; `autotune explain` says more"
EDITS_SET_ASIDE = "the edits are saved: `autotune restore {experiment}` opens them again"
CHANGES_OPEN = "the changes of experiment {experiment} are open again: {paths}"
NEXT_TRY = "next: `autotune try --description TEXT` measures them"
NEXT_RESUME = "next: `autotune resume`, then `autotune try --description TEXT` measures them"
SEGMENT_BEGUN = "segment {segment}: {because}"
PASSES_AGAIN = "the unchanged code passes again, so the session goes on"
MIN_EFFECT_WRITTEN = "written to autotune.toml: min_effect = {min_effect:g}"
MORE_BY_CALIBRATE = "`autotune calibrate` measures again and writes min_effect to autotune.toml"
PAGE_SERVED = "the page is at {address} (the link is good once); Ctrl-C ends it"
PAGE_KEPT = "the page is at {address} (the link is good once); `autotune dashboard --web --stop` ends it"
PAGE_ENDED = "the page is no longer served"
NO_PAGE = "no page is served here"
IN_ORDER = "{path} is in order"
NOT_IN_FORCE = "{key} is not the value in force: `{command}`"
NOTED = "noted; it comes with the next result"
IDEA_WRITTEN = "written to {name}"
HOLDOUT_MADE = "the hold-out has {count:file}; delete the originals from every place where a proposer works"
HOLDOUT_UNUSED = "no command uses it yet: the user sets `holdout` in autotune.toml, then runs `autotune rebaseline --accept`"
HOLDOUT_RUNS = "the hold-out has {count:file}; its command runs before every keep"
HOLDOUT_NOT_CONFIGURED = "the hold-out has {count:file}; its command is not configured (`holdout` in autotune.toml)"
NO_HOLDOUT = "there is no hold-out; `autotune holdout set FILE...` makes one"
HOLDOUT_DELETED = "{count:file} deleted"
DELETES = "This deletes from session {session}:"
BRANCH_STAYS = "The branch {branch} and its commits stay."
BRANCH_AND_SNAPSHOTS_STAY = "The branch {branch} and its commits stay, and the snapshots of candidates."
TREE_STAYS = "Its working tree {tree} stays, because it holds what is nowhere else:"
TREE_GOES = "(`git worktree remove --force {quoted}` deletes it with all of that)"
PUTS_BACK = "It puts back: {paths}"
ASIDE_STAYS = "What was set aside stays, in {folder}/:"
SNAPSHOTS = "{count} snapshots under {folder}/"
UNFINISHED = "an unfinished {operation}"
LOOSE_COMMITS = "commits that no branch holds, up to {commit:.12}"
ALL_OF_A_TREE = "all of it, because it no longer knows where the repository is"
NOTHING_DELETED = "nothing was deleted"
CLEARED = "{session} is cleared"
PLAN_WRITTEN = "{path} has the plan; edit it, then run the same command again"
BRANCHES_PLANNED = "nothing is made yet; without --dry-run, the same command makes these branches"
BRANCHES_THERE = "every branch is there already; nothing was done"
GAINS_OF_SESSION = "these gains are those on top of what was kept before; --measure measures them on the branches themselves"
BRANCHES_PUSHED = "pushed to {remote}"
REQUEST_OPENED = "pull request for {branch}: {url}"
REQUEST_THERE = "pull request for {branch}, there already: {url}"
VERIFIED_BY = "measured by {runs:fresh run} of {first:.12} and as many of {last:.12}"
CHECKS_HOLD = "the checks pass on {last:.12}"
LOG_AGREES = "the log, its commits and what is measured with agree; the log's last line has the hash {chain}"
VERIFICATION_COST = "the runs of this verification have cost {cost_usd:money}, which the session's log does not count"
BUNDLE_HOLDS = "It holds:"
BUNDLE_LACKS = "It does not hold:"
HOLDS_SAMPLES = "  samples.csv: {count:value} of runs"
HOLDS_ENVIRONMENT = "  environment.json: machine, tools and environment of each segment"
HOLDS_OUTPUT = "  runs/: what {count:run} printed"
HOLDS_VALUES = "  in the log: the values of {names} below [env]"
LACKS_BASE = "  commit {base:.12}, on which the session stands, and what came before it: the other clone has to have it"
LACKS_CARRIED = "  {paths}: `carry` names this, and it has to be there on the other machine"
LACKS_SUBMODULES = "  the submodules {paths}: the other clone has to have their files"
LACKS_LARGE = "  {count:file} of Git LFS; runs that need them cannot be verified elsewhere"
LACKS_VALUES = "  the values of {names} below [env]: set these variables there"
LACKS_HOLDOUT = "  the hold-out"
LACKS_OUTPUT = "  what runs printed; --with-output packs it"
BUNDLE_OF = "{session}: {keeps:kept change} on commit {base:.12}; {metric}, {direction} is better"
RUNS_COMMAND = "  {name}: {command}"
RUNS_FILE = "{path}, from the bundle:"
RUNS_FILES = "measured with these files from the bundle: {paths}"
BRINGS_VALUES = "with these variables from the bundle: {set}"
GIVES_VALUES = "with your own values of {names}"
MISSING_VALUES = "missing: values of {names}; set these variables, if the runs need them"
BRINGS_CARRIED = "with copies of your own {paths}"
MISSING_SUBMODULES = "missing: the files of the submodules {paths}; `git submodule update --init` brings them"
MISSING_CARRIED = "missing: {paths}, which `carry` names; make it here first"
NOT_WRITTEN_YET = "nothing is written yet; without --dry-run, the same command writes {path}"
VERIFIED_ELSEWHERE = "next, on another clone: `autotune verify {name}`"
ONLY_INIT_TO_DO = "Nothing is broken in what was looked at; `autotune init` makes what is missing."
NOTHING_TO_DO = "Nothing is left to do."
LINKED = "{path} starts autotune"
NOT_ON_PATH = '{folder} is not on your PATH; add it in your shell\'s profile: export PATH="{folder}:$PATH"'
UNLINKED = "{path} is removed"
NO_LINK = "there is no link of autotune at {path}"
STATUS_LINE_SET = (
    "{path} has autotune's status line now, and `autotune statusline --remove` takes it out; it calls {link}, "
    "which `autotune link --remove` removes"
)
STATUS_LINE_GONE = "autotune's status line is out of {path}"
NO_STATUS_LINE = "{path} has no status line of autotune"
DEMO_PROJECT = "{folder}: a slow program that makes a report, a benchmark that prints METRIC report_cost=…, and checks"
DEMO_SESSION = "what `autotune init` does: a branch, a baseline, proof that the benchmark measures this code"
DEMO_LOOP = "what `autotune start --proposer COMMAND` does; COMMAND applies the next of a few prepared patches each time"
HEALED = "when it was stuck, the playbook {playbook} looked into it: {because}"
DEMO_LEFT = "{folder}, on branch {branch}; `main` is as it was. Look around, then delete the folder."
DEMO_REPORT = "one file, for people who were not there; open it in a browser"
WRITTEN = "written: {path}"
HOOK_ADDED = "{hook} is added: {path}, pinned as {sha256:.12}"
HOOK_REMOVED = "{hook} is removed"
HOOK_CHANGED = "{hook} is not run: its file is not the one that you added; add it again, or remove it"
SETTING_TAKEN = "written to autotune.toml: {name} = {value}"
SETTING_TO_SET = "to take it over: `autotune config set {name} {quoted}`"
SETTING_LEFT = "{name} is not taken: no key of autotune.toml means that, or its value is none"
NO_HOOKS = "there are no hooks; `autotune hooks add EVENT FILE` adds one"
RUN_WRITTEN = "written: MLflow run {run}; `mlflow ui --backend-store-uri {store}` shows it"
RUN_THERE = "MLflow run {run} has all of this already; `mlflow ui --backend-store-uri {store}` shows it"
NO_LESSONS = "no session that has ended teaches anything here"
NO_SESSIONS = "there is no session in this repository; `autotune init --name NAME --metric METRIC` opens one"


def baseline(metric: str, unit: str, value: float, runs: int, *, scores: bool) -> str:
    """Say what the unchanged code came to."""
    middle = "mean of all scores in" if scores else "median of"
    of_runs = "one run" if runs == 1 else f"{middle} {runs} runs"
    return f"baseline: {escaped(metric)}{f' ({escaped(unit)})' if unit else ''} = {number(value)} ({of_runs})"


def imported(session: str, log_format: str, taken: int, found: int, left: int) -> str:
    """Say how many experiments of another log are in a session's history."""
    latest = f", the latest of {found:,}" if found > taken else ""
    not_taken = f"; {counted(left, 'line')} not taken" if left else ""
    verb = "is" if taken == 1 else "are"
    return f"{counted(taken, 'experiment')}{latest} of {escaped(log_format)} {verb} in the history of {escaped(session)}{not_taken}"


def agent_cost(cost_usd: float, tokens: int, *, estimated: bool) -> str:
    """Say what the agent has cost."""
    return f"the agent has cost {'about ' if estimated else ''}{money(cost_usd)}, {tokens:,} tokens"


def branches_made(made: int, there: int, prefix: str, base: str) -> str:
    """Say how many branches are handed over, and how a reviewer sees them."""
    already = f", {there} there already" if there else ""
    shown = f"git log -p --reverse --branches={escaped(quote(f'{prefix}/*'))} --not {base}"
    return f"{counted(made, 'branch', 'branches')} made{already}; `{shown}` shows what a reviewer sees"


def log_lost(session: str, ledger: str, copy: str | None, *, damaged: bool) -> str:
    """Say that a session's log cannot be read, and what may put it back."""
    known = f"; {escaped(copy)} may still be whole, and `cp {escaped(quote(copy))} {escaped(quote(ledger))}` puts it back" if copy else ""
    return f"The log of session {escaped(session)} is {'damaged' if damaged else 'gone'}{known}."


def things_to_do(count: int) -> str:
    """Say how many things a diagnosis leaves to do."""
    return "One thing is left to do." if count == 1 else f"{count} things are left to do."


def holds_log(lines: int, withheld: Sequence[str]) -> str:
    """Say what of the log a bundle holds."""
    names = ", ".join(map(escaped, withheld))
    return f"  autotune.jsonl: the log, {counted(lines, 'line')}{f', without the values of {names}' if names else ''}"


def holds_commits(keeps: int, snapshots: int, pinned: int) -> str:
    """Say which commits a bundle holds."""
    of_all = f"{counted(keeps, 'kept commit')}, {counted(snapshots, 'candidate')} (rejected ones too)"
    files = "the file that decides" if pinned == 1 else f"the {pinned} files that decide"
    return f"  commits.bundle: {of_all}, and {files} what is measured"


def would_run(*, sandbox: bool) -> str:
    """Say with which rights code of a bundle would run."""
    where = "in the sandbox" if sandbox else "without a sandbox, with all your rights"
    return f"This would run code of the bundle, in a new worktree, {where}:"


def _findings(fact: Fact) -> str:
    count = fact.figures["count"]
    return f"{escaped(fact.figures['session'])}: {counted(count, 'finding') if count else 'no findings'}"


def _hashes_of_bundle(fact: Fact) -> str:
    lines, names = fact.figures["lines"], ", ".join(map(escaped, fact.figures["names"]))
    held = f"{counted(lines, 'line')} of the log {'is' if lines == 1 else 'are'} without the values of {names}"
    whose = "its hash" if lines == 1 else "their hashes"
    return f"{held}, so the bundle's word is taken for {whose}; set these variables as they were to check that too"


WORDS: Mapping[AnyKind, str | Callable[[Fact], str]] = {  # what the loop answers
    Answer.ONLY_WHAT_IS_KEPT: "{branch} is at {tip}; only what is kept is handed over; stop the session to hand over other commits too",
    Answer.BRANCH_MEASURED: "{branch}, measured side by side with what it stands on: {because}",
    Answer.BRANCH_GAINS: "{branch}: {because}",
    Answer.FINDINGS: _findings,
    Answer.NO_LEDGER: "no ledger",
    Answer.CHAIN_OF_COMMITS: "{branch} has {keeps:kept commit}; before the newest, {commit:.12}, the log's last line had the hash {chain}",
    Answer.NO_CHAIN: "no commit of {branch} names a log",
    Answer.NOT_AGREED: "nothing was run, because nobody said yes",
    Answer.HOLDOUT_NOT_ASKED: "the hold-out is not asked: each answer tells something of it, and nobody counts verifications",
    Answer.HASHES_OF_BUNDLE: _hashes_of_bundle,
    Answer.SESSION_HERE: "{session} is checked out in this working tree already",
    Answer.SESSION_ELSEWHERE: "{session} has a working tree of its own; go there: cd {folder}",
    Answer.SESSION_TAKEN_UP: "{branch} is checked out in {folder}, and commands here mean {session} now",
}
