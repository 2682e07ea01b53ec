"""Spotify's credentials: from the environment, else from AWS Secrets Manager. Read when a client is made.

They are given back and kept nowhere: no error, log, setting or pickle ever has them.
"""

from __future__ import annotations

import json
import logging
import os
import re

from pyspotify_assets.errors import AwsError

_FORM = '{"client_id": "…", "client_secret": "…"}'
_CREDENTIAL = re.compile(r"[!-~]+")
"""What the Spotify client takes; anything else it would refuse with a remedy that knows of no secret."""


def spotify_credentials(secret: str) -> tuple[str, str]:
    """Client id and client secret of Spotify's app; empty where neither has them and no `secret` is named.

    SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET win over the secret, for local work. AwsError naming the secret if it is
    missing, denied, empty or not the JSON that is expected; its value is never in the message.
    """
    client_id, client_secret = (os.environ.get(f"SPOTIPY_CLIENT_{name}", "") for name in ("ID", "SECRET"))
    if not secret or (client_id and client_secret):
        return client_id, client_secret
    credentials = _read(secret)
    if isinstance(credentials, str):
        # Raised here, where no local variable has the value: some tools print those with a traceback.
        raise AwsError(f"The secret {secret} is not the JSON that is expected, {_FORM}: {credentials}", _put(secret))
    return credentials


def _read(secret: str) -> tuple[str, str] | str:
    """The credentials, or what is wrong with the secret's value, without any of it."""
    from botocore.exceptions import ClientError

    from pyspotify_assets.aws.refusals import code_of, explained
    from pyspotify_assets.aws.session import client

    _keep_out_of_logs()
    try:
        with explained(AwsError, f"The secret {secret}", f"Make it (`make deploy` does). {_put(secret)}"):
            text = client("secretsmanager").get_secret_value(SecretId=secret).get("SecretString") or ""
    except AwsError as error:
        # What Secrets Manager says of a secret that was deleted and may still be had back.
        if isinstance(error.__cause__, ClientError) and code_of(error.__cause__) == "InvalidRequestException":
            error.remedy = f"If it was deleted: aws secretsmanager restore-secret --secret-id {secret}"
        raise
    return _parse(text)


def _parse(text: str) -> tuple[str, str] | str:
    if not text.strip():
        return "it is empty"
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return "it is not JSON"
    if not isinstance(values, dict):
        return "it is JSON, but no object"
    found = []
    for name in ("client_id", "client_secret"):
        value = values.get(name)
        if not isinstance(value, str) or not _CREDENTIAL.fullmatch(value):
            return f"{name} is {'missing' if value is None else 'not text without spaces'}"
        found.append(value)
    return found[0], found[1]


def _put(secret: str) -> str:
    return f"Put {_FORM} into it: aws secretsmanager put-secret-value --secret-id {secret} --secret-string file://…"


def _keep_out_of_logs() -> None:
    """Drop the DEBUG record that botocore writes of an answer's body, if the body is a secret's."""
    logging.getLogger("botocore.parsers").addFilter(_has_no_secret)  # adding the same filter again changes nothing


def _has_no_secret(record: logging.LogRecord) -> bool:
    return "SecretString" not in record.getMessage()
