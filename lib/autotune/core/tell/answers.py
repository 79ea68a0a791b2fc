"""The words of what verbs answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from shlex import quote

from autotune.core.config.keys import Fixed
from autotune.core.facts import AnyKind, Fact
from autotune.core.findings import Answer
from autotune.core.output.outcome import escaped
from autotune.core.tell.figures import counted, number

CHANGED_BY: Mapping[Fixed, str] = {  # what stands behind a key that an edit does not change
    Fixed.NEVER: "",
    Fixed.DECISION: "(changed only by `autotune config set`)",
    Fixed.PERSON: "(changed only by your `autotune config set`)",
    Fixed.SEGMENT: "(fixed for the segment)",
    Fixed.SESSION: "(fixed for the session)",
}
PARTS = ("A project", "A session", "The loop", "What came of it", "Where it is", "In a project of your own", "Its report")  # of the demo
OF_YOUR_OWN = (  # lines for a shell
    "cd YOUR-PROJECT    # its benchmark, autotune.sh, prints METRIC time_ms=12.3",
    "autotune doctor    # what is there, what is missing",
    "autotune init --name speed --metric time_ms --scope 'src/**'",
    "autotune start --proposer COMMAND    # any program that edits files",
)


def _baseline(fact: Fact) -> str:
    figures = fact.figures
    unit = f" ({escaped(figures['unit'])})" if figures["unit"] else ""
    middle = "mean of all scores in" if figures.get("scores") else "median of"
    of_runs = "one run" if figures["runs"] == 1 else f"{middle} {figures['runs']} runs"
    return f"baseline: {escaped(figures['metric'])}{unit} = {number(figures['value'])} ({of_runs})"


def _imported(fact: Fact) -> str:
    figures = fact.figures
    latest = f", the latest of {figures['found']:,}" if figures["found"] > figures["taken"] else ""
    left = f"; {counted(figures['left'], 'line')} not taken" if figures["left"] else ""
    taken = counted(figures["taken"], "experiment")
    verb = "is" if figures["taken"] == 1 else "are"
    return f"{taken}{latest} of {escaped(figures['format'])} {verb} in the history of {escaped(figures['session'])}{left}"


def _cost(fact: Fact) -> str:
    about = "about " if fact.figures["estimated"] else ""
    return f"the agent has cost {about}${fact.figures['cost_usd']:.2f}, {fact.figures['tokens']:,} tokens"


def _findings(fact: Fact) -> str:
    count = fact.figures["count"]
    return f"{escaped(fact.figures['session'])}: {counted(count, 'finding') if count else 'no findings'}"


def _branches_made(fact: Fact) -> str:
    there = f", {fact.figures['there']} there already" if fact.figures["there"] else ""
    made = counted(fact.figures["made"], "branch", "branches")
    shown = f"git log -p --reverse --branches={escaped(quote(fact.figures['prefix'] + '/*'))} --not {fact.figures['base']}"
    return f"{made} made{there}; `{shown}` shows what a reviewer sees"


def _hashes_of_bundle(fact: Fact) -> str:
    lines, names = fact.figures["lines"], ", ".join(map(escaped, fact.figures["names"]))
    held = f"{counted(lines, 'line')} of the log {'is' if lines == 1 else 'are'} without the values of {names}"
    whose = "its hash" if lines == 1 else "their hashes"
    return f"{held}, so the bundle's word is taken for {whose}; set these variables as they were to check that too"


def _holds_log(fact: Fact) -> str:
    names = ", ".join(map(escaped, fact.figures["withheld"]))
    return f"  autotune.jsonl: the log, {counted(fact.figures['lines'], 'line')}{f', without the values of {names}' if names else ''}"


def _holds_commits(fact: Fact) -> str:
    figures = fact.figures
    of_all = f"{counted(figures['keeps'], 'kept commit')}, {counted(figures['snapshots'], 'candidate')} (rejected ones too)"
    pinned = "the file that decides" if figures["pinned"] == 1 else f"the {figures['pinned']} files that decide"
    return f"  commits.bundle: {of_all}, and {pinned} what is measured"


def _would_run(fact: Fact) -> str:
    where = "in the sandbox" if fact.figures["sandbox"] else "without a sandbox, with all your rights"
    return f"This would run code of the bundle, in a new worktree, {where}:"


def _left(fact: Fact) -> str:
    return "One thing is left to do." if fact.figures["count"] == 1 else f"{fact.figures['count']} things are left to do."


WORDS: Mapping[AnyKind, str | Callable[[Fact], str]] = {
    Answer.SESSION_OPENED: "session {session} on branch {branch}, in {folder}",
    Answer.BASELINE_MEASURED: _baseline,
    Answer.NEXT_EDIT: "next: edit files in scope, then `autotune try --description TEXT`; or `autotune start --proposer COMMAND`",
    Answer.SESSION_FOUND: "session {session}: its working tree is {folder}",
    Answer.GOES_ON: "{session} goes on",
    Answer.WENT_ON_ALREADY: "{session} was not stopped, and goes on as before",
    Answer.STANDS_STILL_AGAIN: "{session} is {condition} again at once: {because}",
    Answer.SESSION_STOPPED: "stopped {session} after {experiments:experiment} and {kept:keep}; all data is kept",
    Answer.STOPS_AFTER: "{session} stops after experiment {experiment}; `autotune stop` stops it at once",
    Answer.STOPS_AFTER_THIS: "{session} stops when what runs now is over; `autotune stop` stops it at once",
    Answer.COMMITS_ARE: "the commits are on {branch}; `autotune finalize` makes branches for a review, `autotune explain` says more "
    "and `autotune resume` goes on",
    Answer.SESSION_ENDED: "{session} is {condition}: {because}",
    Answer.CLAIM_MADE: "claim, by fresh runs of the first state and the last: {because}",
    Answer.AGENT_COST: _cost,
    Answer.MADE: "{experiments:experiment}, {kept} kept, on branch {branch}; `autotune explain` says more",
    Answer.EDITS_SET_ASIDE: "the edits are saved: `autotune restore {experiment}` opens them again",
    Answer.CHANGES_OPEN: "the changes of experiment {experiment} are open again: {paths}",
    Answer.NEXT_TRY: "next: `autotune try --description TEXT` measures them",
    Answer.NEXT_RESUME: "next: `autotune resume`, then `autotune try --description TEXT` measures them",
    Answer.SEGMENT_BEGUN: "segment {segment}: {because}",
    Answer.PASSES_AGAIN: "the unchanged code passes again, so the session goes on",
    Answer.MIN_EFFECT_WRITTEN: "written to autotune.toml: min_effect = {min_effect:g}",
    Answer.MORE_BY_CALIBRATE: "`autotune calibrate` measures again and writes min_effect to autotune.toml",
    Answer.PAGE_SERVED: "the page is at {address} (the link is good once); Ctrl-C ends it",
    Answer.PAGE_KEPT: "the page is at {address} (the link is good once); `autotune dashboard --web --stop` ends it",
    Answer.PAGE_ENDED: "the page is no longer served",
    Answer.NO_PAGE: "no page is served here",
    Answer.IN_ORDER: "{path} is in order",
    Answer.NOT_IN_FORCE: "{key} is not the value in force: `{command}`",
    Answer.NOTED: "noted; it comes with the next result",
    Answer.IDEA_WRITTEN: "written to {name}",
    Answer.HOLDOUT_MADE: "the hold-out has {count:file}; delete the originals from every place where a proposer works",
    Answer.HOLDOUT_UNUSED: "no command uses it yet: the user sets `holdout` in autotune.toml, then runs `autotune rebaseline --accept`",
    Answer.HOLDOUT_RUNS: "the hold-out has {count:file}; its command runs before every keep",
    Answer.HOLDOUT_NOT_CONFIGURED: "the hold-out has {count:file}; its command is not configured (`holdout` in autotune.toml)",
    Answer.NO_HOLDOUT: "there is no hold-out; `autotune holdout set FILE...` makes one",
    Answer.HOLDOUT_DELETED: "{count:file} deleted",
    Answer.DELETES: "This deletes from session {session}:",
    Answer.BRANCH_STAYS: "The branch {branch} and its commits stay.",
    Answer.BRANCH_AND_SNAPSHOTS_STAY: "The branch {branch} and its commits stay, and the snapshots of candidates.",
    Answer.TREE_STAYS: "Its working tree {tree} stays, because it holds what is nowhere else:",
    Answer.TREE_GOES: lambda fact: f"(`git worktree remove --force {escaped(quote(fact.figures['tree']))}` deletes it with all of that)",
    Answer.PUTS_BACK: "It puts back: {paths}",
    Answer.ASIDE_STAYS: "What was set aside stays, in {folder}/:",
    Answer.NOTHING_DELETED: "nothing was deleted",
    Answer.CLEARED: "{session} is cleared",
    Answer.ONLY_WHAT_IS_KEPT: "{branch} is at {tip}; only what is kept is handed over; stop the session to hand over other commits too",
    Answer.PLAN_WRITTEN: "{path} has the plan; edit it, then say the same command again",
    Answer.BRANCHES_PLANNED: "nothing is made yet; without --dry-run, the same command makes these branches",
    Answer.BRANCHES_MADE: _branches_made,
    Answer.BRANCHES_THERE: "every branch is there already; nothing was done",
    Answer.GAINS_OF_SESSION: "these gains are those on top of what was kept before; --measure measures them on the branches themselves",
    Answer.BRANCH_MEASURED: "{branch}, measured side by side with what it stands on: {because}",
    Answer.BRANCH_GAINS: "{branch}: {because}",
    Answer.BRANCHES_PUSHED: "pushed to {remote}",
    Answer.REQUEST_OPENED: "pull request for {branch}: {url}",
    Answer.REQUEST_THERE: "pull request for {branch}, there already: {url}",
    Answer.FINDINGS: _findings,
    Answer.VERIFIED_BY: "measured by {runs:fresh run} of {first:.12} and as many of {last:.12}",
    Answer.CHECKS_HOLD: "the checks pass on {last:.12}",
    Answer.LOG_AGREES: "the log, its commits and what is measured with agree; the log's last line has the hash {chain}",
    Answer.NO_LEDGER: "no ledger",
    Answer.CHAIN_OF_COMMITS: "{branch} has {keeps:kept commit}; before the newest, {commit:.12}, the log's last line had the hash {chain}",
    Answer.NO_CHAIN: "no commit of {branch} names a log",
    Answer.NOT_AGREED: "nothing was run, because nobody said yes",
    Answer.VERIFICATION_COST: "the runs of this verification have cost ${cost_usd:.2f}, which the session's log does not count",
    Answer.HOLDOUT_NOT_ASKED: "the hold-out is not asked: each answer tells something of it, and nobody counts verifications",
    Answer.HASHES_OF_BUNDLE: _hashes_of_bundle,
    Answer.BUNDLE_HOLDS: "It holds:",
    Answer.BUNDLE_LACKS: "It does not hold:",
    Answer.HOLDS_LOG: _holds_log,
    Answer.HOLDS_SAMPLES: "  samples.csv: {count:value} of runs",
    Answer.HOLDS_ENVIRONMENT: "  environment.json: machine, tools and environment of each segment",
    Answer.HOLDS_COMMITS: _holds_commits,
    Answer.HOLDS_OUTPUT: "  runs/: what {count:run} printed",
    Answer.HOLDS_VALUES: "  in the log: the values of {names} below [env]",
    Answer.LACKS_BASE: "  commit {base:.12}, on which the session stands, and what came before it: the other clone has to have it",
    Answer.LACKS_CARRIED: "  {paths}: `carry` names this, and it has to be there on the other machine",
    Answer.LACKS_SUBMODULES: "  the submodules {paths}: the other clone has to have their files",
    Answer.LACKS_LARGE: "  {count:file} of Git LFS; runs that need them cannot be verified elsewhere",
    Answer.LACKS_VALUES: "  the values of {names} below [env]: set these variables there",
    Answer.LACKS_HOLDOUT: "  the hold-out",
    Answer.LACKS_OUTPUT: "  what runs printed; --with-output packs it",
    Answer.NOT_WRITTEN_YET: "nothing is written yet; without --dry-run, the same command writes {path}",
    Answer.VERIFIED_ELSEWHERE: "next, on another clone: `autotune verify {name}`",
    Answer.BUNDLE_OF: "{session}: {keeps:kept change} on commit {base:.12}; {metric}, {direction} is better",
    Answer.WOULD_RUN: _would_run,
    Answer.RUNS_COMMAND: "  {name}: {command}",
    Answer.RUNS_FILE: "{path}, from the bundle:",
    Answer.RUNS_FILES: "measured with these files from the bundle: {paths}",
    Answer.BRINGS_VALUES: "with these variables from the bundle: {set}",
    Answer.GIVES_VALUES: "with your own values of {names}",
    Answer.MISSING_VALUES: "missing: values of {names}; set these variables, if the runs need them",
    Answer.BRINGS_CARRIED: "with copies of your own {paths}",
    Answer.MISSING_SUBMODULES: "missing: the files of the submodules {paths}; `git submodule update --init` brings them",
    Answer.MISSING_CARRIED: "missing: {paths}, which `carry` names; make it here first",
    Answer.THINGS_TO_DO: _left,
    Answer.ONLY_INIT_TO_DO: "Nothing is broken; `autotune init` makes what is missing.",
    Answer.NOTHING_TO_DO: "Nothing is left to do.",
    Answer.LINKED: "{path} starts autotune",
    Answer.NOT_ON_PATH: '{folder} is not on your PATH; add it in your shell\'s profile: export PATH="{folder}:$PATH"',
    Answer.UNLINKED: "{path} is removed",
    Answer.NO_LINK: "there is no link of autotune at {path}",
    Answer.STATUS_LINE_SET: "{path} has autotune's status line now, and `autotune statusline --remove` takes it out; it calls {link}, "
    "which `autotune link --remove` removes",
    Answer.STATUS_LINE_GONE: "autotune's status line is out of {path}",
    Answer.NO_STATUS_LINE: "{path} has no status line of autotune",
    Answer.DEMO_PROJECT: "{folder}: a slow program that makes a report, a benchmark that prints METRIC report_cost=…, and checks",
    Answer.DEMO_SESSION: "what `autotune init` does: a branch, a baseline, proof that the benchmark measures this code",
    Answer.DEMO_LOOP: "what `autotune start --proposer COMMAND` does; COMMAND applies the next of a few prepared patches each time",
    Answer.HEALED: "when it was stuck, the playbook {playbook} looked into it: {because}",
    Answer.DEMO_LEFT: "{folder}, on branch {branch}; `main` is as it was. Look around, then delete the folder.",
    Answer.DEMO_REPORT: "one file, for people who were not there; open it in a browser",
    Answer.WRITTEN: "written: {path}",
    Answer.HOOK_ADDED: "{hook} is added: {path}, pinned as {sha256:.12}",
    Answer.HOOK_REMOVED: "{hook} is removed",
    Answer.HOOK_CHANGED: "{hook} is not run: its file is not the one that you added; add it again, or remove it",
    Answer.IMPORTED: _imported,
    Answer.SETTING_TAKEN: "written to autotune.toml: {name} = {value}",
    Answer.SETTING_TO_SET: "to take it over: `autotune config set {name} {quoted}`",
    Answer.SETTING_LEFT: "{name} is not taken: no key of autotune.toml means that, or its value is none",
    Answer.NO_HOOKS: "there are no hooks; `autotune hooks add EVENT FILE` adds one",
    Answer.RUN_WRITTEN: "written: MLflow run {run}; `mlflow ui --backend-store-uri {store}` shows it",
    Answer.RUN_THERE: "MLflow run {run} has all of this already; `mlflow ui --backend-store-uri {store}` shows it",
    Answer.NO_LESSONS: "no session that has ended teaches anything here",
    Answer.NO_SESSIONS: "there is no session in this repository; `autotune init --name NAME --metric METRIC` opens one",
    Answer.SESSION_HERE: "{session} is checked out in this working tree already",
    Answer.SESSION_ELSEWHERE: "{session} has a working tree of its own; go there: cd {folder}",
    Answer.SESSION_TAKEN_UP: "{branch} is checked out in {folder}, and commands here mean {session} now",
}
