"""The same job in Spark: the project's own script for AWS Glue, on this machine; it also reads again what it wrote."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree

from pyspark.sql import SparkSession

from glue_job import refine as job
from pyspotify_assets.typed_rows import raw_rules, rules


def refine(raw: Path, folder: Path, memory: str) -> None:
    """Refine `raw` into `folder`; `memory` is not told: Spark's driver takes 1 GiB unless asked for more."""
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.sql.shuffle.partitions", "4").getOrCreate()
    rmtree(folder / "spark", ignore_errors=True)
    job.refine(spark, str(raw), str(folder / "spark"), rules(), raw_rules())
    [written] = (folder / "spark" / "refined").glob("*.parquet")
    written.replace(folder / "refined.parquet")
