"""`python -m infra`: deploy, destroy, templates. Commands only; what they do is done elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pyspotify_assets.terminal.plainly import plainly

_STAGE = click.option("--stage", help="The stage, such as dev.  [default: PYSPOTIFY_STAGE, else prod]")
_GB = 1 << 30


_plainly = plainly("Interrupted. CloudFormation goes on with what it has begun; the same command goes on from there.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The AWS environment of pyspotify_assets: two CloudFormation stacks for each stage.

    Settings come from PYSPOTIFY_… variables or a .env file, credentials and region from AWS_… ones.
    """
    from dotenv import load_dotenv

    load_dotenv(Path.cwd() / ".env")


@main.command()
@_STAGE
@click.option(
    "--extract-by-lambda/--extract-by-dagster",
    default=None,
    help="Who takes the daily snapshot: the schedule of the Lambda is on or off.  [default: as it is; at first off]",
)
@click.option(
    "--retention-days",
    type=click.IntRange(0),
    help="Remove raw and refined snapshots after so many days; 0 keeps them.  "
    "[default: PYSPOTIFY_RETENTION_DAYS, else as it is; at first 0]",
)
@click.option(
    "--scan-cutoff-gb",
    type=click.FloatRange(0.01),
    help="Gigabytes that one query may scan.  [default: as it is; at first 10]",
)
@click.option("--log-days", type=int, help="Days that the Lambda's log is kept.  [default: as it is; at first 30]")
@_plainly
def deploy(
    stage: str | None,
    extract_by_lambda: bool | None,
    retention_days: int | None,
    scan_cutoff_gb: float | None,
    log_days: int | None,
) -> None:
    """Put everything up, or bring it up to date. Can be run again and again."""
    from infra.deploy import Options, deploy
    from pyspotify_assets.feeds import load_feeds
    from pyspotify_assets.settings import load_settings

    settings = load_settings(env="aws", **({"stage": stage} if stage else {}))
    cutoff = None if scan_cutoff_gb is None else int(scan_cutoff_gb * _GB)
    options = Options(extract_by_lambda, retention_days, cutoff, log_days)
    deploy(settings, load_feeds(settings.feeds), click.echo, options)
    click.echo(_what_next(settings.stage, settings.secret or settings.names.secret, settings.names.role("pipeline")))


@main.command()
@_STAGE
@click.option("--data", is_flag=True, help="Remove buckets, catalog and secret too, with all that is in them.")
@click.option("--dashboard-only", is_flag=True, help="Remove the dashboard in QuickSight, and leave all the rest.")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@_plainly
def destroy(stage: str | None, data: bool, dashboard_only: bool, yes: bool) -> None:
    """Remove what works on the data, and only with --data the data themselves."""
    from infra.dashboard import take_down_dashboard
    from infra.destroy import destroy
    from pyspotify_assets.settings import load_settings

    if data and dashboard_only:
        raise click.UsageError("--data and --dashboard-only are of two minds: give one of them.")
    settings = load_settings(env="aws", **({"stage": stage} if stage else {}))
    if dashboard_only:
        take_down_dashboard(settings, click.echo, asked_for=True)
        return
    if data and not yes:
        click.echo(f"This removes every snapshot, mart and report of the stage {settings.stage}, for good.")
        if click.prompt(f"Type the stage's name ({settings.stage}) to go on") != settings.stage:
            click.echo("Nothing was removed.")
            sys.exit(1)
    destroy(settings, data, click.echo)


@main.command()
@_plainly
def templates() -> None:
    """Write the committed copies of the templates anew, from feeds and tables."""
    from infra.templates import write_copies

    changed = write_copies()
    click.echo("\n".join(f"written {file}" for file in changed) or "They are current.")


def _what_next(stage: str, secret: str, role: str) -> str:
    of_stage = "" if stage == "prod" else f" PYSPOTIFY_STAGE={stage}"
    return f"""
It stands. What is left to do:
  1. Put Spotify's credentials into the secret, from a file that you remove afterwards:
       aws secretsmanager put-secret-value --secret-id {secret} --secret-string file://spotify.json
     {{"client_id": "…", "client_secret": "…"}}
  2. Work as the role {role}: a profile with role_arn and source_profile in ~/.aws/config, and AWS_PROFILE set to it.
  3. PYSPOTIFY_ENV=aws{of_stage} pyspotify doctor
"""


if __name__ == "__main__":
    main()
