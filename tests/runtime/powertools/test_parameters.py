"""The real Powertools' parameter providers over the extension's client, here with its values from the environment."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from constructs_lib.runtime import powertools


@pytest.fixture(autouse=True)
def _values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the values that the extension's client reads outside Lambda."""
    values = {"/orders/limit": "20", "/orders/mail": '{"from": "a@b.c"}'}
    monkeypatch.setenv("CONSTRUCTS_LIB_LOCAL_PARAMETERS", json.dumps(values))
    monkeypatch.setenv(
        "CONSTRUCTS_LIB_LOCAL_SECRETS", json.dumps({"orders/database": '{"password": "s3cr3t"}'})
    )
    for name in ("AWS_LAMBDA_RUNTIME_API", "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_parameters_and_secrets_with_powertools_own_cache_and_transformations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What Powertools adds still works: JSON, several below a path, a cache."""
    provider = powertools.SSMProvider()
    assert provider.get("/orders/limit") == "20"
    assert provider.get("/orders/mail", transform="json", max_age=60) == {"from": "a@b.c"}
    assert provider.get_multiple("/orders") == {"limit": "20", "mail": '{"from": "a@b.c"}'}
    monkeypatch.setenv("CONSTRUCTS_LIB_LOCAL_PARAMETERS", '{"/orders/limit": "30"}')
    assert provider.get("/orders/limit") == "20"  # for the five seconds of Powertools' cache
    assert provider.get("/orders/limit", force_fetch=True) == "30"
    assert powertools.SecretsProvider().get("orders/database", transform="json") == {"password": "s3cr3t"}


def test_a_missing_value_is_powertools_own_error() -> None:
    """Handlers that catch it go on to work."""
    with pytest.raises(GetParameterError, match="/orders/nothing"):
        powertools.SSMProvider().get("/orders/nothing")


def test_what_the_extension_cannot_do_is_refused() -> None:
    """An option that would be ignored is an error, with the way out."""
    with pytest.raises(GetParameterError, match="MaxResults; allowed: what the extension knows"):
        powertools.SSMProvider().get_multiple("/orders", MaxResults=3)
    with pytest.raises(GetParameterError, match="one secret at a time"):
        powertools.SecretsProvider().get_multiple("orders")


@pytest.mark.parametrize("name", powertools.__all__)
def test_every_name_of_the_door_opens(name: str) -> None:
    """Each is listed and says what it is."""
    assert name in dir(powertools)
    assert getattr(powertools, name).__doc__


def test_without_powertools_the_error_says_where_it_comes_from() -> None:
    """Opening the door costs nothing; using it without the extra names the extra."""
    code = (
        "import sys; sys.modules['aws_lambda_powertools'] = None\n"
        "from constructs_lib.runtime import powertools\n"
        "assert 'boto3' not in sys.modules\n"
        "powertools.BatchProcessor\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError" in done.stderr
    assert "constructs-lib[powertools]" in done.stderr


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As of an ordinary module."""
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        powertools.Nothing  # noqa: B018
