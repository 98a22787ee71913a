"""Units that a person types: of acceleration and turning, where data do not tell them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.core.errors import UsageError
from pipeline.core.imu_columns import Role, factor_of

_COUNTS = re.compile(r"counts?[ =:]+(\d+(?:\.\d+)?)", re.IGNORECASE)
_ROLES = (Role.ACCELERATION, Role.TURNING)
EXAMPLE = '--units "m/s2, rad/s"'
EXAMPLE_OF_COUNTS = '--units "counts 16384, counts 131"'  # the MPU-6050 at 2 g and 250 deg/s


def read_units(text: str) -> Mapping[Role, float]:
    """The factors to g and deg/s of "m/s2, rad/s" or "counts 16384, counts 131".

    The second unit may be missing. A number of counts is that of 1 g or 1 deg/s.

    Raises:
        UsageError: the text is no such units.
    """
    units = [unit.strip() for unit in text.split(",")]
    factors = [unit_factor(role, unit) for role, unit in zip(_ROLES, units, strict=False)]
    if len(units) > len(_ROLES) or None in factors:
        raise UsageError(
            f"--units {text!r} is not understood.",
            "it names the unit of acceleration (g, mg, m/s2 or counts), a comma, and that of "
            "turning (deg/s, mdps, rad/s or counts); counts need the number that is 1 g or 1 deg/s",
            f"write {EXAMPLE} or {EXAMPLE_OF_COUNTS}",
        )
    return {role: factor for role, factor in zip(_ROLES, factors, strict=False) if factor}


def unit_factor(role: Role, unit: str) -> float | None:
    """From a unit, also "counts 16384", to g or deg/s; None where it is unknown."""
    counts = _COUNTS.fullmatch(unit.strip())
    if counts:
        return 1 / float(counts[1]) if float(counts[1]) > 0 else None
    return factor_of(role, unit)
