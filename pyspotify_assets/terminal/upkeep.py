"""The commands of `pyspotify` that set up and look after: login, doctor, verify, completion. Commands only."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from pyspotify_assets.terminal import completion as complete
from pyspotify_assets.terminal.options import DAY, as_json_option, ending_plainly


@click.command()
@click.option(
    "--port",
    default=8888,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port of the redirect URI; 0: any that is free, if http://127.0.0.1/callback is registered without one.",
)
@click.option("--no-browser", is_flag=True, help="Only print the address of Spotify's page.")
@click.option("--status", "what", flag_value="status", help="Say who is logged in for which app, and until when.")
@click.option("--forget", "what", flag_value="forget", help="Forget the login of this app.")
@click.option("--json", "as_json", is_flag=True, help="With --status: print one JSON document, for scripts.")
@ending_plainly
def login(port: int, no_browser: bool, what: str | None, as_json: bool) -> None:
    """Let it read what only you may: your playlists, your plays.

    Own playlists, top tracks, saved tracks, latest plays. Opens Spotify's page in a browser, once; the login holds for
    six months. It needs SPOTIPY_CLIENT_ID, and http://127.0.0.1:8888/callback among the redirect URIs of that app. What
    it gives is kept where the environment keeps secrets: in PYSPOTIFY_TOKEN_FILE, or on AWS in the secret that has the
    app's credentials.

    \b
      pyspotify login
      pyspotify login --status

    --json: client_id, kept_in, logged_in, authorised_at, ends_at, scopes.

    Exit code 1 if it did not succeed; of --status and --forget, if nobody is logged in.
    """
    from pyspotify_assets.terminal import login as commands

    if as_json and what != "status":
        raise click.UsageError("--json goes with --status.")
    if what == "status":
        sys.exit(commands.show_status(as_json))
    if what == "forget":
        sys.exit(commands.forget())
    commands.log_in(port, not no_browser)


@click.command()
@click.option("--live", is_flag=True, help="Also try one small request of every kind: costs less than a cent.")
@as_json_option
@ending_plainly
def doctor(live: bool, as_json: bool) -> None:
    """Find what is missing, and say how to mend it.

    Looks at settings, credentials, permissions and resources. Nothing is changed.

    \b
      pyspotify doctor --live

    --json: counts (by status), findings (group, status, thing, seen, remedy).

    Exit code 1 if there is any problem; warnings alone end with 0.
    """
    from pyspotify_assets.terminal.doctor import examine

    sys.exit(examine(live, as_json))


@click.command()
@click.option(
    "--from",
    "first",
    type=DAY,
    metavar="DAY",
    shell_complete=complete.snapshot_days,
    help="The first day, YYYY-MM-DD.  [default: the look-back window before --to]",
)
@click.option(
    "--to",
    "last",
    type=DAY,
    metavar="DAY",
    shell_complete=complete.snapshot_days,
    help="The last day, YYYY-MM-DD.  [default: today]",
)
@click.option(
    "--feed",
    "feeds",
    multiple=True,
    shell_complete=complete.feeds,
    help="Only this feed, and nothing that is made from all.  [default: all]",
)
@click.option("--deep", is_flag=True, help="Also derive everything again and compare, not by fingerprints alone.")
@click.option("--repair", is_flag=True, help="Have ordinary runs make what is wrong anew, then verify again.")
@as_json_option
@ending_plainly
def verify(
    first: datetime | None, last: datetime | None, feeds: tuple[str, ...], deep: bool, repair: bool, as_json: bool
) -> None:
    """Read the lake again, and say what is wrong.

    What is missing, damaged, or not made from what lies there now. Without --repair nothing is changed. What cannot be
    made again is named, with what can be done about it.

    \b
      pyspotify verify --from 2026-11-01 --repair

    --json: first_day, last_day, whole, faults (kind, asset, day, seen, uri, remedy), faults_before, repaired,
    looked_at, gaps.

    Exit code 0 if all is whole, 1 if anything is wrong.
    """
    from pyspotify_assets.terminal.verify import verify_lake

    sys.exit(verify_lake(first and first.date(), last and last.date(), feeds, deep, repair, as_json))


@click.command()
@click.argument("shell", type=click.Choice(complete.SHELLS), required=False)
@ending_plainly
def completion(shell: str | None) -> None:
    """Print what makes your shell complete commands.

    Completes commands, options, feeds and the days that are there. Without SHELL: for the one in $SHELL.

    \b
      bash   echo 'eval "$(pyspotify completion bash)"' >> ~/.bashrc
      zsh    echo 'eval "$(pyspotify completion zsh)"' >> ~/.zshrc
      fish   pyspotify completion fish > ~/.config/fish/completions/pyspotify.fish

    Exit code 2 if $SHELL is none of them.
    """
    click.echo(complete.script(shell, click.get_current_context().find_root().command))
