"""The page a newcomer reads: whole, true, and safe to open."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.cli.export import show_reproduced
from pipeline.core.artifacts import IMU_CHANNELS
from pipeline.core.files import save_json
from pipeline.core.run_folder import RunFolder
from pipeline.core.shares import Share
from pipeline.reports.charts import (
    MISTAKES_SHOWN,
    examples,
    signal_charts,
    strips,
    threshold_chart,
    worst_mistakes,
)
from pipeline.reports.facts import ClassResult, HeldOutWindows, PersonResult
from pipeline.reports.pages import LONGEST_SHOWN, render_gestures, shortened
from pipeline.workflows import export
from pipeline.workflows.export import Deployment, Reproduced
from tests.fixtures.reported import (
    LABELS,
    SECTIONS,
    event_score,
    facts,
    headline,
    held_out,
    verdict,
)
from tests.tiny_model import CONTRACT

HOSTILE = "<script src=http://evil.example/x.js>$\\frac$</script>\"'&"
NOTHING_YET: dict[str, Any] = {
    "evaluated": False,
    "events": None,
    "timeline": None,
    "robustness": None,
    "curves": None,
    "cost": None,
    "image": None,
    "flatbuffer_bytes": None,
}


class Page(HTMLParser):
    """Tags, section ids, the addresses in them, and the text a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sections: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self.feed(text)
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        if tag == "section":
            self.sections.append(found.get("id") or "")
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.words += f" {data}"


@pytest.fixture(scope="module")
def text() -> str:
    return render_gestures(facts())


def test_the_page_needs_no_other_file_and_runs_nothing(text: str) -> None:
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "img"} & set(page.tags)
    assert page.addresses == [f"#{section}" for section in SECTIONS[1:]]
    assert "://" not in text
    assert not re.search(r"url\(|@import", text)


def test_every_section_is_there_in_order_whatever_has_been_computed(text: str) -> None:
    assert Page(text).sections == SECTIONS
    assert Page(render_gestures(facts(**NOTHING_YET))).sections == SECTIONS


def test_the_honest_figure_comes_first_and_the_leaky_one_beside_it(text: str) -> None:
    words = Page(text).words
    first, leaky = words.index("36 of 40"), words.index("98.0 %")
    assert first < leaky < words.index("Confusion matrix")
    assert "36 of 40 held-out gestures were called by name (95 % interval: 77 to 96 %)" in words
    assert "made by 2 people. It holds for a stranger. People in the recordings" in words
    assert "Of single windows, 6 of 8 held-out ones" in words
    assert "leave one person out , in 3 folds" in words
    assert "the board's own C computes in int8" in words
    assert "the float model before it gets 6 of 8 windows" in words


def test_a_float_figure_is_not_passed_off_as_the_boards() -> None:
    own = verdict(int8=False, float_accuracy=None, leaky_accuracy=None, folds=1)
    words = Page(render_gestures(facts(verdict=own))).words
    assert "This is the float model; gesture convert runs/mine" in words
    assert "gesture evaluate runs/mine --protocol leaky computes it" in words


def test_a_leaky_run_says_that_its_figure_flatters() -> None:
    leaky = {"fit": {"seed": 1}, "split": {"by": "leaky"}}
    assert (
        "The figure is too high."
        in Page(render_gestures(facts(settings=leaky, evaluated=False))).words
    )
    assert "The figure is too high." not in Page(render_gestures(facts())).words


def test_what_is_not_computed_yet_names_its_command() -> None:
    quantized = Page(render_gestures(facts(**NOTHING_YET))).words
    assert "gesture evaluate runs/mine computes it" in quantized
    assert "dropped samples, noise and clipping. gesture report runs/mine" in quantized
    assert "against takes a gesture, and against people. gesture report runs/mine" in quantized
    assert "gesture deploy runs/mine --board virtual computes it" in quantized
    assert "what each layer costs. gesture convert runs/mine" in quantized
    float_only = CONTRACT.model_copy(update={"quantization": None})
    words = Page(render_gestures(facts(**NOTHING_YET, contract=float_only))).words
    assert "gesture convert runs/mine && gesture report runs/mine" in words
    assert "Not computed yet" not in Page(render_gestures(facts())).words


