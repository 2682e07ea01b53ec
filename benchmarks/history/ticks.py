"""A contender: a tick of every sensor, in the working directory's Dagster: `python -m benchmarks.history.ticks`

A first tick may look at what it has not seen yet; measured is what comes every half minute from then on.
"""

import json
import statistics
import time

import dagster as dg

from pyspotify_assets.definitions import build_definitions
from pyspotify_assets.terminal.runs import dagster_instance

MOST_TICKS_TO_CATCH_UP = 30
MEASURED = 5


def main() -> None:
    repository = build_definitions().get_repository_def()
    with dagster_instance() as instance:
        ticks = {sensor.name: _seconds(sensor, instance, repository) for sensor in repository.sensor_defs}
    figures = {f"ms {name}": seconds * 1000 for name, seconds in ticks.items()}
    print(json.dumps({"seconds": sum(ticks.values()), **figures}))  # noqa: T201


def _seconds(sensor: dg.SensorDefinition, instance: dg.DagsterInstance, repository: dg.RepositoryDefinition) -> float:
    cursor, took = None, []
    for _ in range(MOST_TICKS_TO_CATCH_UP):
        before, (cursor, _) = cursor, _tick(sensor, instance, repository, cursor)
        if cursor == before:
            break
    for _ in range(MEASURED):
        cursor, seconds = _tick(sensor, instance, repository, cursor)
        took.append(seconds)
    return statistics.median(took)


def _tick(
    sensor: dg.SensorDefinition, instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, cursor: str | None
) -> tuple[str | None, float]:
    with dg.build_sensor_context(
        instance,
        cursor,
        repository_def=repository,
        sensor_name=sensor.name,
        resources=repository.get_top_level_resources(),
    ) as context:
        started = time.perf_counter()
        result = sensor.evaluate_tick(context)
        return result.cursor or cursor, time.perf_counter() - started


if __name__ == "__main__":
    main()
