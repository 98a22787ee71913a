"""What workflows say, in the words of the page: they name options and commands of a terminal."""

from __future__ import annotations

import re
from typing import Any

_CONTROLS = {
    "board start": "`Start the virtual board` on the Connect page",
    "capture": "`Record` on the Record page",
    "convert": "`Convert to C` on the Deploy page",
    "data import": "`Import` on the Data page",
    "data lint": "the Data page",
    "data show": "a click on the take",
    "data trim": "`Keep this part only` in the opened take",
    "deploy": "`Put it on the board` on the Deploy page",
    "enrol": "`Enrol` on the Try page",
    "export": "the downloads of the Deploy page",
    "monitor": "`Watch the board` on the Try page",
    "ports": "the Connect page",
    "runs delete": "`Delete` on the Train page",
    "runs list": "the Train page",
    "train --resume": "`Go on` on the Train page",
    "train": "`Train` on the Train page",
}
_FIELDS = {
    "--board": "`Board`",
    "--columns": "`Columns`",
    "--count": "`Takes of each`",
    "--dataset": "`Data set`",
    "--label": "`Label`",
    "--label-from": "`Labels from`",
    "--person": "`Person`",
    "--port": "a board on the Connect page",
    "--rate-hz": "`Samples a second`",
    "--seconds": "`Seconds`",
    "--session": "`Session`",
    "--take-rows": "`Samples of a take`",
    "--units": "`Units`",
}
_COMMAND = re.compile(rf"`gesture ({'|'.join(_CONTROLS)})(?![\w-])[^`]*`")
_QUOTED = re.compile(r"`(--[a-z-]+)((?:[ =][^`]*)?)`")
_OPTION = re.compile(r"(?<![\w`-])--[a-z-]+")


def in_page_words(said: Any) -> Any:
    """Texts, also those within lists and dictionaries, with the controls of the page.

    What the page has no control for stays a command of the terminal.
    """
    if isinstance(said, dict):
        return {key: in_page_words(value) for key, value in said.items()}
    if isinstance(said, list):
        return [in_page_words(value) for value in said]
    return _reworded(said) if isinstance(said, str) else said


def _reworded(text: str) -> str:
    text = text.replace("add --new-label if", "choose `OK` if")
    text = _COMMAND.sub(lambda found: _CONTROLS[found[1]], text)
    parts = re.split(r"(`gesture [^`]*`)", text)  # a command that stays keeps its options
    return "".join(part if part.startswith("`gesture ") else _fields(part) for part in parts)


def _fields(text: str) -> str:
    text = _QUOTED.sub(r"\1\2", text)
    return _OPTION.sub(lambda found: _FIELDS.get(found[0], found[0]), text)
