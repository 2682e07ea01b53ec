"""Taking down the dashboard in QuickSight, which no stack holds: it is made by the asset `quicksight/dashboard`."""

from __future__ import annotations

from infra.stacks import Echo
from pyspotify_assets.aws.session import account
from pyspotify_assets.errors import QuickSightError
from pyspotify_assets.quicksight.remove import remove_dashboard
from pyspotify_assets.settings import Settings


def take_down_dashboard(settings: Settings, echo: Echo, asked_for: bool) -> None:
    """Remove dashboard, data sets and data source of the stage, whatever the setting says now: they may be older.

    A refusal is an error only if a dashboard was `asked_for`: whoever never had one need not be allowed to look, nor
    have QuickSight in the region.
    """
    echo(f"{settings.names.quicksight_dashboard}: dashboard, data sets and data source in QuickSight")
    removed = False
    try:
        for line in remove_dashboard(settings.names, account()):
            removed = True
            echo(f"  removed: {line}")
    except QuickSightError as error:
        if asked_for:
            raise
        echo(f"  not looked for: {error.args[0]}")
        return
    if not removed:
        echo("  not there")