def test_results_stand_by_class_and_person(text: str) -> None:
    rows = {row.split("</td>")[0]: row for row in text.split("<tr><td>")[1:]}
    assert set(LABELS) <= set(rows)
    assert "<td>3</td>" in rows["up"]
    assert "<td>2 of 2</td><td>2 of 3</td>" in rows["up"]
    assert "4 of 5" in rows["anna"]
    assert "2 of 3" in rows["ben"]


def test_a_class_that_was_not_held_out_has_no_made_up_figure() -> None:
    classes = (ClassResult("idle", 0, 0.0, 0.0, 0.0), *verdict().classes[1:])
    row = render_gestures(facts(verdict=verdict(classes=classes))).split("<tr><td>idle")[1]
    assert row.index("none held out") < row.index("</tr>")


def test_events_robustness_cost_and_provenance_are_reported(text: str) -> None:
    words = Page(text).words
    assert "stream gestures rest" in words
    assert "called by name 36 of 40 - called, 95 % interval 77 to 96 % -" in words
    assert "precision 36 of 38 - F1 0.924 -" in words
    assert "latency, 95 % 0.43 s - false alarms per hour 2.0 2.0" in words
    assert "95 % interval 0.2 to 7.2" in words
    assert "falls by five points when the board is rotated by 31° in the hand" in words
    assert "conv1d_1 CONV_2D + RELU 1x20x16 1,000 3,000 512 320" in words
    assert "1,234 5,678 4,321 765" in words
    assert "351,894 instructions on an nRF52840, estimated 7.15 to 24.19 ms" in words
    for known in (CONTRACT.hash(), "0" * 64, "1" * 64, "2" * 64, "2.21.0", "seed 7"):
        assert known in words


def test_the_runs_own_split_is_named_where_the_headline_is_of_others(text: str) -> None:
    note = "Of this run and its held-out data (by person, fold 1 of 3)."
    words = Page(text).words
    for section in ("Thresholds", "Robustness"):
        assert words.split(section)[1].lstrip().startswith(note)
    assert note not in Page(render_gestures(facts(evaluated=False))).words


def test_few_windows_never_make_a_percentage() -> None:
    seven = headline(share=Share(7, 7), more=("`<up>` is least sure.",))
    person = PersonResult("anna", 7, 1.0)
    page = Page(render_gestures(facts(headline=seven, verdict=verdict(people=(person,))))).words
    assert "7 of 7 held-out gestures were called by name (95 % interval: 65 to 100 %)" in page
    assert "anna 7 7 of 7" in page
    assert "<up> is least sure" in page
    assert "100.0 %" not in page


def test_the_choice_of_the_policy_and_what_it_misses_are_said(text: str) -> None:
    words = Page(text).words
    assert "Decision policy: the usual one. Result: 97% called." in words
    assert "Not met." in words


def test_the_deployed_model_has_its_name(text: str) -> None:
    other = facts().contract.model_copy(update={"trained_on": "all recordings"})
    deployed = render_gestures(facts(contract=other))
    assert "The model for the board is another one" in deployed
    assert "The model for the board is another one" not in text


def test_a_board_that_tolerates_any_turn_says_so() -> None:
    robust = {**(facts().robustness or {}), "rotation_limit_deg": None}
    assert "no angle up to 180°" in Page(render_gestures(facts(robustness=robust))).words


def test_a_sentence_says_whether_more_takes_or_people_pay_and_a_chart_shows_it(text: str) -> None:
    words = Page(text).words
    assert words.index("More takes pay.") < words.index("More people pay.")
    assert "a fast classifier" in words
    assert "10 trainings for each point" in words
    chart = text.split('aria-label="Accuracy by number of takes a gesture"')[1].split("</svg>")[0]
    assert chart.count("<circle") == 3
    assert "<title>10: 85 %</title>" in chart
    bars = re.findall(r'<path class="line-1" d="M([\d.]+) ([\d.]+)V([\d.]+)"/>', chart)
    dots = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', chart)
    for (at, low, high), (x, y) in zip(bars, dots, strict=True):
        assert at == x
        assert float(low) > float(y) > float(high)  # downwards


