"""An enrolment on the board: what is valid, what removing does, and that no power failure loses it.

Its bytes are made here from their definition, not with the C that reads them.
"""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from tests.firmware.building import (
    HERE,
    SANITIZED,
    STRICT,
    board_sources,
    compile_c,
    library_sources,
)
from tests.once import Once

CLASSES = 3  # of the model left_right
CONTRACT = bytes.fromhex("0123456789abcdef")
MAGIC, VERSION, SIZE, NOBODY = 0x524E4547, 1, 3676, 255
PEOPLE, LEARNED, CENTRES, NAME, DIMENSIONS = 8, 4, 96, 16, 32
VALID, BAD, WRONG_CONTRACT = "0", "1", "2"
YES, NO = "1", "0"
CUTS = 5000

Centre = tuple[int, int, int, int]  # owner, class, sharpness, the value of every dimension
Ask = Callable[..., list[str]]


@dataclass(frozen=True)
class Enrolment:
    """What one says; `bytes` is how it lies in the flash."""

    people: tuple[str, ...] = ()
    learned: tuple[str, ...] = ()
    centres: tuple[Centre, ...] = ()
    person: int = NOBODY
    number: int = 0
    contract: bytes = CONTRACT
    head: tuple[int, int, int] = (MAGIC, VERSION, SIZE)
    counts: dict[str, int] = field(default_factory=dict)

    def __bytes__(self) -> bytes:
        counts = {name: len(getattr(self, name)) for name in ("people", "learned", "centres")}
        counts |= self.counts
        content = struct.pack("<IHHI", *self.head, self.number) + self.contract
        content += bytes([self.person, *counts.values()])
        for names, room in ((self.people, PEOPLE), (self.learned, LEARNED)):
            content += b"".join(name.encode().ljust(NAME, b"\0") for name in names)
            content += bytes(NAME * (room - len(names)))
        for owner, index, sharpness, value in self.centres:
            content += struct.pack("<BBH", owner, index, sharpness)
            content += struct.pack("b", value) * DIMENSIONS
        content = content.ljust(SIZE - 4, b"\0")
        return content + struct.pack("<I", zlib.crc32(content))


TOM = Enrolment(
    people=("bea", "tom"),
    learned=("wave", "knock"),
    person=1,
    number=7,
    centres=((0, 0, 256, 1), (1, 2, 300, -128), (255, 3, 9, 3), (1, 4, 65535, 127), (0, 1, 0, 5)),
)


