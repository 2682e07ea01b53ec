"""Every refusal that Spotify is known for, in its own words: statuses, headers and bodies.

When each is due is decided where the question is answered; `faults.py` has what goes wrong without any reason.
"""

from pyspotify_assets.spotify.sample.messages import Response, json_response, text_response


def error(status: int, message: str) -> Response:
    """The Web API's error body."""
    return json_response(status, {"error": {"status": status, "message": message}})


def invalid_limit() -> Response:
    return error(400, "Invalid limit")


def invalid_offset() -> Response:
    return error(400, "Invalid offset")


def no_token() -> Response:
    return error(401, "No token provided")


def invalid_token() -> Response:
    return error(401, "Invalid access token")


def token_expired() -> Response:
    """An access token that was good once."""
    return error(401, "The access token expired")


def user_needed() -> Response:
    """The token is an app's, and what was asked for is a user's."""
    return error(401, "Valid user authentication required")


def forbidden() -> Response:
    """A playlist of somebody else's, or a path that is closed to newer apps."""
    return error(403, "Forbidden")


def scope_missing() -> Response:
    """The user has not allowed this."""
    return error(403, "Insufficient client scope")


def premium_needed() -> Response:
    """The app's owner has no Premium: plain text, not JSON."""
    return text_response(403, "Active premium subscription required for the owner of the app.")


def not_found() -> Response:
    return error(404, "Resource not found")


def no_such_service() -> Response:
    return error(404, "Service not found")


def wrong_method() -> Response:
    return error(405, "Method not allowed")


def too_many_requests(retry_after: str | float | None = None, plain: bool = False) -> Response:
    """429, with Retry-After where one is given; `plain` is the one whose body is text."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if plain:
        return text_response(429, "Too many requests", **headers)
    return json_response(429, {"error": {"status": 429, "message": "API rate limit exceeded"}}, **headers)


def quota_exceeded(retry_after: str | float | None = None) -> Response:
    """429 because the developer account has used up its day."""
    body = {"error": {"status": 429, "message": "API rate limit exceeded", "reason": "QUOTA_EXCEEDED"}}
    return json_response(429, body, **({} if retry_after is None else {"Retry-After": str(retry_after)}))


def token_refused(reason: str, description: str) -> Response:
    """What the token endpoint says: another shape than the Web API's."""
    return json_response(400, {"error": reason, "error_description": description})


def invalid_client() -> Response:
    return token_refused("invalid_client", "Invalid client")


def invalid_grant(description: str) -> Response:
    """A code or a refresh token that is not good: "Refresh token expired" and its kin."""
    return token_refused("invalid_grant", description)
