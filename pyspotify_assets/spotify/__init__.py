"""Spotify: what is asked of it, what it answers, and the built-in sample that stands in for it.

`snapshot.py` takes a snapshot of a feed through `client.py`; `pages.py` and `records.py` read what comes back;
`failures.py` says what a failed request means. `simulator.py` serves `sample/`, a made-up catalogue, over HTTP.
Nothing here knows Dagster, and importing it loads no library outside the standard one.
"""