def test_recordings_too_few_for_a_curve_are_said_to_be() -> None:
    none = {"model": "a fast classifier", "takes": None, "people": None}
    assert "too few to say" in Page(render_gestures(facts(curves=none))).words


def test_every_picture_has_words_axes_and_a_line(text: str) -> None:
    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    # threshold, robustness, learning curves, mistakes, learning; signals, timeline
    assert len(pictures) == 1 + 2 + 2 + 2 * 2 + 1 + 3 * 2 + 2
    for picture in pictures:
        assert re.search(r'role="img" .*aria-label="[^"]+"', picture)
        assert "<polyline" in picture
        assert picture.count("<text") > 6


def test_the_timeline_has_each_gesture_and_each_event_where_it_was() -> None:
    timeline = facts().timeline
    assert timeline is not None
    first, second = strips(("up", "down"), timeline.gestures, timeline.events, 9)
    assert (first.start_s, second.start_s) == (0, 60)  # nothing was in between
    drawn = first.svg()
    assert re.findall("<title>([^<]*,[^<]*)</title>", drawn) == [
        "up, 1.0 to 1.5 s",
        "down, 4.0 to 4.4 s",
        "up detected at 1.6 s, 0.90",
        "up detected at 4.5 s, 0.80",
    ]
    assert re.findall('class="dot-(.)"', drawn) == ["3", "2"]  # correct; down was detected as up
    _, late = strips(("up",), (("up", 18.0, 19.8),), (("up", 20.2, 0.9),), 9)
    assert 'class="dot-3"' in late.svg()  # of the strip before
    assert "<rect" not in late.svg()
    assert strips((), (), (), 9) == []
    assert len(strips(("up",), [("up", 9.0 * n, 9.0 * n + 1) for n in range(99)], (), 6)) == 6


