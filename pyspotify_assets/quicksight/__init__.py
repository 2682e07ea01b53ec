"""A dashboard over the marts in Amazon QuickSight: opt-in, on AWS only, by QuickSight's API.

Pure: `visuals.py` says what is shown, `data_sets.py` over which columns, `definition.py` makes the requests of both.
`apply.py` and `remove.py` bring an account to that state, `principal.py` is for whom, `refusals.py` what can go wrong.
"""
