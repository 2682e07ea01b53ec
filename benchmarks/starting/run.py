"""A contender: a run of the empty project in the working directory's Dagster, in this process, as `pyspotify` does it.

`python -m benchmarks.starting.run JOB FIRST LAST`
"""

import sys

import dagster as dg

from benchmarks.starting import empty


def job_named(name_and_day: str) -> dg.JobDefinition:
    name, first = name_and_day.split()
    return empty.build(min(first, "2023-01-01")).resolve_job_def(name)


def main(job: str, first: str, last: str) -> None:
    with dg.DagsterInstance.from_config(".") as instance:
        found = dg.build_reconstructable_job(__name__, "job_named", (f"{job} {first}",))
        span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
        silent = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        with dg.execute_job(found, instance, tags=span, run_config=silent) as result:
            assert result.success


if __name__ == "__main__":
    main(*sys.argv[1:])
