"""An enrolment: people's own centres of gestures, and gestures learned, as data for one model.

Its bytes are those of firmware/lib/enrolment/enrolment.h, which a board keeps in its flash.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.core.artifacts import EMBEDDING_DIMENSIONS
from pipeline.core.errors import MismatchError, PipelineError, UsageError
from pipeline.core.original_names import in_ascii

MAGIC = 0x524E4547  # "GENR"
VERSION = 1
PEOPLE, LEARNED, CENTRES = 8, 4, 96  # at most
NAME_BYTES = 16  # of a name with its 0
NOBODY = 255
USUAL_SHARPNESS = 256  # 256ths by which squared distances to a centre are multiplied
NAME = re.compile(r"[A-Za-z0-9_-]{1,15}")
NO_NAME = "-"  # stands for nobody on the serial line

HEADER = struct.Struct("<IHHI8sBBBB")
NAMES = struct.Struct(f"{NAME_BYTES}s" * (PEOPLE + LEARNED))
CENTRE = struct.Struct(f"<BBH{EMBEDDING_DIMENSIONS}b")
CRC = struct.Struct("<I")
SIZE = HEADER.size + NAMES.size + CENTRES * CENTRE.size + CRC.size


@dataclass(frozen=True)
class EnrolledCentre:
    """A point that belongs to a class.

    Args:
        class_index: of the model's classes; after them come the learned ones.
        point: EMBEDDING_DIMENSIONS int8 numbers.
        owner: the person whose it is; None: it counts for everybody.
        sharpness: 256ths by which squared distances to it are multiplied.
    """

    class_index: int
    point: tuple[int, ...]
    owner: str | None = None
    sharpness: int = USUAL_SHARPNESS


@dataclass(frozen=True)
class Enrolment:
    """What a board knows beside its model.

    Args:
        contract: SHA-256 of the model's contract, of which the first 8 bytes count.
        classes: how many the model has.
        people: names.
        learned: names of gestures that the board has learned.
        centres: of people, and of what was learned.
        person: who is recognized; None: nobody in particular.
        number: of saves; of two copies the higher one is newer.

    Raises:
        PipelineError: MISMATCH, it breaks a rule.
    """

    contract: str
    classes: int
    people: tuple[str, ...] = ()
    learned: tuple[str, ...] = ()
    centres: tuple[EnrolledCentre, ...] = ()
    person: str | None = None
    number: int = 0

    def __post_init__(self) -> None:
        for fault in self._faults():
            raise _unusable(fault)

    def _faults(self) -> Iterable[str]:
        for what, names, most in (
            ("people", self.people, PEOPLE),
            ("learned", self.learned, LEARNED),
        ):
            if len(names) > most:
                yield f"it has {len(names)} names of {what}, and {most} fit"
            yield from (f"{name!r} is no name" for name in names if not is_name(name))
            if len(set(names)) < len(names):
                yield f"a name of {what} is there twice"
        if self.person is not None and self.person not in self.people:
            yield f"{self.person} is to be recognized, and is not in it"
        if len(self.centres) > CENTRES:
            yield f"it has {len(self.centres)} centres, and {CENTRES} fit"
        for centre in self.centres:
            if centre.owner is not None and centre.owner not in self.people:
                yield f"a centre is of {centre.owner}, who is not in it"
            if not 0 <= centre.class_index < self.classes + len(self.learned):
                yield f"a centre is of class {centre.class_index}, which is not there"

    @property
    def is_active(self) -> bool:
        """Whether centres decide for the person who is recognized, and not the network alone."""
        owners = {centre.owner for centre in self.centres}
        return bool(self.learned) or bool(owners & {None, self.person})

    def with_person(self, person: str, centres: Sequence[EnrolledCentre]) -> Enrolment:
        """With a person, in place of one of that name, who is recognized from now on.

        Raises:
            PipelineError: USAGE, it is no name; or there is no place left.
        """
        check_name(person)
        people = self.people if person in self.people else (*self.people, person)
        others = [centre for centre in self.centres if centre.owner != person]
        own = [replace(centre, owner=person) for centre in centres]
        if len(people) > PEOPLE:
            raise _full(f"{PEOPLE} people")
        if len(others) + len(own) > CENTRES:
            raise _full(f"{CENTRES} centres, and {person} would need {len(own)} more")
        return replace(self, people=people, centres=(*others, *own), person=person)

    def without_person(self, person: str) -> Enrolment:
        """Without a person and what belongs to them.

        Raises:
            PipelineError: USAGE, there is nobody of that name.
        """
        if person not in self.people:
            raise UsageError(
                f"{person} is not enrolled.",
                f"these are: {', '.join(self.people) or 'nobody'}",
                "give one of these names",
            )
        return replace(
            self,
            people=tuple(name for name in self.people if name != person),
            centres=tuple(centre for centre in self.centres if centre.owner != person),
            person=None if self.person == person else self.person,
        )

    def to_bytes(self) -> bytes:
        """The bytes that a board keeps, with their checksum."""
        header = HEADER.pack(
            *(MAGIC, VERSION, SIZE, self.number, _contract_bytes(self.contract)),
            *(self._owner_of(self.person), len(self.people)),
            *(len(self.learned), len(self.centres)),
        )
        people, learned = (
            [name.encode() for name in names] for names in (self.people, self.learned)
        )
        names = NAMES.pack(*_filled(people, PEOPLE), *_filled(learned, LEARNED))
        packed = [
            CENTRE.pack(self._owner_of(one.owner), one.class_index, one.sharpness, *one.point)
            for one in self.centres
        ]
        content = header + names + b"".join(packed).ljust(CENTRES * CENTRE.size, b"\0")
        return content + CRC.pack(zlib.crc32(content))

    def _owner_of(self, person: str | None) -> int:
        return NOBODY if person is None else self.people.index(person)

    @classmethod
    def from_bytes(cls, content: bytes, contract: str, classes: int) -> Enrolment:
        """Read the bytes of a board, or of a file.

        Args:
            content: SIZE bytes.
            contract: SHA-256 of the contract of the model it is for.
            classes: how many that model has.

        Raises:
            PipelineError: MISMATCH, it breaks a rule, or is of another model.
        """
        _check_bytes(content, contract)
        *_, number, _, person, people, learned, centres = HEADER.unpack_from(content)
        counts = {"people": (people, PEOPLE), "learned": (learned, LEARNED)}
        for what, (count, most) in {**counts, "centres": (centres, CENTRES)}.items():
            if count > most:
                raise _unusable(f"it says it has {count} {what}, and {most} fit")
        names = [_name_of(name) for name in NAMES.unpack_from(content, HEADER.size)]
        owners = {NOBODY: None, **dict(enumerate(names[:people]))}
        if person not in owners:
            raise _unusable(f"person {person} is to be recognized, and it has {people}")
        enrolment = cls(
            contract=contract,
            classes=classes,
            people=tuple(names[:people]),
            learned=tuple(names[PEOPLE : PEOPLE + learned]),
            centres=tuple(_centre_of(content, place, owners) for place in range(centres)),
            person=owners[person],
            number=number,
        )
        if enrolment.to_bytes() != content:
            raise _unusable("bytes that are not used are not 0")
        return enrolment


def is_name(name: str) -> bool:
    """Whether a board can keep it: 1 to 15 letters, digits, _ and -, but not "-" alone."""
    return NAME.fullmatch(name) is not None and name != NO_NAME


def check_name(name: str) -> str:
    """The name, unless a board cannot keep it (PipelineError: USAGE)."""
    if not is_name(name):
        raise UsageError(
            f"{name!r} cannot be the name of a person or a gesture.",
            f"a board keeps 1 to {NAME_BYTES - 1} letters of English, digits, `_` and `-`",
            f"choose another name, for example `{_name_like(name)}`",
        )
    return name


def _name_like(name: str) -> str:
    return in_ascii(name, hyphens=True)[: NAME_BYTES - 1].rstrip("_-") or "jump"


def _filled(names: Sequence[bytes], count: int) -> list[bytes]:
    return [*names, *[b""] * (count - len(names))]


def _contract_bytes(contract: str) -> bytes:
    return bytes.fromhex(contract)[:8]


def _check_bytes(content: bytes, contract: str) -> None:
    """Check everything that is not about what it holds."""
    if len(content) != SIZE:
        raise _unusable(f"it has {len(content)} bytes, and not {SIZE}")
    magic, version, size, _, own, *_ = HEADER.unpack_from(content)
    if magic != MAGIC:
        raise _unusable("it does not begin as one")
    if (version, size) != (VERSION, SIZE):
        raise _unusable(f"it is of version {version} with {size} bytes")
    if zlib.crc32(content[: -CRC.size]) != CRC.unpack_from(content, SIZE - CRC.size)[0]:
        raise _unusable("its checksum is wrong")
    if own != _contract_bytes(contract):
        raise MismatchError(
            "The enrolment is of another model.",
            "the model was trained or converted again; its space is not the same any more",
            "enrol again: `gesture enrol RUN --person NAME`",
        )


def _name_of(content: bytes) -> str:
    name, end, _ = content.partition(b"\0")
    if not end:
        raise _unusable("a name has no end")
    return name.decode("latin-1")


def _centre_of(content: bytes, place: int, owners: dict[int, str | None]) -> EnrolledCentre:
    at = HEADER.size + NAMES.size + place * CENTRE.size
    owner, class_index, sharpness, *point = CENTRE.unpack_from(content, at)
    if owner not in owners:
        raise _unusable(f"a centre is of person {owner}, who is not there")
    return EnrolledCentre(class_index, tuple(point), owners[owner], sharpness)


def _unusable(fault: str) -> PipelineError:
    return MismatchError(
        f"The enrolment cannot be used: {fault}.",
        "it was cut short, edited, or is of another version",
        "enrol again: `gesture enrol RUN --person NAME`",
    )


def _full(most: str) -> PipelineError:
    return PipelineError(
        f"There is no place left: a board keeps at most {most}.",
        "they lie in a page of its flash",
        "remove a person first: `gesture enrol RUN --remove NAME`",
    )
