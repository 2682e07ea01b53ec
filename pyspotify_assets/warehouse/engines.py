"""SQL engine and crawler of the settings' environment, for whoever asks outside of a run: a terminal need not wait for
Dagster.

In a run they are the resources `sql` and `crawler`; see `resources.py`.
"""

from __future__ import annotations

from pyspotify_assets.errors import SettingsError
from pyspotify_assets.lake import Lake
from pyspotify_assets.settings import Settings
from pyspotify_assets.warehouse import Crawler, SqlEngine


def sql_engine(settings: Settings) -> SqlEngine:
    """The engine over the settings' lake. SettingsError where the settings contradict each other."""
    refuse_sample_on_aws(settings)
    lake = Lake.at(**settings.lake_places())
    if settings.env == "aws":
        from pyspotify_assets.warehouse.athena_engine import AthenaEngine

        return AthenaEngine(lake, settings.names, settings.query_timeout)
    from pyspotify_assets.warehouse.local_engine import LocalEngine

    return LocalEngine(lake, settings.query_timeout)


def crawler_for(settings: Settings) -> Crawler:
    """The crawler over the settings' lake. SettingsError where the settings contradict each other."""
    refuse_sample_on_aws(settings)
    lake = Lake.at(**settings.lake_places())
    if settings.env == "aws":
        from pyspotify_assets.warehouse.glue_crawler import GlueCrawler

        return GlueCrawler(lake, settings.names, settings.crawl_timeout)
    from pyspotify_assets.warehouse.local_crawler import LocalCrawler

    return LocalCrawler(lake)


def refuse_sample_on_aws(settings: Settings) -> None:
    """Raise SettingsError where made-up data would get among the real ones."""
    if settings.env == "aws" and settings.resolved_source() == "sample":
        raise SettingsError(
            "PYSPOTIFY_SOURCE = 'sample' cannot be used with PYSPOTIFY_ENV = 'aws': made-up data stay on this machine",
            "Unset PYSPOTIFY_SOURCE, or use PYSPOTIFY_ENV=local.",
        )
