"""How one day of each layer comes to be: read, make, check, publish. One module per layer; nothing here knows Dagster.

raw            from Spotify, or from a file in landing
refined        from raw
mart           from the refined snapshots of a window, by SQL
report         from the marts
state          small JSON objects that are known across runs: refusals and the budget of Spotify (lake_gate has both)
notes          what is remembered of a published day; fingerprints: what it was made from
"""