@pytest.fixture(scope="module")
def ask(once: Once, host_compiler: None) -> Ask:
    parts = [*library_sources("crc", "enrolment", "enrolment_store")]
    sources = [HERE / "enrolment_driver.c", *parts, *board_sources("emulated_flash")]
    flags = [*STRICT, *SANITIZED]
    program = once("enrolment", lambda folder: compile_c(folder / "enrolment", sources, flags))

    def run(*steps: object) -> list[str]:
        text = " ".join(bytes(s).hex() if isinstance(s, Enrolment) else str(s) for s in steps)
        result = subprocess.run([program], input=text, capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stderr
        return result.stdout.splitlines()

    return run


@pytest.mark.parametrize(
    "valid",
    [
        Enrolment(),
        TOM,
        replace(TOM, person=NOBODY),
        replace(TOM, number=2**32 - 1),
        Enrolment(people=tuple("ABCDEFGH"), learned=("a", "b", "c", "d"), person=7),
        Enrolment(people=("A-z_0123456789x",), learned=("A-z_0123456789x",)),
        Enrolment(centres=((NOBODY, CLASSES - 1, 1, 1),) * CENTRES),
    ],
)
def test_what_follows_the_rules_is_valid(ask, valid):
    assert ask("set", valid, "check", "seal", "print") == [VALID, bytes(valid).hex()]


@pytest.mark.parametrize(
    "bad",
    [
        replace(TOM, head=(MAGIC + 1, VERSION, SIZE)),
        replace(TOM, head=(MAGIC, VERSION + 1, SIZE)),
        replace(TOM, head=(MAGIC, VERSION, SIZE - 1)),
        replace(TOM, person=2),
        replace(TOM, counts={"people": PEOPLE + 1}),
        replace(TOM, counts={"people": 1}),  # a centre is of the second
        replace(TOM, counts={"people": 3}),  # the third has no name
        replace(TOM, counts={"learned": LEARNED + 1}),
        replace(TOM, counts={"learned": 1}),
        replace(TOM, counts={"learned": 3}),
        replace(TOM, counts={"centres": CENTRES + 1}),
        replace(TOM, counts={"centres": 255}),
        replace(TOM, people=("bea", "bea")),
        replace(TOM, learned=("wave", "wave")),
        replace(TOM, people=("bea", "t m")),
        replace(TOM, people=("bea", "tom\x01")),
        replace(TOM, people=("bea", "sixteen-letters-")),
        replace(TOM, learned=("wave", "kn,ck")),
        replace(TOM, people=("bea", "-")),
        replace(TOM, centres=((2, 0, 1, 1),)),
        replace(TOM, centres=((0, CLASSES + 2, 1, 1),)),
    ],
)
def test_what_breaks_a_rule_is_bad(ask, bad):
    assert ask("set", bad, "check") == [BAD]


def test_any_byte_that_changed_is_seen(ask):
    content = bytearray(bytes(TOM))
    steps = []
    for place in range(0, SIZE, 31):
        content[place] ^= 1
        steps += ["set", content.hex(), "check"]
        content[place] ^= 1
    assert set(ask(*steps)) == {BAD}


def test_an_enrolment_of_another_model_is_told_from_a_bad_one(ask):
    other = replace(TOM, contract=b"\2" + CONTRACT[1:], centres=((0, 200, 1, 1),))
    broken = bytearray(bytes(other))
    broken[-1] ^= 1
    assert ask("set", other, "check", "set", broken.hex(), "check") == [WRONG_CONTRACT, BAD]


def test_a_cleared_one_is_valid_once_it_is_sealed_and_of_this_model(ask):
    assert ask("clear", "seal", "check", "print") == [VALID, bytes(Enrolment()).hex()]


def test_it_is_built_as_it_is_defined(ask):
    steps = ["clear", "person bea", "person tom", "learned wave", "learned knock", "choose 1"]
    steps += [" ".join(map(str, ("centre", *centre))) for centre in TOM.centres]
    said = ask(*steps, "seal", "print", "find-person tom", "find-person wave", "find-learned wave")
    assert said[:9] == ["0", "1", "0", "1", *[YES] * 5]
    assert said[9] == bytes(replace(TOM, number=0)).hex()
    assert said[10:] == ["1", str(NOBODY), "0"]


def test_nothing_is_added_where_it_has_no_place_or_no_name(ask):
    assert (
        ask("set", TOM, "person tom", "person a,b", "person -", "person sixteen-letters-")
        == [str(NOBODY)] * 4
    )
    people = [f"person p{i}" for i in range(PEOPLE + 1)]
    learned = [f"learned p{i}" for i in range(LEARNED + 1)]
    centres = ["centre 0 0 1 1"] * (CENTRES + 1)
    expected = [*map(str, range(PEOPLE)), str(NOBODY), *map(str, range(LEARNED)), str(NOBODY)]
    said = ask("clear", *people, *learned, "centre 8 0 1 1", "centre 0 7 1 1", *centres, "check")
    assert said == [*expected, NO, NO, *[YES] * CENTRES, NO, BAD]  # not sealed


@pytest.mark.parametrize(
    ("step", "left"),
    [
        (
            "remove-person 0",
            {
                "people": ("tom",),
                "person": 0,
                "centres": ((0, 2, 300, -128), (255, 3, 9, 3), (0, 4, 65535, 127)),
            },
        ),
        (
            "remove-person 1",
            {
                "people": ("bea",),
                "person": NOBODY,
                "centres": ((0, 0, 256, 1), (255, 3, 9, 3), (0, 1, 0, 5)),
            },
        ),
        (
            "remove-learned 0",
            {
                "learned": ("knock",),
                "centres": ((0, 0, 256, 1), (1, 2, 300, -128), (1, 3, 65535, 127), (0, 1, 0, 5)),
            },
        ),
        ("remove-learned 1", {"learned": ("wave",), "centres": (*TOM.centres[:3], (0, 1, 0, 5))}),
    ],
)
def test_what_comes_after_a_removed_name_moves_down(ask, step, left):
    expected = replace(TOM, **left)
    assert ask("set", TOM, step, "seal", "check", "print") == [YES, VALID, bytes(expected).hex()]


def test_what_is_not_there_is_not_removed(ask):
    steps = ["remove-person 2", "remove-person 255", "remove-learned 2", "remove-learned 255"]
    assert ask("set", TOM, *steps, "seal", "print") == [*[NO] * 4, bytes(TOM).hex()]


@pytest.mark.parametrize(
    ("enrolment", "active"),
    [
        (Enrolment(), NO),
        (replace(TOM, learned=(), centres=TOM.centres[:2]), YES),
        (replace(TOM, learned=(), centres=TOM.centres[:1]), NO),  # tom has none
        (replace(TOM, learned=(), centres=TOM.centres[:2], person=NOBODY), NO),
        (Enrolment(learned=("wave",)), YES),
    ],
)
def test_it_counts_once_someone_is_chosen_or_something_learned(ask, enrolment, active):
    assert ask("set", enrolment, "check", "active") == [VALID, active]


def test_a_board_that_never_saved_has_an_empty_one(ask):
    assert ask("load", "seal", "print") == [bytes(Enrolment()).hex()]
    blank = "page 0 " + "ff" * 4096 + " page 1 " + "ff" * 4096
    assert ask(blank, "restart", "load", "seal", "print") == [bytes(Enrolment()).hex()]


def test_what_is_saved_is_there_after_a_restart(ask):
    said = ask("set", TOM, "save", "restart", "clear", "load", "print")
    assert said[0].split()[:2] == [YES, "1"]
    assert said[1] == bytes(replace(TOM, number=1)).hex()


def test_the_watchdog_is_fed_around_what_takes_long(ask):
    assert int(ask("set", TOM, "save")[0].split()[2]) >= 3


@pytest.mark.parametrize(
    ("numbers", "newest"), [((1, 2), 2), ((9, 8), 9), ((2**32 - 1, 0), 0), ((0, 2**32 - 1), 0)]
)
def test_the_newer_of_two_copies_counts_and_stays_while_the_next_is_saved(ask, numbers, newest):
    copies = [replace(TOM, number=n) for n in numbers]
    steps = ["page 0", copies[0], "page 1", copies[1], "restart", "load", "print"]
    said = ask(*steps, "stuck", "save", "clear", "load", "print")
    assert said[0] == said[2] == bytes(replace(TOM, number=newest)).hex()
    assert said[1].split()[:2] == [NO, str((newest + 1) % 2**32)]


def test_a_copy_of_another_model_or_a_bad_one_does_not_count(ask):
    foreign = replace(TOM, number=9, contract=bytes(8))
    bad = replace(TOM, number=9, people=("bea", "bea"))
    for newer in (foreign, bad):
        said = ask("page 0", TOM, "page 1", newer, "restart", "load", "print", "save")
        assert said[0] == bytes(TOM).hex()
        assert said[1].split()[:2] == [YES, "8"]


def test_nothing_is_saved_that_could_not_be_loaded(ask):
    wrong = replace(TOM, contract=bytes(8))
    bad = replace(TOM, person=2)
    for refused in (wrong, bad):
        said = ask("set", TOM, "save", "set", refused, "save", "load", "print")
        assert said[1][0] == NO
        assert said[2] == bytes(replace(TOM, number=1)).hex()


def test_a_board_without_flash_says_so(ask):
    assert ask("no-flash", "set", TOM, "save", "load", "seal", "print") == [
        f"{NO} {TOM.number} 0",
        bytes(Enrolment()).hex(),
    ]


def test_the_emulated_flash_is_as_unkind_as_the_chips(ask):
    """Writes clear bits, only of whole words, and no third time; of a restart nobody knows."""
    said = ask("erase 0", "write 0 8 f0ffffff", "write 0 8 ffffff3c", "write 0 8 00000000")
    assert said == ["1", "1 fffffff0", "1 3cfffff0", "0 3cfffff0"]
    assert ask("erase 1", "write 1 2 00000000", "write 1 4 0000", "write 2 0 00000000") == [
        "1",
        *["0 ffffffff"] * 2,
        "0 00000000",  # a page that is not there; the first one was never erased
    ]
    assert ask("erase 0", "write 0 4092 01000000", "write 0 4092 0000000000000000") == [
        "1",
        "1 00000001",
        "0 00000001",
    ]
    assert ask("erase 0", "write 0 0 01000000", "restart", "write 0 0 00000000")[2] == "0 00000001"


@pytest.mark.parametrize("seed", [1, 2])
def test_power_lost_at_any_byte_leaves_the_old_or_the_new_one(ask, seed):
    """Each cut is at a random byte of a save: while a page is erased, or written, or after it."""
    said = ask("cut", seed, CUTS)
    assert not said[0].startswith("lost"), said
    olds, news, finished = map(int, said[0].split())
    assert olds + news == CUTS
    assert olds > CUTS // 2
    assert news >= finished > CUTS // 100
