"""Spotify: what is asked of it, what it answers, and the built-in sample that stands in for it.

`snapshot.py` takes a snapshot of a feed: `reading.py` knows what to ask for, `paging.py` asks for several pages at
once, `pages.py` and `records.py` read what comes back. `client.py` makes one request: `connection.py`, `tokens.py` and
`signing.py` say how it goes out, `retries.py` how often, `failures.py` and `unreadable.py` what went wrong, `gate.py`
whether Spotify may be asked at all. `login.py` and `token_store.py` are a user's login. `simulator.py` serves
`sample/`, a made-up catalogue, over HTTP.
Nothing here knows Dagster, and importing it loads no library outside the standard one.
"""
