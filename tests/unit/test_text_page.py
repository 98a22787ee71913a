"""What the page of a run of text shows of a text."""

from __future__ import annotations

from pipeline.reports.pages import LONGEST_SHOWN, shortened


def test_the_part_of_a_long_text_is_shown_that_the_network_was_given() -> None:
    text = "begin " + "word " * LONGEST_SHOWN + "end"
    end, begin = shortened(text, "pre"), shortened(text, "post")
    assert end.startswith("… word ")
    assert end.endswith(" end")
    assert begin.startswith("begin word ")
    assert begin.endswith(" word …")
    assert max(len(end), len(begin)) <= LONGEST_SHOWN + 2
    assert shortened("short", "pre") == "short"


def test_a_text_without_spaces_is_shown_too() -> None:
    text = "字" * (LONGEST_SHOWN + 1)
    assert shortened(text, "pre") == "… " + text[1:]
    assert shortened(text, "post") == text[1:] + " …"
