"""Account, region and the like in names and addresses: places until a template or a call fills them.

In a template they become CloudFormation's own (`Fn::Sub`), so that one copy fits every account; a call by boto3 gets
those of the credentials.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyspotify_assets.settings import Settings

_SUBSTITUTES = {
    "{partition}": "${AWS::Partition}",
    "{account}": "${AWS::AccountId}",
    "{region}": "${AWS::Region}",
    "{kms_key}": "${KmsKeyArn}",
    "{quicksight_principal}": "${QuickSightPrincipal}",
}


def address(settings: Settings, area: str) -> str:
    """The s3:// address of an area of the lake on AWS, with places and without a slash at its end."""
    return str(settings.model_copy(update={"env": "aws"}).lake_places()["areas"][area])


def below_prefix(settings: Settings, folder: str) -> str:
    """The key prefix of a folder of the lake's buckets."""
    return f"{settings.bucket_prefix}/{folder}" if settings.bucket_prefix else folder


def substituted(value: Any) -> Any:
    """`value`, a part of a template, with each text that has places, ours or CloudFormation's, made an Fn::Sub."""

    def substitute(text: str) -> Any:
        replaced = text
        for place, substitute_ in _SUBSTITUTES.items():
            replaced = replaced.replace(place, substitute_)
        return {"Fn::Sub": replaced} if "${" in replaced else text

    return _each_text(value, substitute)


def filled_in(value: Any) -> Any:
    """`value`, an argument of a call, with account and region of the credentials in each text."""
    from pyspotify_assets.aws.session import filled

    return _each_text(value, filled)


def _each_text(value: Any, change: Callable[[str], Any]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _each_text(part, change) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(part, change) for part in value]
    return value
