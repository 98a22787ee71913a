"""The catalogue of published datasets: who recorded what, and published results.

catalogue_files.txt lists their files: path, SHA-256 and address.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pipeline.core.errors import UsageError

FILES = Path(__file__).with_name("catalogue_files.txt")


@dataclass(frozen=True, kw_only=True)
class CatalogueEntry:
    """A published dataset, with results of others, and what to know before trusting a figure."""

    name: str
    what: str
    published: str
    caveat: str
    licence: str
    home: str
    citation: str


@dataclass(frozen=True, kw_only=True)
class MotionEntry(CatalogueEntry):
    """Recordings of motion; labels are those after fetching."""

    people: int
    labels: tuple[str, ...]
    recordings: int
    rate_hz: float
    units: str


@dataclass(frozen=True, kw_only=True)
class SequenceEntry(CatalogueEntry):
    """Texts or a time series; content says how much, files are those after fetching."""

    content: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class RemoteFile:
    """A file of a published dataset; path is that in the dataset."""

    path: str
    sha256: str
    url: str


Published: TypeAlias = MotionEntry | SequenceEntry

CATALOGUE: tuple[Published, ...] = (
    MotionEntry(
        name="spells",
        what="wand gestures, board on a stick, Nano 33 BLE Sense",
        people=1,
        labels=(
            "AlohomoraCharm",
            "ArrestoMomentumCharm",
            "AvadaKedavra",
            "LocomotorCharm",
            "Revelio",
        ),
        recordings=125,
        rate_hz=119.0,
        units="g, deg/s",
        published="88.0 % of 25 takes, one split by take (its own README)",
        caveat="clips at 4 g; one person: says nothing about others",
        licence="MIT",
        home="https://github.com/nanguoyu/Magic_Wand_Data",
        citation="Dong Wang, Magic Wand Project, 2024",
    ),
    MotionEntry(
        name="punch_flex",
        what="the Arduino tutorial's punch and flex, Nano 33 BLE Sense; some made more",
        people=3,
        labels=("circ", "flex", "hori", "punch", "upper_cut", "vert"),
        recordings=335,
        rate_hz=119.0,
        units="g, deg/s",
        published="none",
        caveat="all three made punch, two made flex; the other labels are of one person each",
        licence="MIT",
        home="https://github.com/martinlindholdt/nano-gestures, "
        "https://github.com/ChiaHong95/Gesture-Recognition-Arduino, "
        "https://github.com/AdamClarkStandke/TinyMachineLearning",
        citation="Martin Lindholdt, 2020; Chia-Hung Cho, 2023; Adam Standke, 2023",
    ),
    MotionEntry(
        name="uhh_imu",
        what="gestures with a phone, continuous, each recording with where its gestures are",
        people=5,
        labels=(
            "backward",
            "bounce-down",
            "bounce-up",
            "forward",
            "left",
            "right",
            "shake-lr",
            "shake-ud",
            "turn-left",
            "turn-right",
        ),
        recordings=50,
        rate_hz=50.0,
        units="g, deg/s, converted from m/s2 and rad/s",
        published="echo-state network 85 % (2019); LSTM F1 0.87 (2020), echo-state network "
        "F1 0.88 (Yadav et al., SSCI 2022)",
        caveat="rate and units are not stated: 50 Hz (Android's game rate), m/s2 and rad/s are "
        "assumed; gravity was removed, so no board's accelerometer gives such data",
        licence="MIT",
        home="https://github.com/ravenshooter/UHH-IMU-gestures",
        citation="Tietz, Jirak, Wermter, A Reservoir Computing Framework for Continuous Gesture "
        "Recognition, ICANN 2019; Jirak, Tietz, Ali, Wermter, Cognitive Computation, 2020",
    ),
    MotionEntry(
        name="watch",
        what="shoulder exercises with a smartwatch on either arm, one long recording each",
        people=10,
        labels=("ABD", "ER", "FEL", "IR", "PEN", "ROW", "TRAP"),
        recordings=140,
        rate_hz=50.0,
        units="g, deg/s, converted from g and rad/s",
        published="CRNN 88.9 % on people not seen, 99.4 % on people seen (with 20 people, of whom "
        "these are 10)",
        caveat="units are not stated: g and rad/s fit their size; nobody rests in it",
        licence="BSD-3-Clause",
        home="https://pypi.org/project/seglearn/1.2.5/",
        citation="Burns et al., Shoulder physiotherapy exercise recognition, Physiological "
        "Measurement 39(7), 2018, arXiv:1802.01489",
    ),
    SequenceEntry(
        name="imdb",
        what="film reviews, as many negative as positive ones",
        content="20,000 to learn from, 5,000 for validation, 25,000 to test on",
        files=("train.jsonl.gz", "val.jsonl.gz", "test.jsonl.gz"),
        published="88.89 % of the 25,000 (Maas et al., 2011)",
        caveat="only clear opinions are in it: ratings of 5 and 6 were left out; a mirror's JSON "
        "lines may hold out other reviews for validation than those made of the archive",
        licence="for research, with the citation",
        home="https://ai.stanford.edu/~amaas/data/sentiment/",
        citation="Maas, Daly, Pham, Huang, Ng, Potts, Learning Word Vectors for Sentiment "
        "Analysis, ACL 2011",
    ),
    SequenceEntry(
        name="tinyshakespeare",
        what="plays of Shakespeare, one after the other",
        content="1,115,394 characters, 65 different ones",
        files=("input.txt",),
        published="validation loss 1.88 nats a character (nanoGPT's settings for a CPU)",
        caveat="the last tenth is of other plays than the rest",
        licence="public domain",
        home="https://github.com/karpathy/char-rnn",
        citation="Andrej Karpathy, The Unreasonable Effectiveness of Recurrent Neural Networks, "
        "2015",
    ),
    SequenceEntry(
        name="weather",
        what="the weather of Beijing, hour by hour, from 2010 to 2014",
        content="43,824 hours: dew point, temperature, pressure, wind, snow, rain, PM2.5",
        files=("beijing_2010_2014.csv",),
        published="none on this split",
        caveat="PM2.5 is missing in 2,067 hours; all else is whole. Wind speed and rain are sums "
        "since they began",
        licence="CC BY 4.0",
        home="https://archive.ics.uci.edu/dataset/381/beijing+pm2+5+data",
        citation="Song Chen, Beijing PM2.5, UCI Machine Learning Repository, 2017; Liang et al., "
        "Proceedings of the Royal Society A 471, 2015",
    ),
    SequenceEntry(
        name="color_names",
        what="names that people gave to colours, without the colours",
        content="31,914 names, a line each, shuffled",
        files=("names.txt",),
        published="none",
        caveat="made up as well as traditional ones, with accents and digits in some",
        licence="MIT",
        home="https://github.com/meodai/color-names",
        citation="David Aerne and others, color-names, 2026",
    ),
)


def find_entry(name: str) -> Published:
    """The entry of a dataset."""
    for entry in CATALOGUE:
        if entry.name == name:
            return entry
    names = [entry.name for entry in CATALOGUE]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    raise UsageError(
        f"There is no dataset {name!r} in the catalogue.",
        f"it is possibly misspelt for {near[0]!r}" if near else "it is not listed here",
        f"choose from: {', '.join(names)}; `gesture data list --remote` shows more",
    )


def files_of(entry: CatalogueEntry) -> list[RemoteFile]:
    """The files of a dataset, from catalogue_files.txt."""
    files = []
    for line in FILES.read_text("utf-8").splitlines():
        dataset, _, rest = line.partition("/")
        if dataset == entry.name:
            files.append(RemoteFile(*rest.split()))
    return files
