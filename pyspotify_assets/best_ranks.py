"""One row per track, the best-ranked, in order of rank: for typed rows that come in pieces, however many there are.

A file is nearly always in order of rank. Then every row can be judged when it comes: it stays if its track has not been
before. What is remembered of a track is a number of 64 bits (see `track_numbers`), which two tracks share about once in
300,000 files of 10 million rows: so what was left out is compared in the end with what stayed. If it was wrong, all
begins anew with numbers that are never shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from pyspotify_assets.track_numbers import KEY, Numbers, hashed, tracks

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


class Seen:
    """The tracks that have been, as numbers: sorted runs, each more than twice as long as the next.

    So there are few runs to look into, and a number is merged into a longer one few times.
    """

    def __init__(self) -> None:
        self._runs: list[np.ndarray] = []

    def first_rows(self, numbers: np.ndarray) -> np.ndarray:
        """The positions, ascending, of the numbers that have never been, here or before; from now on they have."""
        import numpy as np

        order = np.argsort(numbers)
        in_order = numbers[order]
        starts = np.flatnonzero(np.concatenate([[True], in_order[1:] != in_order[:-1]])[: len(numbers)])
        # Quicker than np.unique, which sorts so that the first of equal ones comes first.
        new, firsts = in_order[starts], np.minimum.reduceat(order, starts) if len(starts) else order
        for run in self._runs:
            known = run[np.minimum(np.searchsorted(run, new), len(run) - 1)] == new
            if known.any():
                new, firsts = new[~known], firsts[~known]
        if len(new):
            self._remember(new)
        return np.sort(firsts)

    def _remember(self, run: np.ndarray) -> None:
        import numpy as np

        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]))
        self._runs.append(run)


class BestRanked:
    """Keeps the best-ranked row of each track, of rows that come in pieces."""

    def __init__(self, numbers: Numbers = hashed) -> None:
        self.in_order = True
        """Whether no row has come that is ranked before one of an earlier piece. After the first, all are kept, and
        have to come again, by rank."""
        self.left_out: list[pa.Table] = []
        """The KEY columns of the rows that were left out."""
        self._numbers, self._seen, self._worst = numbers, Seen(), 0

    def keep(self, rows: pa.Table) -> pa.Table:
        """Those of `rows` that stay, by rank."""
        import numpy as np

        from pyspotify_assets import literals

        rows = by_rank(rows)
        if not rows.num_rows:
            return rows
        ranks = _ranks(rows)
        self.in_order = self.in_order and int(ranks[0]) >= self._worst
        self._worst = int(ranks[-1])
        if not self.in_order:
            return rows
        firsts = self._seen.first_rows(self._numbers(rows))
        if len(firsts) == rows.num_rows:
            return rows
        stays = np.zeros(rows.num_rows, np.bool_)
        stays[firsts] = True
        self.left_out.append(rows.select(KEY).filter(literals.truths(~stays)))
        return rows.filter(literals.truths(stays))

    def was_right(self, kept: Callable[[Sequence[str]], Iterable[pa.Table]]) -> bool:
        """Whether the track of every row that was left out has stayed; `kept` gives columns of what stayed."""
        import pyarrow as pa

        if not self.left_out:
            return True
        left_out = pa.concat_tables(self.left_out)
        missing = set(tracks(left_out))
        for table in kept(KEY if left_out["track_id"].null_count else KEY[:1]):
            missing.difference_update(tracks(_possibly(table, left_out)))
            if not missing:
                return True
        return False


def _possibly(table: pa.Table, among: pa.Table) -> pa.Table:
    """The rows of `table` whose id is one of `among`; and, where one without is among them, those without."""
    import pyarrow.compute as pc

    ids = among["track_id"].unique()
    return table.filter(pc.is_in(table["track_id"], value_set=ids))


def by_rank(rows: pa.Table) -> pa.Table:
    """`rows` by rank; those of the same rank stay as they are."""
    import numpy as np

    from pyspotify_assets import literals

    ranks = _ranks(rows)
    if (ranks[1:] >= ranks[:-1]).all():
        return rows
    return rows.take(literals.from_numpy(np.argsort(ranks, kind="stable")))


def _ranks(rows: pa.Table) -> np.ndarray:
    from pyspotify_assets import literals

    return literals.to_numpy(rows["rank"].combine_chunks())
