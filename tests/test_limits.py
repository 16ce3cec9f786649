"""The facts: each is a number with a unit, a source and a day."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from constructs_lib import limits
from constructs_lib.limits import EXTENSION_LAYERS, Fact, extension_layer_arn, partition_of

FACTS = {name: value for name, value in vars(limits).items() if isinstance(value, Fact)}


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_names_its_source_and_the_day_it_was_checked(name: str) -> None:
    """A number without an origin is a belief."""
    fact = FACTS[name]
    assert fact.source
    assert dt.date.fromisoformat(fact.checked) <= dt.date(2026, 11, 21)
    assert fact.evidence in {"documented", "tried", "secondary", "unsure"}


def test_a_fact_is_its_number_and_reads_with_its_unit() -> None:
    """Facts take part in arithmetic and quote themselves in messages."""
    assert limits.REST_REGIONAL_WAIT - 4 == 25
    assert f"{limits.REST_REGIONAL_WAIT}" == "29 s"
    assert repr(limits.INIT_MAX) == "10 s (lambda-dg/lambda-runtime-environment, checked 2026-11-21)"


@pytest.mark.parametrize("region", EXTENSION_LAYERS)
@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_layer_arns_are_well_formed_in_every_region(region: str, architecture: str) -> None:
    """Each region has an account of twelve digits and a version for both architectures."""
    arn = extension_layer_arn(region, architecture)  # type: ignore[arg-type]
    name = "AWS-Parameters-and-Secrets-Lambda-Extension" + ("-Arm64" if architecture == "arm64" else "")
    assert re.fullmatch(
        rf"arn:{partition_of(region)}:lambda:{region}:\d{{12}}:layer:{name}:[1-9]\d*", arn or ""
    )


def test_a_region_that_the_list_does_not_name_has_no_layer() -> None:
    """Unknown is said, not guessed."""
    assert extension_layer_arn("eu-nowhere-1", "arm64") is None
    assert partition_of("cn-north-1") == "aws-cn"
    assert partition_of("us-gov-west-1") == "aws-us-gov"
