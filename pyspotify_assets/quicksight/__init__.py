"""A dashboard over the marts in Amazon QuickSight: opt-in, on AWS only, by QuickSight's API.

Pure: `visuals.py` says what is shown, `data_sets.py` over which columns; `definition.py` and `filters.py` put it into
QuickSight's terms, `declared.py` into requests.

`apply.py` and `remove.py` bring an account to that state by the calls in `kinds.py`; `principal.py` is for whom,
`refusals.py` what can go wrong.
"""
