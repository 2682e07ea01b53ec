"""`quicksight/dashboard`: the dashboard over the marts in Amazon QuickSight. Opt-in, and on AWS only."""

from collections.abc import Sequence

import dagster as dg

from pyspotify_assets.assets.metadata import OWNERS
from pyspotify_assets.feeds import Feed
from pyspotify_assets.names import DATABASES
from pyspotify_assets.settings import Settings
from pyspotify_assets.tables import MARTS

DASHBOARD = ["quicksight", "dashboard"]


def dashboard_assets(feeds: Sequence[Feed], settings: Settings) -> list[dg.AssetsDefinition]:
    """The asset `quicksight/dashboard` where somebody has asked for a dashboard; otherwise none."""
    if not settings.has_dashboard:
        return []

    @dg.asset(
        key=DASHBOARD,
        deps=[dg.AssetDep([DATABASES["marts"], mart.name]) for mart in MARTS],
        description="Data source, data sets and a dashboard over the marts in QuickSight: rank movement, turnover, "
        "artists, release years, popularity. It asks Athena when somebody looks: no new day makes it old, "
        "only a changed definition, which comes with an upgrade. What is as declared is left alone.",
        group_name="quicksight",
        kinds={"quicksight"},
        owners=OWNERS,
    )
    def dashboard(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from pyspotify_assets.aws.session import account, region
        from pyspotify_assets.quicksight.apply import apply_dashboard
        from pyspotify_assets.quicksight.declared import dashboard_url, declared
        from pyspotify_assets.quicksight.principal import principal_of

        wanted = declared(settings.names, feeds, account(), region())
        done: dict[str, list[str]] = {"created": [], "updated": [], "unchanged": [], "let_in": []}
        for outcome in apply_dashboard(wanted, principal_of(settings.quicksight_principal), account(), settings.stage):
            context.log.info(f"{outcome.noun} {outcome.id}: {outcome.done}")
            done[outcome.done].append(outcome.id)
            if outcome.let_in:
                done["let_in"].append(outcome.id)
        link = dashboard_url(wanted, region())
        return dg.MaterializeResult(
            metadata={
                "dashboard": dg.MetadataValue.url(link),
                "fingerprint": wanted.dashboard.fingerprint,
                **{name: len(ids) for name, ids in done.items()},
                "changed": ", ".join((*done["created"], *done["updated"])) or "nothing",
            }
        )

    return [dashboard]
