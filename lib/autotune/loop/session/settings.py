"""autotune.toml: read, taken in, completed, and put back where something else is in its place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from autotune.core.config import editing, keys, writing
from autotune.core.config import reading as configuration
from autotune.core.config.model import Config
from autotune.core.decide import guards
from autotune.core.facts import Fact, Kind
from autotune.core.ledger.events import SettingsChanged
from autotune.core.tell.words import told
from autotune.edges.atomic import replace_file
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.loop.session.aside import aside_for, set_file_aside
from autotune.loop.session.layout import CONFIG_FILE
from autotune.loop.session.session import Session


def text_of(path: Path) -> str:
    """Read an autotune.toml; raises `AutotuneError` where there is no text to be had."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise AutotuneError(f"{path} is not UTF-8 text.", "save it as UTF-8; `autotune config check` reads it") from None
    except FileNotFoundError:
        raise AutotuneError(f"{path} is gone.", "`autotune resume` puts it back, and so does any command that measures") from None
    except OSError as problem:
        raise AutotuneError(f"{path} cannot be read: {problem.strerror}.", "move what is there out of the way, then try again") from None


def in_force(session: Session) -> bool:
    """Whether autotune.toml can be read and has nothing that an edit may not change."""
    try:
        written = configuration.parse_toml(text_of(session.workdir / CONFIG_FILE))
        return not keys.fixed_differences(session.state.config, written)
    except AutotuneError:
        return False


def old_keys(table: Mapping[str, object]) -> Fact | None:
    """The keys of older versions in what an autotune.toml says."""
    found = configuration.old_keys(table)
    return Fact(Kind.OLD_KEYS, {"keys": [*found]}) if found else None


def refuse_another_name(before: Config, written: Config) -> None:
    """Raise `AutotuneError` where a file gives the session another name."""
    if written.name != before.name:
        kept = f'keep `name = "{before.name}"` in {CONFIG_FILE}'
        raise AutotuneError("A session's name cannot change.", f"{kept}; `{keys.acceptance(['name'])}` opens another session")


def take_in(session: Session, said: Sequence[str] = (), text: str | None = None) -> None:
    """Read autotune.toml: what may change by an edit takes effect now, and is told; raises `AutotuneError` for what may not.

    `said` names the keys that a person's command sets, and `text` is what it makes of the file.
    """
    path, before = session.workdir / CONFIG_FILE, session.state.config
    is_now = text_of(path) if text is None else text
    written = configuration.parse_toml(is_now)
    if fixed := [key for key in keys.fixed_differences(before, written) if key not in said]:
        raise AutotuneError(
            f"{', '.join(fixed)} in {path} {'is' if len(fixed) == 1 else 'are'} not what this segment is measured and decided with.",
            "put it back (`autotune config show` has the value in force; a deleted file is put back whole), or let the user accept it with "
            f"`{keys.acceptance(fixed)}`",
        )
    _refuse_unprinted(session, before, written)
    if text is not None:
        replace_file(path, text.encode())
    if (old := old_keys(configuration.toml_table(is_now))) is not None and old not in [
        notice.found for notice in session.state.recent.notices
    ]:
        session.notice(old)
    if changed := keys.keys_changed(before, written):
        session.append(SettingsChanged(config=configuration.to_mapping(written), changed=changed, timestamp=now()))
        if edited := [key for key in changed if key not in said]:
            session.notice(Fact(Kind.SETTINGS_EDITED, {"changes": [_change(before, written, key) for key in edited]}))


def _refuse_unprinted(session: Session, before: Config, written: Config) -> None:
    """Refuse a new guardrail on a metric that no run of the unchanged code has: every run would count as unreadable."""
    observed = session.state.segment.baseline_observed
    if written.guardrails == before.guardrails or not observed:
        return
    if (unprinted := guards.unprinted(written.guardrails, {name for run in observed for name in run.samples})) is not None:
        raise AutotuneError(
            f"The benchmark cannot be held to these guardrails: {told(unprinted)}.",
            "name a metric that it prints, or let it print this one and run `autotune rebaseline --accept`",
        )


def _change(before: Config, after: Config, key: str) -> str:
    was, now_is = (configuration.value_of(config, key) for config in (before, after))
    return f"{key} = {'nothing' if now_is is None else now_is} (was {'nothing' if was is None else was})"


def put_settings_back(session: Session) -> None:
    """Put an autotune.toml that is not in force back as it was after the last command; what was there is set aside, and told."""
    path, copy = session.workdir / CONFIG_FILE, session.folder.mirror / CONFIG_FILE
    aside = set_file_aside(session, path)
    replace_file(path, copy.read_bytes())
    session.notice(Fact(Kind.SETTINGS_PUT_BACK, {"aside": str(aside)}))


def complete_settings(session: Session) -> None:
    """Write what the session was opened with besides into an autotune.toml that was there before; its comments stay where they can."""
    path, config = session.workdir / CONFIG_FILE, session.state.config
    try:
        text = text_of(path)
        table = configuration.toml_table(text)
        lacking = configuration.not_written(table)
        for (key, value), (_, before) in zip(configuration.rows(config), configuration.rows(configuration.parse_part(table)), strict=True):
            if value != before or key.name in lacking:
                text = editing.with_value(text, key.name, json.dumps(value), whole=False)
    except AutotuneError:
        shutil.copy2(path, aside_for(session, path))
        text = writing.render(config)
    if text.encode() != path.read_bytes():
        replace_file(path, text.encode())
