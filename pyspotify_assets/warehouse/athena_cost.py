"""What queries of Amazon Athena took and cost, as figures of a materialization.

Prices: https://aws.amazon.com/athena/pricing/ (SQL queries, per TB of data scanned).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DOLLARS_PER_TB = 5.0
"""In us-east-1, and most regions."""

_MB, _TB = 10**6, 10**12
_LEAST = 10 * _MB
"""Bytes that a query is billed for at least; beyond, whole megabytes are."""


def cost(execution: Mapping[str, Any]) -> float:
    """Dollars that one query costs, from what GetQueryExecution says of it once it has ended.

    Failed ones and DDL are free; one that was cancelled costs what it had scanned. What is scanned by functions or
    through federated sources, and what the lake's requests cost, is not in it.
    """
    if execution.get("StatementType") != "DML" or execution["Status"]["State"] == "FAILED":
        return 0.0
    scanned = _scanned(execution)
    if scanned == 0 and execution["Status"]["State"] == "CANCELLED":
        return 0.0
    return max(-(-scanned // _MB) * _MB, _LEAST) / _TB * DOLLARS_PER_TB


def figures(executions: list[Mapping[str, Any]]) -> dict[str, object]:
    """The figures of queries that have ended, from what GetQueryExecution says of each: see `SqlEngine.metered`."""
    times = [_statistics(execution).get("TotalExecutionTimeInMillis", 0) for execution in executions]
    return {
        "query_ids": ", ".join(str(execution["QueryExecutionId"]) for execution in executions),
        "bytes_scanned": sum(_scanned(execution) for execution in executions),
        "query_seconds": sum(times) / 1000,
        "cost_usd": sum(cost(execution) for execution in executions),
    }


def _scanned(execution: Mapping[str, Any]) -> int:
    return int(_statistics(execution).get("DataScannedInBytes") or 0)


def _statistics(execution: Mapping[str, Any]) -> Mapping[str, Any]:
    return execution.get("Statistics") or {}
