"""A user's login in the secret of AWS Secrets Manager that has the app's credentials, beside them.

Reading needs secretsmanager:GetSecretValue on the secret; logging in, out, and keeping a new refresh token needs
secretsmanager:PutSecretValue as well.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from pyspotify_assets.errors import AwsError
from pyspotify_assets.spotify.token_store import Login, login_document, login_from

_OURS = ("refresh_token", "authorised_at", "scope", "authorised_for")


class SecretTokenStore:
    """Keeps the login of the app whose credentials are in the secret of that name. Every failure is an AwsError."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    @property
    def place(self) -> str:
        return f"the secret {self._secret}"

    def read(self, client_id: str) -> Login | None:
        """The login; None if there is none, or one of another app."""
        values = self._values()
        if values is None or values.get("authorised_for", values.get("client_id")) != client_id:
            return None
        return login_from(client_id, values)

    def write(self, login: Login) -> None:
        """AwsError unless the credentials of the login's app are in the secret."""
        values = self._values()
        if values is None or values.get("client_id") != login.client_id:
            raise AwsError(
                f"The secret {self._secret} does not have the credentials of the app {login.client_id}: "
                "nobody would find a login beside others.",
                'Put {"client_id": "…", "client_secret": "…"} of that app into it first, or unset SPOTIPY_CLIENT_ID.',
            )
        self._put({**values, **login_document(login), "authorised_for": login.client_id})

    def forget(self, client_id: str) -> bool:
        if self.read(client_id) is None:
            return False
        self._put({name: value for name, value in (self._values() or {}).items() if name not in _OURS})
        return True

    def _values(self) -> dict[str, Any] | None:
        """What the secret has; None if it is empty or no JSON object, as before somebody puts credentials into it."""
        from pyspotify_assets.aws.session import client

        _keep_out_of_logs()
        with self._explained():
            text = client("secretsmanager").get_secret_value(SecretId=self._secret).get("SecretString") or ""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return values if isinstance(values, dict) else None

    def _put(self, values: dict[str, Any]) -> None:
        from pyspotify_assets.aws.session import client

        _keep_out_of_logs()
        with self._explained():
            client("secretsmanager").put_secret_value(SecretId=self._secret, SecretString=json.dumps(values))

    def _explained(self) -> Any:
        from pyspotify_assets.aws.refusals import explained

        return explained(AwsError, f"The secret {self._secret}", "Make it: `make deploy` does.")


def _keep_out_of_logs() -> None:
    """Drop the DEBUG records that botocore writes of a request's or an answer's body, if the body is a secret's."""
    for name in ("botocore.endpoint", "botocore.parsers"):
        logging.getLogger(name).addFilter(_has_no_secret)  # adding the same filter again changes nothing


def _has_no_secret(record: logging.LogRecord) -> bool:
    return "SecretString" not in record.getMessage()
