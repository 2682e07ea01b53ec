"""The built-in sample: a made-up catalogue that any day can be asked of, and Spotify's answers about it.

Everything follows from a seed and a day, so there is no state and every process says the same: `dice.py` is the chance
in it, `names.py` the names, `catalogue.py` who released what and when, `charts.py` how popular it is on a day,
`shapes.py` and `odd_records.py` the JSON, `web_api.py` the endpoints. `../simulator.py` serves them over HTTP.
"""
