"""Alerts: whoever runs the pipeline hears of trouble before the reader does, once per incident and not in a storm.

`history.py`, `failing.py`, `lateness.py` and `access.py` say what is wrong now; `incidents.py` decides what there is to
tell; `messages.py` words it, `channels.py` delivers it, `memory.py` remembers it; `rounds.py` does one round of all
that, for the sensor (`sensor.py`) and for the end of `pyspotify run`.
"""
