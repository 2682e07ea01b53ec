"""What `pyspotify verify` finds: a range of days of the lake, read again and compared with what is known of it. Pure.

raw          snapshots: missing, unreadable, or with other content than was published
refined      derived from the raw that lies there now; its quarantine in step
catalog      tables and lake know the same days
marts        rows and what they were made from; objects that nobody points to
reports      pages and what they were made from; `latest.html`
restore      what was replaced, as the way back for a raw day
repair       what is to be done about faults

Nothing is changed by looking. Each thing is looked at alone, one object at a time: memory and temporary files stay
bounded, whatever the range. How it is shown, and the runs of a repair, are `terminal/verify.py`'s part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.verification.catalog import catalog_looks
from pyspotify_assets.verification.fault import Fault, Look, Scope
from pyspotify_assets.verification.marts import leftover_looks, mart_looks
from pyspotify_assets.verification.raw import gaps, raw_looks
from pyspotify_assets.verification.refined import refined_looks
from pyspotify_assets.verification.reports import report_looks

Progress = Callable[[int, int, str], None]
"""Called with how many things have been looked at, how many there are, and which is next."""


@dataclass(frozen=True)
class Verified:
    """What a verification came to. `looked_at`: area → number of things; `gaps`: feed → days that nobody took.

    A gap is no fault: Spotify knows no past, so nothing can be done about it.
    """

    faults: Sequence[Fault]
    looked_at: Mapping[str, int]
    gaps: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return not self.faults


def verify(scope: Scope, progress: Progress = lambda done, total, thing: None) -> Verified:
    """Look at everything in the scope; faults in the order of what is made from what."""
    faults: list[Fault] = []
    counted: Counter[str] = Counter()
    stages = [raw_looks, refined_looks, catalog_looks]
    if scope.all_feeds:  # Marts and reports are made from all feeds at once.
        stages += [mart_looks, report_looks, leftover_looks]
    looks: list[Look] = []
    for stage in stages:
        try:
            looks += stage(scope)
        except PySpotifyError as error:  # What a listing meets, every look of its kind would.
            faults.append(_unseen(stage.__name__.replace("_looks", ""), "", error))
    for done, look in enumerate(looks):
        progress(done, len(looks), f"{look.asset} {look.day}".strip())
        counted[look.asset.partition("/")[0]] += 1
        try:
            faults += look.faults()
        except PySpotifyError as error:
            faults.append(_unseen(look.asset, look.day, error))
    progress(len(looks), len(looks), "")
    return Verified(faults, dict(counted), gaps(scope))


def _unseen(asset: str, day: str, error: PySpotifyError) -> Fault:
    return Fault("unseen", asset, day, str(error.args[0]), error.remedy)
