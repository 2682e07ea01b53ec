"""Refining one snapshot beside DuckDB, Polars, pandas and Spark: the same job, compared row by row."""
