"""Queries of Amazon Athena in one workgroup: started, waited for, stopped, and what went wrong in words.

The workgroup says where results go and how much a query may scan: neither is said again with a query.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pyspotify_assets.aws.refusals import code_of, explained
from pyspotify_assets.aws.session import client
from pyspotify_assets.aws.waiting import Pauses
from pyspotify_assets.errors import QueryError
from pyspotify_assets.warehouse.meter import Meter

_DEPLOY = "It is made by `make deploy`; `pyspotify doctor` looks."
_CUTOFF = re.compile(r"bytes scanned limit was exceeded", re.IGNORECASE)
_REMEDIES = {
    "Access ?Denied|not authorized|Insufficient .*permission|PERMISSION_DENIED|Forbidden": (
        "Athena reads and writes with the rights of these credentials: allow them what is named (the stack's pipeline "
        "role has it), in Lake Formation too where that is in use."
    ),
    "TABLE_NOT_FOUND|SCHEMA_NOT_FOUND|Schema must be specified": (
        "Tables are written database.table; `make deploy` makes them, `pyspotify doctor` looks."
    ),
    "HIVE_BAD_DATA|HIVE_CURSOR_ERROR|HIVE_PARTITION_SCHEMA_MISMATCH|HIVE_CANNOT_OPEN_SPLIT": (
        "A file is not what its table declares, or has gone: the check catalog_schema of the last crawl names it."
    ),
}
"""What Athena's words look like → what to do."""
_OTHERWISE = "Columns and their types are in the catalog; the query's id finds it in Athena's console."


class AthenaQueries:
    """Runs queries in `workgroup`. `timeout`: seconds one query may take; `meter` counts what each took."""

    def __init__(self, workgroup: str, timeout: float, meter: Meter, pauses: Pauses) -> None:
        self._workgroup, self._timeout, self._meter, self._pauses = workgroup, timeout, meter, pauses

    def run(self, sql: str) -> Mapping[str, Any]:
        """Run one statement to its end; gives what GetQueryExecution says of it.

        QueryError with Athena's own words and the query's id. Whatever ends the waiting early, an interrupt above all,
        stops the query.
        """
        query_id = self._start(sql)
        try:
            execution = self._wait_for_end(query_id)
        except BaseException:
            self._stop(query_id)
            raise
        self._meter.add(execution)
        if execution["Status"]["State"] != "SUCCEEDED":
            raise self._failure(query_id, execution)
        return execution

    def _start(self, sql: str) -> str:
        from botocore.exceptions import ClientError

        request = {
            "QueryString": sql,
            "WorkGroup": self._workgroup,
            "QueryExecutionContext": {"Catalog": "AwsDataCatalog"},
            # The same for every attempt of botocore: one that was cut after it arrived starts no second query.
            "ClientRequestToken": uuid.uuid4().hex,
        }
        with explained(QueryError, self._named, _DEPLOY):
            try:
                return client("athena").start_query_execution(**request)["QueryExecutionId"]
            except ClientError as refusal:
                if code_of(refusal) != "InvalidRequestException":
                    raise
                words = str(refusal.response["Error"].get("Message", ""))
                missing = re.search(r"work ?group\b.*\bnot (found|exist)", words, re.IGNORECASE)
                if missing:
                    raise QueryError(f"{self._named} is not there: {words}", _DEPLOY) from refusal
                raise QueryError(f"{self._named} does not take the query: {words}", _OTHERWISE) from refusal

    def _wait_for_end(self, query_id: str) -> Mapping[str, Any]:
        state = ""
        for _ in self._pauses.looks(self._timeout):
            with explained(QueryError, f"{self._named}, query {query_id}", _DEPLOY):
                execution = client("athena").get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            state = execution["Status"]["State"]
            if state not in ("QUEUED", "RUNNING"):
                return execution
        raise QueryError(
            f"The query {query_id} was waited for {self._timeout:g} s and has not ended; its last state is {state}. "
            "It has been told to stop",
            "Ask for fewer days; PYSPOTIFY_QUERY_TIMEOUT allows more seconds.",
        )

    def _stop(self, query_id: str) -> None:
        """Tell the query to stop. What failed before is what the user shall see."""
        from botocore.exceptions import BotoCoreError, ClientError

        with suppress(ClientError, BotoCoreError):
            client("athena").stop_query_execution(QueryExecutionId=query_id)

    def _failure(self, query_id: str, execution: Mapping[str, Any]) -> QueryError:
        status = execution["Status"]
        words = status.get("StateChangeReason") or "Athena gives no reason"
        if _CUTOFF.search(words):
            scanned = (execution.get("Statistics") or {}).get("DataScannedInBytes", 0)
            return QueryError(
                f"The query {query_id} was ended by {self._named}, which lets a query scan at most "
                f"{self._cutoff()}: {words} ({scanned:,} bytes were scanned)",
                "Ask for fewer days (WHERE snapshot_date …), or raise the cutoff where the stack is deployed.",
            )
        if status["State"] == "CANCELLED":
            return QueryError(f"The query {query_id} was stopped by somebody before its end: {words}", "Run it again.")
        remedies = [remedy for pattern, remedy in _REMEDIES.items() if re.search(pattern, words, re.IGNORECASE)]
        return QueryError(f"The query {query_id} failed: {words}", remedies[0] if remedies else _OTHERWISE)

    def _cutoff(self) -> str:
        """The workgroup's limit, for a message only: where it cannot be asked for, that is not worth another error."""
        from botocore.exceptions import BotoCoreError, ClientError

        with suppress(ClientError, BotoCoreError):
            group = client("athena").get_work_group(WorkGroup=self._workgroup)["WorkGroup"]
            limit = (group.get("Configuration") or {}).get("BytesScannedCutoffPerQuery")
            if limit:
                return f"{limit:,} bytes"
        return "its cutoff"

    @property
    def _named(self) -> str:
        return f"The Athena workgroup {self._workgroup}"
