"""Which way the axes lie and what they measure: gravity, its unit, and columns that changed places.

Where a hand is quietest, an accelerometer reads little else than gravity: 1 g, whichever way up
the board is held.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.datasets.lint_findings import Finding, TakeFile
from pipeline.datasets.sensor_range import ACCELERATION, ROTATION

Float64 = NDArray[np.float64]

QUIET_ROWS = 10
QUIET_SHARE = 0.1  # of a session
NO_GRAVITY = 0.5  # g
UNITS = (  # a quiet reading from, up to, and what that is
    (4.0, 25.0, "m/s^2", "divide the accelerations by 9.807"),
    (300.0, 2500.0, "milli-g", "divide the accelerations by 1000"),
    (2500.0, np.inf, "raw counts of the sensor", "multiply them by the range over 32768"),
)
ENOUGH_TAKES = 4  # to say how a label usually looks
CLEARLY = 0.4  # exchanged, it is that much nearer to the others
FAR = 3.0  # times the usual distance, and at least FAR_AT_LEAST
FAR_AT_LEAST = 0.5  # g, and shares of the whole rotation


def check_gravity(takes: Sequence[TakeFile]) -> list[Finding]:
    """One finding for each person and session whose accelerometer does not read gravity in g."""
    groups = defaultdict(list)
    for take in takes:
        if take.has_imu and len(take.imu) >= QUIET_ROWS:
            groups[take.group].append(take)
    return [
        finding
        for _, group in sorted(groups.items())
        for finding in _gravity_finding(group, _quiet_reading(group))
    ]


def _quiet_reading(group: Sequence[TakeFile]) -> float:
    """Length of the acceleration in the quietest stretches of a session."""
    cut = (take.imu[: len(take.imu) // QUIET_ROWS * QUIET_ROWS, :3] for take in group)
    stretches = np.concatenate([rows.reshape(-1, QUIET_ROWS, 3) for rows in cut])
    unrest = np.linalg.norm(stretches.std(axis=1), axis=1)
    quietest = np.argsort(unrest)[: max(1, round(QUIET_SHARE * len(unrest)))]
    return float(np.median(np.linalg.norm(stretches[quietest].mean(axis=1), axis=1)))


def _gravity_finding(group: Sequence[TakeFile], reading: float) -> Iterable[Finding]:
    first = group[0]
    where = f"the quietest readings are {reading:.3g}, in {len(group)} takes of {first.whose}"
    line = first.line_of_row(0)
    if reading < NO_GRAVITY:
        what = f"gravity is missing: {where}"
        step = (
            "export the accelerometer as it reads, without a high-pass filter, mean removal or "
            "`linear acceleration`: a board reads 1 g at rest"
        )
        yield Finding("gravity", first.path, line, what, step)
    for lowest, highest, unit, mend in UNITS:
        if lowest <= reading < highest:
            what = f"the acceleration looks like {unit}, not g: {where}"
            yield Finding("gravity", first.path, line, what, f"{mend} and import again")


def check_swapped(takes: Sequence[TakeFile]) -> list[Finding]:
    """Takes, or whole sessions, that look like the others once two of their axes change places."""
    usable = [take for take in takes if take.has_imu and len(take.imu) > 1]
    findings = []
    for label in sorted({take.recording.label for take in usable}):
        of_label = [take for take in usable if take.recording.label == label]
        findings += _odd_sessions(of_label)
        findings += _odd_takes(of_label)
    return findings


def _odd_takes(takes: Sequence[TakeFile]) -> list[Finding]:
    """Against the other takes of the same person and session."""
    findings = []
    for _, group in sorted(_by_group(takes).items()):
        features = np.array([_features(take) for take in group])
        for index, take in enumerate(group):
            others = np.delete(features, index, axis=0)
            # Rotation differs too much from take to take to tell one of them from an exchange.
            pair = _exchanged(features[index : index + 1], others, ACCELERATION)
            if pair:
                findings.append(_swap_finding(take, pair, f"{take.path.name}", "this session's"))
    return findings


def _odd_sessions(takes: Sequence[TakeFile]) -> list[Finding]:
    """Against the same person's other sessions: another person may hold the board otherwise."""
    groups = _by_group(takes)
    findings = []
    for key, group in sorted(groups.items()):
        elsewhere = [t for other, ts in groups.items() if other[0] == key[0] for t in ts]
        others = [take for take in elsewhere if take.group != key]
        if len(group) < ENOUGH_TAKES or len(others) < len(group):
            continue
        odd, usual = (np.array([_features(t) for t in part]) for part in (group, others))
        pair = _exchanged(odd, usual, ACCELERATION) or _exchanged(odd, usual, ROTATION)
        if pair:
            whole = f"{len(group)} takes of {group[0].whose}"
            findings.append(_swap_finding(group[0], pair, whole, "the other sessions'"))
    return findings


def _by_group(takes: Sequence[TakeFile]) -> dict[tuple[str, str], list[TakeFile]]:
    groups = defaultdict(list)
    for take in takes:
        groups[take.group].append(take)
    return groups


def _features(take: TakeFile) -> Float64:
    """float64 [6]: mean acceleration in g, and each axis' share of the rotation."""
    rotation = np.sqrt((take.imu[:, 3:].astype(np.float64) ** 2).mean(axis=0))
    share = rotation / max(float(np.linalg.norm(rotation)), 1.0)
    return np.concatenate([take.imu[:, :3].mean(axis=0), share])


def _exchanged(odd: Float64, others: Float64, axes: tuple[str, ...]) -> tuple[str, str] | None:
    """The two of `axes` whose exchange makes `odd` [k, 6] look like `others` [n, 6]."""
    if len(others) < ENOUGH_TAKES:
        return None
    part = slice(0, 3) if axes == ACCELERATION else slice(3, 6)
    usual = np.median(others[:, part], axis=0)
    middle = np.median(odd[:, part], axis=0)
    spread = np.median(np.linalg.norm(others[:, part] - usual, axis=1))
    distance = float(np.linalg.norm(middle - usual))
    if distance < max(FAR_AT_LEAST, FAR * float(spread)):
        return None
    nearest, pair = min(
        (float(np.linalg.norm(_swap(middle, i, j) - usual)), (i, j))
        for i, j in itertools.combinations(range(3), 2)
    )
    return (axes[pair[0]], axes[pair[1]]) if nearest < CLEARLY * distance else None


def _swap(values: Float64, i: int, j: int) -> Float64:
    swapped = values.copy()
    swapped[[i, j]] = values[[j, i]]
    return swapped


def _swap_finding(take: TakeFile, pair: tuple[str, str], what: str, whose: str) -> Finding:
    return Finding(
        "swapped-axis",
        take.path,
        take.line_of_row(-1),
        f"{what}: with {pair[0]} and {pair[1]} exchanged it would look like {whose} other takes "
        f"of {take.recording.label}",
        "look with `gesture data show FILE`; if the board was turned, record again, if the columns "
        "were mixed up, exchange them",
    )
