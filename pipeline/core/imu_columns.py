"""Names of columns, as people write them: which sensor, which axis, in which unit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from pipeline.core.unit_names import (
    ACCELERATION_UNITS,
    CLOCK_UNITS,
    TURNING_UNITS,
    is_counts,
    plain_letters,
    unit_key,
)

AXES = ("x", "y", "z")


class Role(Enum):
    """What a column holds."""

    ACCELERATION = "acceleration"
    TURNING = "turning"  # of a gyroscope
    AXIS = "axis"  # of a sensor that only the file names
    MAGNETOMETER = "magnetometer"
    CLOCK = "clock"
    LABEL = "label"
    PERSON = "person"
    SESSION = "session"
    TAKE = "take"  # the same for all rows of a take
    COUNT = "count"  # a running number
    OTHER = "other"


@dataclass(frozen=True)
class Column:
    """A column of a table, by its name.

    Args:
        name: as written.
        axis: of a sensor, "x", "y" or "z", else "".
        unit: as written, "" where the name has none.
        without_gravity: of an acceleration from which gravity was taken off.
        place: what else the name says of the sensor, such as "left wrist".
    """

    name: str
    role: Role
    axis: str = ""
    unit: str = ""
    without_gravity: bool = False
    place: str = ""

    @property
    def channel(self) -> str:
        """The channel of recordings, "ax" to "gz"; "" for other columns."""
        return _LETTERS[self.role] + self.axis if self.role in _LETTERS else ""

    @property
    def factor(self) -> float | None:
        """From its unit to g, deg/s or seconds; None where the unit is missing or unknown."""
        return factor_of(self.role, self.unit)


_LETTERS: Mapping[Role, str] = {Role.ACCELERATION: "a", Role.TURNING: "g"}

_FAMILIES: Mapping[Role, Mapping[str, float]] = {
    Role.ACCELERATION: ACCELERATION_UNITS,
    Role.TURNING: TURNING_UNITS,
    Role.CLOCK: CLOCK_UNITS,
}

KNOWN_UNITS: Mapping[Role, str] = {
    Role.ACCELERATION: "g, m/s2, mg, counts",
    Role.TURNING: "deg/s, rad/s, mdps, counts",
}


def factor_of(role: Role, unit: str) -> float | None:
    """The factor from a unit to g, deg/s or seconds; None where it is missing or unknown."""
    return _FAMILIES.get(role, {}).get(unit_key(unit))


def sensor_of(text: str) -> Role | None:
    """The sensor that a text names, such as the name of a file; None where it names none or two."""
    words = _words(text)
    found = {
        role
        for role, names in _SENSOR_NAMES.items()
        if any(word in names and len(word) > 1 for word in words)
    }
    if _is_turning(words):
        found.add(Role.TURNING)
    if not found & set(_LETTERS) and set(words) & _NO_SENSOR:
        return Role.OTHER
    return found.pop() if len(found) == 1 else None


def read_columns(names: Sequence[str], about: str = "") -> list[Column]:
    """What the columns of a table hold, by their names.

    Args:
        about: the name of the file, which may name the sensor of columns x, y and z.
    """
    columns = [read_column(name) for name in names]
    bare = [column for column in columns if column.role is Role.AXIS]
    if {column.axis for column in bare} == {"y"}:  # the target, as in X and y
        return [replace(c, role=Role.LABEL, axis="") if c in bare else c for c in columns]
    role = sensor_of(about) or Role.ACCELERATION
    if role is Role.ACCELERATION and any(column.role is role for column in columns):
        role = Role.OTHER
    without = bool(set(_words(about)) & _WITHOUT_GRAVITY)
    return [
        replace(column, role=role, without_gravity=without and role is Role.ACCELERATION)
        if column.role is Role.AXIS
        else column
        for column in columns
    ]


def read_column(name: str) -> Column:
    """What one column holds, by its name."""
    text = name.strip().strip("\"'").strip()
    if _words(text) and all(word in _COUNT_NAMES for word in _words(text)):
        return Column(name, Role.COUNT)
    bracketed = re.fullmatch(r"(.*?)\s*[\[({]([^\])}]*)[\])}]\s*(.*)", text)
    if bracketed and bracketed[2].strip().lower() not in AXES:
        column = _of_words(name, _words(f"{bracketed[1]} {bracketed[3]}"))
        return _with_unit(column, bracketed[2].strip())
    return _with_unit_at_the_end(name, text)


def _with_unit_at_the_end(name: str, text: str) -> Column:
    """As "ax_mg" and "acc x / m/s2": the longest end that is a unit of the rest."""
    words = _words(text)
    for at in range(1, len(words)):
        column = _of_words(name, words[:at])
        unit = " ".join(words[at:])
        if column.role is Role.AXIS:
            column = _with_unit(column, unit)
        if factor_of(column.role, unit) is not None or (column.channel and is_counts(unit)):
            return replace(column, unit=_as_written(text, unit))
    return _of_words(name, words)


def _as_written(text: str, unit: str) -> str:
    """The end of a text that is a unit."""
    key = unit_key(unit)
    starts = (at for at in range(len(text), -1, -1) if unit_key(text[at:]) == key)
    return text[next(starts, len(text)) :].strip(" _-/,.:") or unit


def _with_unit(column: Column, unit: str) -> Column:
    is_unknown = column.role is Role.OTHER and column.axis != ""
    if (is_unknown and not set(_words(column.name)) & _NO_SENSOR) or column.role is Role.AXIS:
        # Only its unit says which sensor's it is.
        role = next((r for r in _LETTERS if factor_of(r, unit) is not None), column.role)
        return replace(column, role=role, unit=unit)
    return replace(column, unit=unit)


_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+")


def _words(text: str) -> list[str]:
    """The words of a name in small letters: "userAcceleration.x" has three."""
    return [word.lower() for word in _WORD.findall(plain_letters(text))]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ACCELERATION_NAMES = _names(
    "a ac acc accel accl acel acceleration accelerations accelerometer accelero accelerometers "
    "gforce gf linacc linaccel beschleunigung beschleunigungssensor aceleracion acelerometro "
    "accelerazione accelerometro accelerometre versnelling useracceleration linearacceleration"
)
_TURNING_NAMES = _names(
    "g gy gyr ω gyro gyros gyroscope gyroscopes w omega rotationrate angularvelocity angularrate "
    "angvel drehrate gyroskop winkelgeschwindigkeit giroscopio giro gyrometre gyrometer"
)
_MAGNETOMETER_NAMES = _names(
    "m b mag magn magnet magneto magnetic magnetometer magnetometre magnetfeld compass"
)
_SENSOR_NAMES: Mapping[Role, frozenset[str]] = {
    Role.ACCELERATION: _ACCELERATION_NAMES,
    Role.TURNING: _TURNING_NAMES,
    Role.MAGNETOMETER: _MAGNETOMETER_NAMES,
}
_NO_SENSOR = _names(
    "gravity grav attitude orientation quaternion quat q euler roll pitch yaw angle angles heading "
    "position pos velocity vel jerk magnitude vector barometer location pedometer light"
)
_WITHOUT_GRAVITY = _names(
    "linear lin linacc linaccel user useracceleration linearacceleration body"
)
_FILLERS = _WITHOUT_GRAVITY | _names(
    "axis axes achse eje asse axe sensor value val data imu motion total the of"
)
_W3C_AXES = {"alpha": "z", "beta": "x", "gamma": "y"}  # of the rotation rate in browsers

_CLOCK_NAMES = _names(
    "time times timestamp timestamps ts t epoch date datetime clock elapsed millis micros nanos "
    "seconds second sec ms us ns milliseconds microseconds unix utc uptime tick "
    "zeit zeitstempel datum uhrzeit temps horodatage heure tiempo fecha hora tempo data ora tijd"
)
_LABEL_NAMES = _names(
    "label labels class classes gesture gestures activity activities target category movement "
    "motion exercise action annotation tag behavior behaviour groundtruth gt klasse etikett "
    "geste gesto etiqueta classe clase bewegung aktivitat actividad activite oznaka"
)
_PERSON_NAMES = _names(
    "person people user users subject subjects participant participants player volunteer actor "
    "patient wearer who pid uid teilnehmer proband personne sujet sujeto persona participante"
)
_SESSION_NAMES = _names("session sitting visit sitzung sesion seance")
_TAKE_NAMES = _names(
    "sample take trial rep repetition repeat recording sequence segment segmentuuid uuid window "
    "id gestureid stroke series file filename instance example sampleid takeid wiederholung essai"
)
_COUNT_NAMES = _names(
    "seq index idx counter count packet row rows n no nr number frame unnamed lfd line"
)
_NUMBERED = _names("id ids nr no number num name names code idx index")


def _of_words(name: str, words: Sequence[str]) -> Column:
    sensor = _sensor_column(name, words)
    if sensor is not None:
        return sensor
    joined = "".join(words)
    main = [word for word in words if word not in _NUMBERED and not word.isdigit()]
    if _names_one(_LABEL_NAMES, main, joined):
        return Column(name, Role.LABEL)
    if _names_one(_PERSON_NAMES, main, joined):
        return Column(name, Role.PERSON)
    if _names_one(_SESSION_NAMES, main, joined):
        return Column(name, Role.SESSION)
    if (main and main[-1] in _CLOCK_NAMES) or (main and main[0] in _CLOCK_NAMES):
        units = [word for word in main if factor_of(Role.CLOCK, word) is not None]
        return Column(name, Role.CLOCK, unit=units[-1] if units else "")
    if joined in _TAKE_NAMES or (main and all(word in _TAKE_NAMES for word in main)):
        return Column(name, Role.TAKE)
    if not words or all(word in _COUNT_NAMES or word.isdigit() for word in words):
        return Column(name, Role.COUNT)
    return Column(name, Role.OTHER)


def _names_one(names: frozenset[str], words: Sequence[str], joined: str) -> bool:
    """Whether the only word, or the last of some, is one of the names."""
    return joined in names or bool(words and words[-1] in names)


def _sensor_column(name: str, words: Sequence[str]) -> Column | None:
    """A column of one axis of a sensor; None where the name has no axis or two."""
    alone = any(word in AXES for word in words)
    split = list(words) if alone else [part for word in words for part in _axis_split(word)]
    if _is_turning(split):
        split = [_W3C_AXES.get(word, word) for word in split]
    axes = [word for word in split if word in AXES]
    rest = [word for word in split if word not in AXES]
    if len(axes) != 1:
        return None
    role = _sensor_role(rest)
    known = _FILLERS | _SENSOR_NAMES.get(role, frozenset()) | _TURNING_WORDS
    place = " ".join(word for word in rest if word not in known)
    without = role is Role.ACCELERATION and bool(set(rest) & _WITHOUT_GRAVITY)
    unit = "g" if role is Role.ACCELERATION and _is_g_force(rest) else ""
    return Column(name, role, axes[0], unit, without, place)


_TURNING_WORDS = _names("rotation rotational angular rot rate velocity speed vel spin force")


def _is_turning(words: Sequence[str]) -> bool:
    said = set(words)
    return bool(said & {"rotation", "angular", "rot", "rotational"}) and bool(
        said & {"rate", "velocity", "speed", "vel"}
    )


def _sensor_role(rest: Sequence[str]) -> Role:
    """The sensor by the words beside the axis; longer words say more than single letters."""
    if _is_turning(rest):
        return Role.TURNING
    if set(rest) & _NO_SENSOR:
        return Role.OTHER
    if _is_g_force(rest):
        return Role.ACCELERATION
    for words in ([word for word in rest if len(word) > 1], rest):
        for role, names in _SENSOR_NAMES.items():
            if any(word in names for word in words):
                return role
    return Role.AXIS if all(word in _FILLERS for word in rest) else Role.OTHER


def _is_g_force(rest: Sequence[str]) -> bool:
    return list(rest[-2:]) == ["g", "force"] or bool(set(rest) & {"gf", "gforce"})


def _axis_split(word: str) -> Sequence[str]:
    """ "accx" is "acc" and "x"; "xacc" too; words with no sensor's name stay whole."""
    if word in ("fx", "fy", "fz"):
        return ("force", word[1])
    if word in ("xout", "yout", "zout"):
        return (word[0],)
    stems = _ACCELERATION_NAMES | _TURNING_NAMES | _MAGNETOMETER_NAMES | _NO_SENSOR
    if len(word) > 1 and word[-1] in AXES and word[:-1] in stems:
        return (word[:-1], word[-1])
    if len(word) > 3 and word[0] in AXES and word[1:] in stems:
        return (word[0], word[1:])
    return (word,)
