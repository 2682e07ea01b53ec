"""Whether both have made the same rows of a day: `python -m benchmarks.rebuilding.agree LAKE OUTPUT DAY`"""

import sys

from pyarrow import parquet

from benchmarks.rebuilding.loop import _files
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.lake import Lake


def main(address: str, output: str, day: str) -> None:
    files, root = _files(output)
    for feed in DEFAULT_FEEDS:
        place = Lake.at(address).place(("refined", feed.name), day)
        with place.store.local(place.key) as file:
            ours = parquet.read_table(file)
        theirs = parquet.read_table(f"{root}/{place.key}", filesystem=files)
        if ours.to_pylist() != theirs.select(ours.column_names).to_pylist():
            raise SystemExit(f"{feed.name} of {day} differs")


if __name__ == "__main__":
    main(*sys.argv[1:])
