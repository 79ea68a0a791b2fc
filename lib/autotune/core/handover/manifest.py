"""What an archive of a session says that it holds, read strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from autotune.core.codec import decode, encode, read_json
from autotune.errors import AutotuneError

FORM = 1  # of an archive: one of another form is refused
NAME = "bundle.json"
LOG, SAMPLES, ENVIRONMENT, COMMITS = "autotune.jsonl", "samples.csv", "environment.json", "commits.bundle"
PARTS = (LOG, SAMPLES, ENVIRONMENT, COMMITS)
ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HASH = re.compile(r"[0-9a-f]{64}")
_SESSION = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_REF = re.compile(r"(?!.*\.\.)(?!.*\.lock$)[0-9A-Za-z][0-9A-Za-z._-]{0,99}")
_OUTPUT = re.compile(r"runs(?:/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){1,5}")


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the archive: its size in bytes, and the hash of its content."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds of a session.

    `chain` is the hash of the log's last line, and `base` the commit that the session stands on, which the other clone has to have.
    `refs` are the commits that come along, by their names. `withheld` maps a line's number to the hash that it had with the values that
    were taken out of it. `carried` and `variables` name what somebody else has to bring: what `carry` names, and values below `[env]`.
    """

    form: int
    version: str
    session: str
    branch: str
    base: str
    chain: str
    refs: Mapping[str, str]
    files: Mapping[str, Member]
    withheld: Mapping[str, str] = field(default_factory=dict)
    carried: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """Name the files with the output of runs."""
        return tuple(name for name in self.files if name not in PARTS)

    @property
    def hashes(self) -> Mapping[int, str]:
        """The hashes of lines of which something was taken out, by their numbers."""
        return {int(number): said for number, said in self.withheld.items()}


def is_member(name: str) -> bool:
    """Whether a file of an archive may have this name."""
    return name in (NAME, *PARTS) or _OUTPUT.fullmatch(name) is not None


def written(manifest: Manifest) -> bytes:
    """Give the text of a manifest: the same for the same content."""
    return json.dumps(encode(manifest), indent=1, sort_keys=True).encode() + b"\n"


def read(text: bytes, where: str) -> Manifest:
    """Read the manifest of an archive; raises `AutotuneError` where it is none of this form, or names what lies elsewhere."""
    try:
        body = read_json(text)
        form = body.get("form") if isinstance(body, dict) else None
        if form != FORM:
            raise AutotuneError(f"{where} is a bundle that this version cannot read.", "use the version of autotune that made it")
        found = decode(Manifest, body)
    except ValueError as problem:
        raise _unfit(where, f"{NAME} cannot be read ({type(problem).__name__})") from None
    for wrong in _wrong(found):
        raise _unfit(where, wrong)
    return found


def _wrong(manifest: Manifest) -> list[str]:
    """Say what a manifest may not say."""
    own, snapshots = f"refs/heads/{manifest.branch}", f"refs/autotune/{manifest.session}/"
    beyond = [name for name in manifest.refs if name != own and not (_is_below(name, snapshots))]
    odd = [name for name in manifest.files if name == NAME or not is_member(name)]
    found = {
        "the session's name is none": _SESSION.fullmatch(manifest.session) is None or manifest.session.endswith(".lock"),
        "its branch is not that of its session": manifest.branch != f"autotune/{manifest.session}",
        "a commit's id is none": not all(ID.fullmatch(one) for one in (manifest.base, *manifest.refs.values())),
        "a hash is none": not all(_HASH.fullmatch(one) for one in _hashes(manifest)),
        "a line's number is none": not all(re.fullmatch(r"[1-9][0-9]{0,8}", one) for one in manifest.withheld),
        "the branch is not among its commits": own not in manifest.refs,
        f"it has refs of others ({', '.join(map(ascii, beyond[:3]))})": bool(beyond),
        f"it names files that are no part of a bundle ({', '.join(map(ascii, odd[:3]))})": bool(odd),
        "it lacks a part": not {*PARTS} <= {*manifest.files},
        "a file's size is none": any(one.size < 0 for one in manifest.files.values()),
    }
    return [words for words, holds in found.items() if holds]


def _hashes(manifest: Manifest) -> list[str]:
    return [manifest.chain, *manifest.withheld.values(), *(one.sha256 for one in manifest.files.values())]


def _is_below(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and _REF.fullmatch(name.removeprefix(prefix)) is not None


def _unfit(where: str, wrong: str) -> AutotuneError:
    return AutotuneError(f"{where} is not a bundle as autotune makes it: {wrong}.", "get it from its maker once more")
