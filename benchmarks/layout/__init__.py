"""How refined Parquet is laid out: row groups, dictionaries, encodings and the level of zstd, by what they cost.

run.py    one layout, in a process of its own
rows.py   the row of the benchmark
"""
