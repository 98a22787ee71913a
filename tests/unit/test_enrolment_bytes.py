"""The bytes of an enrolment: what is saved is read again, and nothing that breaks a rule is."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import pytest

from pipeline.core.enrolment import (
    CENTRES,
    NOBODY,
    PEOPLE,
    SIZE,
    EnrolledCentre,
    Enrolment,
    is_name,
)
from pipeline.core.errors import ExitCode
from tests.refusals import refuses

CONTRACT = "0123456789abcdef" + "0" * 48
CLASSES = 3
POINT = tuple(range(-16, 16))
NAMES_AT, LEARNED_AT, CENTRES_AT, CRC_AT = 24, 24 + 128, 216, 3672

ENROLMENT = Enrolment(
    contract=CONTRACT,
    classes=CLASSES,
    people=("anna", "bea"),
    learned=("wave",),
    centres=(
        EnrolledCentre(1, POINT, "bea", 300),
        EnrolledCentre(2, POINT[::-1], "anna"),
        EnrolledCentre(CLASSES, (-128,) * 32),
    ),
    person="bea",
    number=7,
)


def read(content: bytes) -> Enrolment:
    return Enrolment.from_bytes(content, CONTRACT, CLASSES)


def changed(at: int, value: bytes) -> bytes:
    """With other bytes at a place, and a right checksum."""
    content = ENROLMENT.to_bytes()
    content = content[:at] + value + content[at + len(value) :]
    return content[:CRC_AT] + struct.pack("<I", zlib.crc32(content[:CRC_AT]))


def test_the_bytes_are_those_of_the_firmware() -> None:
    content = ENROLMENT.to_bytes()
    assert len(content) == SIZE == 3676
    assert content[:4] == b"GENR"
    assert struct.unpack_from("<HHI", content, 4) == (1, SIZE, 7)
    assert content[12:20].hex() == CONTRACT[:16]
    assert tuple(content[20:24]) == (1, 2, 1, 3)
    assert content[NAMES_AT:].startswith(b"anna\0")
    assert content[NAMES_AT + 16 :].startswith(b"bea\0")
    assert content[LEARNED_AT:].startswith(b"wave\0")
    assert content[CENTRES_AT : CENTRES_AT + 4] == bytes([1, 1]) + struct.pack("<H", 300)
    assert struct.unpack_from("<32b", content, CENTRES_AT + 4) == POINT
    assert content[CENTRES_AT + 2 * 36] == NOBODY
    assert content[CENTRES_AT + 3 * 36 : CRC_AT] == bytes(93 * 36)


@pytest.mark.parametrize("enrolment", [ENROLMENT, Enrolment(CONTRACT, CLASSES)])
def test_what_is_saved_is_read_again(enrolment: Enrolment) -> None:
    assert read(enrolment.to_bytes()) == enrolment


@pytest.mark.parametrize("at", [0, 5, 20, 100, CENTRES_AT + 7, CRC_AT])
def test_a_changed_byte_is_refused(at: int) -> None:
    content = bytearray(ENROLMENT.to_bytes())
    content[at] ^= 1
    with refuses("The enrolment cannot be used", ExitCode.MISMATCH):
        read(bytes(content))


@pytest.mark.parametrize("cut", [slice(0), slice(100), slice(SIZE - 1)])
def test_a_part_is_refused(cut: slice) -> None:
    with refuses("bytes, and not 3676", ExitCode.MISMATCH):
        read(ENROLMENT.to_bytes()[cut])


@pytest.mark.parametrize(
    ("at", "value", "fault"),
    [
        (0, b"GEN!", "does not begin as one"),
        (4, b"\x02\0", "of version 2"),
        (6, b"\x01\0", "with 1 bytes"),
        (20, b"\x02", "person 2 is to be recognized"),
        (21, b"\x09", "9 people, and 8 fit"),
        (22, b"\x05", "5 learned, and 4 fit"),
        (23, b"\x61", "97 centres, and 96 fit"),
        (NAMES_AT, b"anna" + b"x" * 12, "a name has no end"),
        (NAMES_AT, b"\0", "'' is no name"),
        (NAMES_AT, b"an a", "'an a' is no name"),
        (NAMES_AT, b"-\0\0\0\0", "'-' is no name"),
        (NAMES_AT, b"bea\0\0", "a name of people is there twice"),
        (LEARNED_AT, b"w\xe4ve", "is no name"),
        (CENTRES_AT, b"\x02", "of person 2, who is not there"),
        (CENTRES_AT + 1, b"\x04", "of class 4, which is not there"),
        (NAMES_AT + 10, b"x", "are not 0"),
        (CRC_AT - 1, b"x", "are not 0"),
    ],
)
def test_every_rule_is_kept(at: int, value: bytes, fault: str) -> None:
    with refuses(fault, ExitCode.MISMATCH):
        read(changed(at, value))


def test_one_of_another_model_is_refused() -> None:
    with refuses("of another model", ExitCode.MISMATCH):
        read(changed(12, b"\xff"))
    content = ENROLMENT.to_bytes()
    with refuses("of another model", ExitCode.MISMATCH):
        Enrolment.from_bytes(content, "f" * 64, CLASSES)


def test_a_person_is_added_and_recognized() -> None:
    more = ENROLMENT.with_person("tom", [EnrolledCentre(0, POINT)])
    assert more.people == ("anna", "bea", "tom")
    assert more.person == "tom"
    assert more.centres == (*ENROLMENT.centres, EnrolledCentre(0, POINT, "tom"))


def test_a_person_who_is_there_gets_new_centres() -> None:
    again = ENROLMENT.with_person("anna", [EnrolledCentre(0, POINT)])
    assert again.people == ENROLMENT.people
    assert [one.class_index for one in again.centres if one.owner == "anna"] == [0]
    assert len(again.centres) == len(ENROLMENT.centres)


def test_a_removed_person_takes_only_their_own_centres_along() -> None:
    less = read(ENROLMENT.without_person("anna").to_bytes())
    assert less.people == ("bea",)
    assert less.person == "bea"
    assert less.centres == (ENROLMENT.centres[0], ENROLMENT.centres[2])
    assert ENROLMENT.without_person("bea").person is None
    with refuses("tom is not enrolled", ExitCode.USAGE):
        ENROLMENT.without_person("tom")


FULL: list[tuple[str, Callable[[], object]]] = [
    (
        "at most 8 people",
        lambda: Enrolment(CONTRACT, CLASSES, tuple("abcdefgh")).with_person("i", []),
    ),
    (
        "at most 96 centres",
        lambda: ENROLMENT.with_person("tom", [EnrolledCentre(0, POINT)] * (CENTRES - 2)),
    ),
]


@pytest.mark.parametrize(("says", "add"), FULL)
def test_what_does_not_fit_is_refused(says: str, add: Callable[[], object]) -> None:
    with refuses(says, ExitCode.FAILED):
        add()


def test_as_many_as_fit_are_read_again() -> None:
    people = tuple(f"person-{number}" for number in range(PEOPLE))
    centres = tuple(EnrolledCentre(0, POINT, people[at % PEOPLE]) for at in range(CENTRES))
    full = Enrolment(CONTRACT, CLASSES, people, (), centres, people[-1])
    assert read(full.to_bytes()) == full


@pytest.mark.parametrize(
    ("name", "good"),
    [
        *[(name, True) for name in ("bea", "Bea-2", "_", "a" * 15, "--")],
        *[(name, False) for name in ("", "-", "a" * 16, "b a", "bea\n", "zoé")],
    ],
)
def test_names_are_letters_digits_and_two_signs(name: str, good: bool) -> None:
    assert is_name(name) == good
