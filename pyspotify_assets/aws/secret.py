"""Spotify's credentials: from the environment, else from AWS Secrets Manager. Read when a client is made.

They are given back and kept nowhere: no error, log, setting or pickle ever has them.
"""

from __future__ import annotations

import json
import os

from pyspotify_assets.errors import AwsError

_FORM = '{"client_id": "…", "client_secret": "…"}'


def spotify_credentials(secret: str) -> tuple[str, str]:
    """Client id and client secret of Spotify's app; empty where neither has them and no `secret` is named.

    SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET win over the secret, for local work. AwsError naming the secret if it is
    missing, denied, empty or not the JSON that is expected; its value is never in the message.
    """
    client_id, client_secret = (os.environ.get(f"SPOTIPY_CLIENT_{name}", "") for name in ("ID", "SECRET"))
    if not secret or (client_id and client_secret):
        return client_id, client_secret
    values = _read(secret)
    return values["client_id"], values["client_secret"]


def _read(secret: str) -> dict[str, str]:
    from pyspotify_assets.aws.refusals import explained
    from pyspotify_assets.aws.session import client

    remedy = f"Put {_FORM} into it: aws secretsmanager put-secret-value --secret-id {secret} --secret-string file://…"
    with explained(AwsError, f"The secret {secret}", f"Make it (`make deploy` does). {remedy}"):
        text = client("secretsmanager").get_secret_value(SecretId=secret).get("SecretString") or ""
    try:
        values = json.loads(text)
    except ValueError:  # Not chained: the exception would carry the text.
        values = None
    names = ("client_id", "client_secret")
    if not isinstance(values, dict) or not all(isinstance(values.get(name), str) and values[name] for name in names):
        raise AwsError(f"The secret {secret} is not the JSON that is expected: {_FORM}", remedy) from None
    return values
