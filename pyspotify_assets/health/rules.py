"""What is judged of a feed's day: the figures of `pipeline_health`, and how far from usual each may be.

A figure is usual as long as it is no farther from the median of its history than the snapshots before were from it,
SPREADS times over, and in any case no farther than its rule lets it: else a feed that never changes would be an alarm
at the first trifle. `docs/checks.md` says the same for those who are alarmed.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspotify_assets.checks import Check

SPREADS = 6.0
"""Standard deviations from the median, estimated from the median deviation, that are usual still."""

FAR = 2.5
"""What is this many times as far from the median as it may be is an error; up to there it is a warning."""

ENOUGH = 5
"""Snapshots that a figure must have been known of; with fewer nothing is judged."""

ENOUGH_TO_SAY_NEVER = 14
"""Snapshots of which one can say that something has never been."""

USUAL_GAP = 1.5
"""Times the usual days between two snapshots, from which on nothing is compared with the one before."""


def _check(name: str, description: str) -> Check:
    return Check(name, f"{description}, beside the look-back window.", blocking=False)


ROWS = _check("rows_as_usual", "Rows, and what was left out as duplicate or set aside")
NULLS = _check("nulls_as_usual", "Shares of rows without id, artist, popularity, duration or release date")
POPULARITY = _check("popularity_as_usual", "The distribution of popularity, and how many have none at all (0)")
CHURN = _check("churn_as_usual", "Newcomers, tracks kept, and how far ranks have moved since the previous snapshot")
ARTISTS = _check("artists_as_usual", "The share of the artist with most tracks")
NAMES = _check("names_as_usual", "Names in a broken encoding, and names of tracks that stayed and are called otherwise")
DATES = _check("dates_as_usual", "The age of the newest release, and the day on which the snapshot was taken")

HEALTH_CHECKS = (ROWS, NULLS, POPULARITY, CHURN, ARTISTS, NAMES, DATES)


@dataclass(frozen=True)
class Rule:
    """How one figure is judged.

    `below` and `above`: how far from the median it may be at least, in its own unit, or as a part of the median where
    it is `relative`; None where that side is no matter. `words`: what it is called in a sentence. `compares`: it says
    something of the previous snapshot too. `never`: a value that is unusual if it has never nearly been reached.
    """

    figure: str
    check: Check
    words: str
    below: float | None = None
    above: float | None = None
    relative: bool = False
    is_share: bool = True
    compares: bool = False
    never: float | None = None
    only_warns: bool = False


RULES = (
    Rule("tracks", ROWS, "tracks", below=0.03, above=0.10, relative=True, is_share=False),
    Rule("duplicate_share", ROWS, "duplicates", above=0.02),
    Rule("quarantined_share", ROWS, "rows set aside", above=0.01),
    Rule("no_id_share", NULLS, "rows without id", above=0.05),
    Rule("no_artist_share", NULLS, "rows without artist", above=0.05),
    # That Spotify gives an app no popularity is nothing that is broken: popularity_given says so, too.
    Rule("no_popularity_share", NULLS, "rows without popularity", above=0.05, only_warns=True),
    Rule("no_duration_share", NULLS, "rows without duration", above=0.05),
    Rule("no_release_share", NULLS, "rows without release date", above=0.05),
    Rule("popularity_low", POPULARITY, "low popularity", below=15, above=15, is_share=False),
    Rule("popularity_median", POPULARITY, "median popularity", below=10, above=10, is_share=False),
    Rule("popularity_high", POPULARITY, "high popularity", below=10, above=10, is_share=False),
    Rule("popularity_zero_share", POPULARITY, "rows of popularity 0", above=0.05),
    Rule("newcomer_share", CHURN, "newcomers", above=0.15, compares=True),
    Rule("kept_share", CHURN, "tracks kept", below=0.15, compares=True),
    Rule("same_rank_share", CHURN, "tracks on the same rank", above=0.3, compares=True, never=1.0),
    Rule("unchanged_share", CHURN, "tracks without any change", above=0.3, compares=True, never=1.0),
    Rule("rank_change_share", CHURN, "mean change of rank", above=0.1, compares=True),
    Rule("largest_artist_share", ARTISTS, "tracks of one artist", above=0.15),
    Rule("broken_name_share", NAMES, "names in a broken encoding", above=0.02),
    Rule("renamed_share", NAMES, "tracks called otherwise", above=0.05, compares=True),
    Rule("newest_release_age", DATES, "days since the newest release", above=60, is_share=False),
    # The day's border is another in another time zone: a day more or less says nothing.
    Rule("snapshot_age", DATES, "days since it was taken", below=1, above=1, is_share=False),
)

GAP = "days_since_previous"
"""The figure that says whether there is a gap before the day."""
