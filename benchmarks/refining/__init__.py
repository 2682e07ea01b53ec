"""Refining one snapshot beside DuckDB, Polars, pandas and Spark.

Every contender has `refine(raw, folder, memory)` and does the whole job: reads the CSV, types and checks every column,
sets rows that cannot be typed aside with the reason, keeps the best-ranked row of each track, orders by rank and writes
zstd Parquet of the same level. Each does so in its own manner; where one is more lenient than the pipeline with files
that are broken (all but Spark's take a stray quote as it comes; Polars and pandas take null and empty text for the
same), that is to its advantage.

    made_up.py   the raw CSV
    run.py       one contender, in a process of its own
    compare.py   whether two results are the same, row by row
    rows.py      the rows of the benchmark
"""
