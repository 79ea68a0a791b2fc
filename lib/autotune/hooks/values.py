"""JSON read and written by the compiled parts of `json`: to import the rest would take as long as all else that a hook does."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Reading:
    """What the compiled scanner wants to know."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def read_json(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Read a JSON text; raises ValueError where it is none."""
    try:
        from _json import make_scanner

        scan = make_scanner(_Reading())  # type: ignore[arg-type] # it is typed by its own kind of object
    except (ImportError, AttributeError):
        import json

        return json.loads(text)
    text = text.strip()
    try:
        found, end = scan(text, 0)
    except StopIteration:
        raise ValueError("this is not JSON") from None
    if end != len(text):
        raise ValueError("there is more than one JSON text")
    return found


def read_object(path: str) -> dict[str, Any]:
    """Read a JSON object from a file; empty where there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            found = read_json(file.read())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def written(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Write texts, numbers, truth values, nothing, and mappings of these as JSON."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        return _quoted(value)
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def _quoted(text: str) -> str:
    try:
        from _json import encode_basestring_ascii
    except ImportError:
        import json

        return json.dumps(text)
    return encode_basestring_ascii(text)
