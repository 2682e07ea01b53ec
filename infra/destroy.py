"""Take it down again: always what works on the data, and only when it is asked for the data themselves."""

from __future__ import annotations

from infra.buckets import of_the_stack
from infra.classifier import remove_classifier
from infra.crawlers import bring_to_rest
from infra.dashboard import take_down_dashboard
from infra.deploy import as_deployed
from infra.emptying import empty
from infra.places import filled_in
from infra.stacks import Echo, Stack
from pyspotify_assets.names import BUCKETS, CRAWLERS
from pyspotify_assets.settings import Settings


def destroy(settings: Settings, data: bool = False, echo: Echo = print) -> None:
    """Remove dashboard, pipeline stack and classifier; with `data` also buckets, catalog and secret, for good.

    Asks nothing: the command has asked. What is not there is no error, so that it can be run again.
    """
    settings = as_deployed(settings)
    names = settings.names
    take_down_dashboard(settings, echo, asked_for=bool(settings.quicksight_principal))  # It stands on the rest.
    echo(f"{names.pipeline_stack}: roles, crawlers, job, function, schedule, workgroup")
    bring_to_rest(settings, tuple(CRAWLERS), echo)
    if not Stack(names.pipeline_stack, echo).remove():
        echo("  not there")
    echo(f"{names.classifier}: {remove_classifier(settings)}")
    data_stack = Stack(names.data_stack, echo)
    if not data:
        if data_stack.described() is not None:
            echo(f"{names.data_stack}: stays, with buckets, catalog and secret; DATA=delete removes it too")
        return
    echo(f"{names.data_stack}: buckets, catalog, secret")
    if data_stack.described() is None:
        echo("  not there")
        return
    for kind in BUCKETS:
        bucket = filled_in(settings.bucket(kind))
        if kind in of_the_stack(settings):
            empty(bucket, echo)
        else:
            echo(f"  s3://{bucket} is yours: nothing in it is touched")
    data_stack.protect(False)
    data_stack.remove()
