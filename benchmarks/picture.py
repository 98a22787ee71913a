"""Runs the demo and draws what it prints as docs/demo.svg. Run: python -m benchmarks.picture"""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.cli import console, demo
from pipeline.cli.terminal import SafeConsole

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "demo.svg"
COLUMNS = 72
WEB_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> None:
    console.out = SafeConsole(record=True, width=COLUMNS)
    demo.run(as_json=False)
    drawn = console.out.export_svg(title="make demo", unique_id="demo")
    PICTURE.write_text(WEB_FONTS.sub("", drawn), encoding="utf-8")  # the reader's font will do


if __name__ == "__main__":
    main()
