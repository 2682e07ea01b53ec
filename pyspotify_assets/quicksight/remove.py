"""Take away what `apply.py` has made in one stage, by the ids that it gives: nobody else's is touched."""

from __future__ import annotations

from collections.abc import Iterator

from pyspotify_assets.aws.refusals import is_missing
from pyspotify_assets.errors import QuickSightError
from pyspotify_assets.names import AwsNames
from pyspotify_assets.quicksight.data_sets import DATA_SETS
from pyspotify_assets.quicksight.kinds import DASHBOARD, DATA_SET, DATA_SOURCE, call
from pyspotify_assets.quicksight.refusals import NotSubscribedError


def remove_dashboard(names: AwsNames, account: str) -> Iterator[str]:
    """Delete the dashboard, then what it stands on, yielding a line for each that there was; it can be repeated.

    An account without a subscription has nothing to be removed. QuickSightError where QuickSight refuses otherwise.
    """
    things = [
        (DASHBOARD, names.quicksight_dashboard),
        *((DATA_SET, names.quicksight_data_set(one.mart)) for one in DATA_SETS),
        (DATA_SOURCE, names.quicksight_source),
    ]
    for kind, id in things:
        try:
            call("delete_{}", kind, id, account)
        except NotSubscribedError:
            return
        except QuickSightError as error:
            if not is_missing(error):
                raise
        else:
            yield f"{kind.noun} {id}"