def test_signals_of_a_typical_window_of_each_label_are_shown(text: str) -> None:
    shown = examples(held_out(), LABELS, IMU_CHANNELS, 100.0)
    assert [one.label for one in shown] == list(LABELS)
    downs = {
        name: score
        for name, score in zip(held_out().names, held_out().scores[:, 2].tolist(), strict=True)
        if name.startswith("down")
    }
    assert downs[shown[2].name] == sorted(downs.values())[len(downs) // 2]
    section = text.split('<section id="signals">')[1].split("</section>")[0]
    assert section.count("<svg") == 2 * len(LABELS)


def test_mistakes_are_drawn_the_worst_first(text: str) -> None:
    words = Page(text).words
    worst = words.index("up predicted as down with a score of 0.80 up/anna-1-003")
    assert worst < words.index("down predicted as idle with a score of 0.55 down/anna-1-006")


def test_ten_mistakes_are_drawn_at_most() -> None:
    count = MISTAKES_SHOWN + 5
    scores = np.tile(np.array([0.1, 0.2, 0.7], np.float32), (count, 1))
    scores[:, 2] += np.linspace(0, 0.1, count, dtype=np.float32)
    many = HeldOutWindows(
        windows=np.zeros((count, 20, 6), np.float32),
        targets=np.ones(count, np.int32),
        names=tuple(f"up/anna-1-{n:03d}" for n in range(count)),
        scores=scores,
    )
    shown = worst_mistakes(many, LABELS, IMU_CHANNELS, 100.0)
    assert [mistake.name for mistake in shown] == list(many.names[:-11:-1])


def test_no_mistakes_are_said_to_be_none() -> None:
    perfect = replace(held_out(), scores=np.eye(3, dtype=np.float32)[held_out().targets])
    assert (
        "None among the held-out windows of this run."
        in Page(render_gestures(facts(held_out=perfect))).words
    )


def test_a_threshold_lets_through_what_reaches_it() -> None:
    chart = threshold_chart(held_out(), LABELS.index("idle"), (0.7,))
    right, wrong = (dict(zip(line.x, line.y, strict=True)) for line in chart.lines)
    assert right[0.0] == 5 / 7  # gestures called by their name
    assert right[0.7] == 4 / 7  # one had a score of 0.6
    assert wrong[0.7] == 1 / 8  # up called down; what is called idle is no gesture
    assert wrong[0.9] == 0
    assert [mark.at for mark in chart.marks] == [0.7]


@pytest.mark.parametrize(("channels", "charts"), [(6, 2), (3, 1), (1, 1)])
def test_signals_of_any_sensor_can_be_drawn(channels: int, charts: int) -> None:
    names = IMU_CHANNELS[:channels]
    drawn = signal_charts(np.zeros((20, channels), np.float32), names, 100.0)
    assert [chart.x.label for chart in drawn] == ["time [s]"] * charts
    assert [line.name for chart in drawn for line in chart.lines] == list(names)


def test_a_hostile_name_is_only_text() -> None:
    labels = (HOSTILE, *LABELS[1:])
    decision = CONTRACT.decision.model_copy(update={"background": HOSTILE})
    contract = CONTRACT.model_copy(update={"labels": labels, "decision": decision})
    hostile = facts(
        run=HOSTILE,
        name=HOSTILE,
        dataset=HOSTILE,
        contract=contract,
        held_out=replace(held_out(), names=(HOSTILE,) * 8),
        verdict=verdict(how=HOSTILE, people=(PersonResult(HOSTILE, 1, 1.0),)),
        events={HOSTILE: event_score()},
        robustness=None,
    )
    page = Page(render_gestures(hostile))
    assert "script" not in page.tags
    assert all(address.startswith("#") for address in page.addresses)
    assert page.words.count("evil.example") >= 10


def test_the_same_facts_give_the_same_bytes(text: str) -> None:
    assert render_gestures(facts()) == text


def test_what_an_artefact_lacks_is_named() -> None:
    short = {key: value for key, value in facts().metrics.items() if key != "parameters"}
    with pytest.raises(KeyError, match="parameters"):
        render_gestures(facts(metrics=short))


def test_only_a_training_that_was_not_broken_off_can_be_made_again() -> None:
    same = "versions give the same model on the same machine"
    assert same in render_gestures(facts())
    page = render_gestures(facts(metrics={**facts().metrics, "resumed_after": [2, 3]}))
    assert same not in page
    assert "resumed after epoch 2 and 3" in page
    assert "give another model" in page


IMAGE = "ab" * 32


def deployed_to(board: str, **more: object) -> dict[str, object]:
    return {"board": board, "contract_hash": CONTRACT.hash(), "sha256": IMAGE, **more}


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (None, "never deployed"),
        ({**deployed_to("virtual"), "contract_hash": "0" * 64}, "never deployed"),
        (deployed_to("virtual"), "the one that was deployed to virtual"),
        (deployed_to("native"), "last deployed to native, not compared: only an image"),
        (
            deployed_to("virtual", profiled=True),
            "deployed to virtual, not compared: it counts",
        ),
    ],
)
def test_it_says_what_runs_list_says(
    image: dict[str, object] | None,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As far as an image of this very model was deployed, it was deployed."""
    run = RunFolder(tmp_path)
    CONTRACT.save(run.contract_file)
    if image is not None:
        save_json(run.firmware_file, image)
    monkeypatch.setattr(export, "_image_of", lambda *_: IMAGE)
    found = export._again(run, {}, IMAGE)
    show_reproduced(Reproduced(run.path, "1" * 64, "2" * 64, 4, IMAGE, found), as_json=False)
    assert words in " ".join(capsys.readouterr().out.split())
    assert (found == Deployment(None)) == (words == "never deployed")


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
