"""Structured answers: JSON found in a text, and held against a schema.

Of JSON Schema this knows what answers of models need: type, enum, properties, required, additionalProperties, items, minItems, maxItems,
minimum, maximum, minLength, maxLength, and description, which constrains nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from autotune.core.asking.request import Schema
from autotune.core.codec import TooDeep, read_json

_FENCED = re.compile(r"```(?:json|JSON)?[ \t]*\n(.*?)```", re.DOTALL)
_DESCRIBING = {"description", "title"}
_KNOWN = {
    *("type", "enum", "properties", "required", "additionalProperties", "items", "minItems", "maxItems"),
    *("minimum", "maximum", "minLength", "maxLength"),
}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


class NotJson(ValueError):  # noqa: N818 - says it of the text
    """A text holds no JSON, or more than one value."""


def value_in(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Find the one JSON value in a model's text: all of it, else what is fenced as code, else what the outermost braces hold.

    Raises NotJson. NaN and infinities are no JSON, and neither is an object that names a key twice. What is cut off is never found in part.
    """
    whole = text.strip()
    fenced = [match.strip() for match in _FENCED.findall(text)]
    for one in (whole, *(fenced if len(fenced) == 1 else ()), whole[whole.find("{") : whole.rfind("}") + 1]):
        try:
            return read_json(one, parse_constant=_no_constant, object_pairs_hook=_once)
        except json.JSONDecodeError:
            continue
        except TooDeep as problem:
            raise NotJson(problem) from None
    raise NotJson("no JSON")


def _no_constant(name: str) -> None:
    raise NotJson(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise NotJson("a key twice")
    return made


def objection(schema: Schema, value: Any, at: str = "the answer") -> str | None:  # noqa: ANN401 - any JSON
    """Say the first thing in which a value is not what a schema asks for; None where it is.

    Raises ValueError for a schema it cannot read.
    """
    unknown = sorted(set(schema) - _KNOWN - _DESCRIBING)
    if unknown:
        raise ValueError(f"the schema of {at} has {unknown[0]}, which is not read")
    wanted = schema.get("type")
    if wanted is not None and not any(_is(value, one) for one in ([wanted] if isinstance(wanted, str) else wanted)):
        return f"{at} is not of type {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
    return next(_objections(schema, value, at), None)


def _objections(schema: Schema, value: Any, at: str) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if "enum" in schema and not any(value == one and type(value) is type(one) for one in schema["enum"]):
        yield f"{at} is none of {json.dumps(schema['enum'])}"
    if isinstance(value, dict):
        yield from _in_object(schema, value, at)
    elif isinstance(value, list):
        yield from _of_size(schema, len(value), at, "Items", "items")
        found = (objection(schema["items"], one, f"{at}[{place}]") for place, one in enumerate(value)) if "items" in schema else ()
        yield from (one for one in found if one is not None)
    elif isinstance(value, str):
        yield from _of_size(schema, len(value), at, "Length", "characters")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if "minimum" in schema and value < schema["minimum"]:
            yield f"{at} is below {schema['minimum']}"
        if "maximum" in schema and value > schema["maximum"]:
            yield f"{at} is above {schema['maximum']}"


def _is(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name]) or (name == "integer" and isinstance(value, float) and value.is_integer())


def _in_object(schema: Schema, value: Mapping[str, Any], at: str) -> Iterator[str]:
    inner = schema.get("properties", {})
    yield from (f"{at} lacks {name}" for name in schema.get("required", ()) if name not in value)
    if schema.get("additionalProperties") is False:
        yield from (f"{at} has {name}, which nothing asked for" for name in value if name not in inner)
    for name, item in value.items():
        if name in inner and (found := objection(inner[name], item, f"{at}.{name}")) is not None:
            yield found


def _of_size(schema: Schema, size: int, at: str, name: str, unit: str) -> Iterator[str]:
    if size < schema.get(f"min{name}", 0):
        yield f"{at} has fewer than {schema[f'min{name}']} {unit}"
    if size > schema.get(f"max{name}", size):
        yield f"{at} has more than {schema[f'max{name}']} {unit}"
