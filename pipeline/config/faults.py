"""What is wrong with a value of a config, in the words of this tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.core.plurals import counted

LONGEST_VALUE = 40  # characters of a value that are shown

Limits = Mapping[str, Any]
WHOLE, NUMBER, LIST = "must be a whole number", "must be a number", "must be a list, as in `[1, 2]`"
# By pydantic's type of an error.
PLAIN: Mapping[str, str] = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), WHOLE),
    **dict.fromkeys(("float_type", "float_parsing"), NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(("tuple_type", "list_type"), LIST),
    **dict.fromkeys(
        ("model_type", "model_attributes_type", "dict_type"), "must be a section with keys"
    ),
    "finite_number": "must be a finite number",
    "int_parsing_size": "is too large",
    "string_type": "must be a word",
    "path_type": "must be a path",
    "missing": "is missing",
    "union_tag_not_found": "`kind` is missing",
}
LIMITED: Mapping[str, Callable[[Limits], str]] = {
    "greater_than": lambda limits: f"must be more than {limits['gt']:,.12g}",
    "greater_than_equal": lambda limits: f"must be at least {limits['ge']:,.12g}",
    "less_than": lambda limits: f"must be less than {limits['lt']:,.12g}",
    "less_than_equal": lambda limits: f"must be at most {limits['le']:,.12g}",
    "too_short": lambda limits: f"must have at least {counted(limits['min_length'], 'item')}",
    "too_long": lambda limits: f"must have at most {counted(limits['max_length'], 'item')}",
    "string_too_short": lambda limits: (
        f"must have at least {counted(limits['min_length'], 'character')}"
    ),
    "string_too_long": lambda limits: (
        f"must have at most {counted(limits['max_length'], 'character')}"
    ),
    "string_pattern_mismatch": lambda limits: f"must be of the form {limits['pattern']}",
    "literal_error": lambda limits: f"must be {limits['expected']}",
    "union_tag_invalid": lambda limits: f"must be one of {limits['expected_tags']}",
    "value_error": lambda limits: str(limits["error"]),
}


def in_words(fault: Mapping[str, Any]) -> str:
    """fault: an error of a pydantic ValidationError."""
    kind = fault["type"]
    text = LIMITED[kind](fault["ctx"]) if kind in LIMITED else PLAIN.get(kind, fault["msg"])
    return text if kind in ("missing", "value_error") else f"{text}{_but(fault['input'])}"


def _but(value: Any) -> str:
    """The value, where it is short enough to be seen at once."""
    shown = repr(value)
    is_short = len(shown) <= LONGEST_VALUE and not isinstance(value, dict | list)
    return f", not {shown}" if is_short else ""
