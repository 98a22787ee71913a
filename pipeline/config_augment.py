"""The ways in which a config may have training recordings varied; datasets/augment.py does it."""

from __future__ import annotations

from pydantic import Field

from pipeline.config_models import Section


class AugmentConfig(Section):
    """How training recordings are varied, at random and within these ranges; 0 turns one off."""

    passes: int = Field(
        6, gt=0, description="times the training recordings are gone through, varied but the first"
    )
    rotation_deg: float = Field(20.0, ge=0, le=180, description="the board turned in the hand")
    mounting_deg: float = Field(
        0.0, ge=0, le=180, description="the board mounted another way: turned on top of the grip"
    )
    gain: float = Field(0.5, ge=0, lt=1, description="harder or softer, at most by this share")
    stretch: float = Field(0.15, ge=0, lt=1, description="slower or faster, at most by this share")
    warp: float = Field(
        0.0, ge=0, lt=1, description="parts of a gesture slower or faster, at most by this share"
    )
    shift: float = Field(
        1.0,
        ge=0,
        le=1,
        description="windows of continuous recordings begin later, at most by this share of a hop; "
        "takes are shifted by the rests put between them",
    )
    jitter_g: float = Field(
        0.0, ge=0, description="noise of at most this standard deviation, 100 deg/s for each g"
    )
    drift_g: float = Field(
        0.0, ge=0, description="slow bias of this standard deviation, 100 deg/s for each g"
    )
    axis_dropout: float = Field(
        0.0, ge=0, le=1, description="share of recordings in which one axis reads 0"
    )
    idle_mix: float = Field(
        0.0, ge=0, le=1, description="recorded rest added to a gesture, at most at this gain"
    )
    pulled: int = Field(
        4, ge=0, description="how often what `gesture pull` brought is in a pass; 0: left out"
    )
    seed: int = Field(1, description="the same seed gives the same result")
