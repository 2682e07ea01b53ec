"""How a command ends that did not succeed: with words and an exit code, never with a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps

import click

from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.terminal.document import error_document, print_document
from pyspotify_assets.terminal.screen import warn

Command = Callable[..., None]


def plainly(interrupted: str) -> Callable[[Command], Command]:
    """Have an error of ours end the command with its words and exit code 1, and Ctrl-C with `interrupted` and 130.

    A command that was asked for a JSON document (`as_json`) gives the error as one, too.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def decorated(*args: object, **options: object) -> None:
            try:
                command(*args, **options)
            except PySpotifyError as error:
                warn(f"Error: {error}", style="red")
                if options.get("as_json"):
                    print_document(error_document(error))
                sys.exit(1)
            except KeyboardInterrupt:
                click.secho(interrupted, fg="yellow", err=True)
                sys.exit(130)

        return decorated

    return decorate
