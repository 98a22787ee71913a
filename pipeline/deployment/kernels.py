"""Which kernels of firmware/lib/nn a network needs: the files, with what these call and include."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from pipeline.deployment.library_files import linked_names

_INCLUDE = re.compile(r'^\s*#include "([\w.]+)"', re.MULTILINE)
_BODY = re.compile(r"^static inline[^;{]*\{.*?^\}|^#define .*?[^\\]$", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"\w+")
# At the beginning of a line, with a body or a value.
_DEFINED = r"^(?!extern|static)\w[^;\n]*[ *]({})(?:\(|\[)[^;]*[{{=]"


def kernel_files(kernels: Path, source: str) -> dict[str, str]:
    """The files of `kernels` that the C text of a network needs, by name.

    Headers name every kernel: of their text only bodies of inline functions and macros call.
    """
    texts = {path.name: path.read_text("utf-8") for path in sorted(kernels.glob("*.[ch]"))}
    makers = _makers(texts)
    needed: set[str] = set()
    unread = [("the network.c", source)]
    while unread:
        file, text = unread.pop()
        wanted = set(_INCLUDE.findall(text)) & texts.keys()
        code = text if file.endswith(".c") else "".join(_BODY.findall(text))
        wanted.update(*(makers[word] for word in _WORD.findall(code) if word in makers))
        unread += [(name, texts[name]) for name in wanted - needed]
        needed |= wanted
    return {name: texts[name] for name in sorted(needed)}


def _makers(texts: Mapping[str, str]) -> Mapping[str, set[str]]:
    """The files that define each linked name: two, where DSP instructions have their own."""
    headers = "".join(text for name, text in texts.items() if name.endswith(".h"))
    defined = re.compile(_DEFINED.format("|".join(linked_names(headers))), re.MULTILINE)
    makers: defaultdict[str, set[str]] = defaultdict(set)
    for name, text in texts.items():
        if name.endswith(".c"):
            for linked in defined.findall(text):
                makers[linked].add(name)
    return dict(makers)
