"""Columns of a sensor's tables, by names as people write them."""

from __future__ import annotations

import pytest

from pipeline.core.imu_columns import Role, factor_of, read_column, read_columns
from pipeline.core.unit_names import DEGREES, STANDARD_GRAVITY

METRE = 1 / STANDARD_GRAVITY


@pytest.mark.parametrize(
    ("names", "channel"),
    [
        ("ax aX AX accX acc_x accel-x x_acc xAcc AccelerometerX AcX ACCEL_XOUT acc.x", "ax"),
        ("userAcceleration.x linear_acceleration.x gFx total_acc_x accélération_x", "ax"),
        ("ay|Linear Acceleration y|Accelerometer (y)|Beschleunigung Y|y-axis (g)", "ay"),
        ("gy gyroY gyr_y wy GyY rotationRateY rotationRate.gamma angular_velocity.y ωy", "gy"),
        ("gz|Gyroscope z|Angular Velocity Z|z-axis (deg/s)|gyroRotationZ(rad/s)", "gz"),
    ],
)
def test_axes_of_a_sensor_are_found_in_every_spelling(names: str, channel: str) -> None:
    for name in names.split("|" if "|" in names else " "):
        assert read_column(name).channel == channel, name


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("Beschl. X [m/s²]", "ax"),
        ("Vitesse X (rad/s)", "gx"),
        ("gravity x (m/s²)", ""),
        ("Bx (µT)", ""),
        ("Stufe X (mm)", ""),
    ],
)
def test_a_unit_names_the_sensor_where_no_word_is_known(name: str, channel: str) -> None:
    assert read_column(name).channel == channel


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("Acceleration x (m/s^2)", METRE),
        ("ax [m/s²]", METRE),
        ("acc_x_ms2", METRE),
        ("acc_x_m/s2", METRE),
        ("az_m_s2", METRE),
        ("Acceleration X (m/s/s)", METRE),
        ("ax (meters per second squared)", METRE),
        ("motionUserAccelerationX(G)", 1.0),
        ("gFx", 1.0),
        ("Acc X [mg]", 0.001),
        ("Acc X / mg", 0.001),
        ("ax_mg", 0.001),
        ("gx_dps", 1.0),
        ("gx (°/s)", 1.0),
        ("Gyroscope x (rad/s)", DEGREES),
        ("gyro_x_rad_s", DEGREES),
        ("gx (mdps)", 0.001),
        ("Time (s)", 1.0),
        ("timestamp_ms", 1e-3),
        ("t_us", 1e-6),
        ("timeMs", 1e-3),
        ("seconds_elapsed", 1.0),
        ("ax [stone]", None),
        ("ax", None),
        ("acc_x_counts", None),
    ],
)
def test_units_are_read_from_names(name: str, factor: float | None) -> None:
    found = read_column(name).factor
    assert found == (None if factor is None else pytest.approx(factor))


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (Role.MAGNETOMETER, "mX|magX|Magnetic field x (µT)|Bx"),
        (Role.OTHER, "gravity.x|motionGravityX(G)|attitude.roll|qx|temperature|TgF|name"),
        (Role.OTHER, "Absolute acceleration (m/s^2)"),
        (Role.CLOCK, "time|Timestamp|t|epoch (ms)|host_timestamp|datetime|millis|Zeit"),
        (Role.LABEL, "label|Label|class|gesture|activity_id|target|ground_truth_label"),
        (Role.PERSON, "person|user|subject_id|participant|Subject ID"),
        (Role.TAKE, "sample_id|take|trial|recording_id|ID|segmentuuid"),
        (Role.COUNT, "seq|index||#|Unnamed: 0|row number"),
        (Role.SESSION, "session|sitting"),
    ],
)
def test_columns_that_are_no_axis_have_their_role(role: Role, names: str) -> None:
    for name in names.split("|"):
        assert read_column(name).role is role, name


def test_axes_alone_are_of_the_sensor_that_the_file_names() -> None:
    names = ("time", "x", "y", "z")
    for about, role in (
        ("", Role.ACCELERATION),
        ("walk", Role.ACCELERATION),
        ("Gyroscope", Role.TURNING),
        ("Magnetometer", Role.MAGNETOMETER),
        ("Gravity", Role.OTHER),
    ):
        assert [column.role for column in read_columns(names, about)[1:]] == [role] * 3
    linear = read_columns(names, "Linear Accelerometer")
    assert [column.without_gravity for column in linear] == [False, True, True, True]


def test_a_lone_y_is_the_label() -> None:
    assert [column.role for column in read_columns(["ax", "ay", "az", "y"])][3] is Role.LABEL


def test_two_sensors_are_told_apart_by_their_place() -> None:
    assert read_column("wrist_acc_x").place == "wrist"
    assert read_column("acc_x").place == ""
    assert read_column("hand acc 16g x").place == "hand 16 g"


def test_gravity_is_known_to_be_taken_off() -> None:
    assert read_column("Linear Acceleration x (m/s^2)").without_gravity
    assert not read_column("Acceleration x (m/s^2)").without_gravity
    assert not read_column("body_gyro_x").without_gravity


def test_a_unit_of_another_kind_is_unknown() -> None:
    assert factor_of(Role.ACCELERATION, "rad/s") is None
    assert factor_of(Role.TURNING, "g") is None
