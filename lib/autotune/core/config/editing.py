"""One key set in the text of an autotune.toml, all else left as it is."""

from __future__ import annotations

from collections.abc import MutableMapping

from autotune.core.config.keys import NOW, SECTIONS, Key, key_named
from autotune.core.config.reading import parse, parse_part, read_value, refuse_no_section, toml_table
from autotune.core.config.shapes import shown
from autotune.errors import AutotuneError


def with_value(text: str, name: str, value_text: str, *, whole: bool = True) -> str:
    """The text of an autotune.toml with one key set, all else left as it is: comments, order, spelling.

    `value_text` is a TOML value; text needs no quotes. A file that is not `whole` may lack what a session needs. Raises AutotuneError where
    the key, the value or the file that results is refused.
    """
    if name in SECTIONS:
        raise AutotuneError(
            f"{name} is a section, and only its keys have values.", f"set one of them: `autotune config set {name}.KEY VALUE`"
        )
    key = key_named(name)
    toml_table(text)
    result = _edited(text, key, _given(key, value_text))
    (parse if whole else parse_part)(toml_table(result))
    return result


def _given(key: Key, value_text: str) -> object:
    """The value that a person has typed for a key: TOML, or text without quotes where the key takes it."""
    readings: list[object] = []
    try:
        said = toml_table(f"value = {value_text}")
    except AutotuneError:
        if value_text.lstrip().startswith(('"', "'")):
            raise AutotuneError(
                f"{shown(value_text)} begins with a quote and is not TOML text.", "close the quote, or quote all of it"
            ) from None
    else:
        # More than one key: what was typed holds a line end and an assignment, and is no value.
        readings += [said["value"]] if len(said) == 1 else []
    readings.append(value_text)
    for reading in readings:
        try:
            return key.shape.write(key.shape.read(reading))
        except ValueError:
            continue
    return read_value(key, readings[0])


def _edited(text: str, key: Key, value: object) -> str:
    """The text with one key set; a text with Windows' line ends keeps them."""
    import tomlkit
    from tomlkit.items import Table

    document = tomlkit.parse(text.replace("\r\n", "\n"))
    table = document.setdefault(key.section, tomlkit.table()) if key.section else document
    if not isinstance(table, MutableMapping):
        refuse_no_section(key.section, table)
    neighbours = [name for name, item in document.body if name is not None and not isinstance(item, Table)]
    if table is document and key.leaf not in document and neighbours:
        # By itself it would go behind the comment of the first section.
        document._insert_after(neighbours[-1], key.leaf, tomlkit.item(value))  # noqa: SLF001 - there is no public way
    else:
        table[key.leaf] = value
    for name in (name for name, now in NOW.items() if now == key.name):
        table.pop(name.rpartition(".")[2], None)
    result = document.as_string()
    return result.replace("\n", "\r\n") if "\r\n" in text else result
