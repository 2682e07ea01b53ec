"""The built-in sample: a made-up catalogue that any day can be asked of, and Spotify's answers about it.

The catalogue follows from a seed and a day, so every process says the same: `dice.py` is the chance in it, `names.py`
the names, `catalogue.py` who released what and when, `charts.py` how popular it is on a day, `people.py` who owns which
playlist, `shapes.py` and `odd_records.py` the JSON.

What is answered: `web_api.py`, `playlists.py` and `me.py` are the endpoints, `sign_in.py` the accounts service with the
tokens of `accounts.py`; `regimes.py` is what differs between apps, `refusals.py` every error body, `limits.py` how much
may be asked, `edits.py` what changes meanwhile, `faults.py` what goes wrong. `server.py` has the sockets, and
`../simulator.py` holds it all together.
"""
