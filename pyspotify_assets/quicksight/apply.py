"""Bring QuickSight to what is declared: make what is missing, change what differs, leave the rest alone.

From the bottom up, since each names the one below. It can be run again at any time, and goes on where a killed run has
stopped: a thing has its new fingerprint only when it has been changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pyspotify_assets.aws.waiting import Pauses
from pyspotify_assets.errors import QuickSightError
from pyspotify_assets.quicksight.declared import Dashboard, Declared
from pyspotify_assets.quicksight.kinds import (
    DASHBOARD,
    DATA_SET,
    DATA_SOURCE,
    Kind,
    call,
    described,
    faults_of,
    status_of,
)
from pyspotify_assets.quicksight.principal import Principal, look_up
from pyspotify_assets.quicksight.refusals import SETTING, asked

PATIENCE = 180
"""Seconds that QuickSight may take for one thing: it tries a data source and checks a dashboard in the background."""
FINGERPRINT = "definition"
"""The tag that has the fingerprint of a data source or a data set."""
PAUSES = Pauses(first=0.5, longest=5)
_OURS = "pyspotify_assets"


@dataclass(frozen=True)
class Outcome:
    """What was done with one thing, and whether the principal had to be let in."""

    noun: str
    id: str
    done: Literal["created", "updated", "unchanged"]
    let_in: bool = False


def apply_dashboard(
    dashboard: Dashboard, principal: Principal, account: str, stage: str, patience: float = PATIENCE
) -> Iterator[Outcome]:
    """Apply data source, data sets and dashboard, yielding what was done with each.

    QuickSightError where the account has no subscription, the principal cannot be used, or QuickSight takes a thing and
    then says that it has failed, with its reasons. Whom others have shared with stays let in.
    """
    look_up(principal, account)
    applied = _Applied(account, principal.arn, {"project": _OURS, "stage": stage}, patience)
    yield applied.keep(DATA_SOURCE, dashboard.data_source)
    for one in dashboard.data_sets:
        yield applied.keep(DATA_SET, one)
    yield applied.keep(DASHBOARD, dashboard.dashboard)


@dataclass(frozen=True)
class _Applied:
    account: str
    principal: str
    tags: Mapping[str, str]
    patience: float

    def keep(self, kind: Kind, one: Declared) -> Outcome:
        found = described(kind, one.id, self.account)
        if found is not None and status_of(kind, found).endswith("_IN_PROGRESS"):
            found = self._ended(kind, one)
        if found is None:
            self._create(kind, one)
            return Outcome(kind.noun, one.id, "created", let_in=True)
        failed = status_of(kind, found).endswith("_FAILED")
        differs = failed or self._fingerprint(kind, one, found) != one.fingerprint
        if differs:
            self._update(kind, one)
        return Outcome(kind.noun, one.id, "updated" if differs else "unchanged", self._let_in(kind, one))

    def _create(self, kind: Kind, one: Declared) -> None:
        marked = {"VersionDescription": self._described(one)} if kind is DASHBOARD else {}
        call(
            "create_{}",
            kind,
            one.id,
            self.account,
            **one.arguments,
            **marked,
            Permissions=kind.grant(self.principal),
            Tags=self._tags(one),
        )
        self._require_success(kind, one, self._ended(kind, one))

    def _update(self, kind: Kind, one: Declared) -> None:
        arguments = kind.update_arguments(one)
        if kind is DASHBOARD:
            answer = call("update_{}", kind, one.id, self.account, **arguments, VersionDescription=self._described(one))
            version = int(answer["VersionArn"].rpartition("/")[2])
            self._require_success(kind, one, self._ended(kind, one, VersionNumber=version))
            call("update_{}_published_version", kind, one.id, self.account, VersionNumber=version)
            return
        call("update_{}", kind, one.id, self.account, **arguments)
        self._require_success(kind, one, self._ended(kind, one))
        self._of_resource(kind, one, "tag_resource", Tags=self._tags(one))

    def _let_in(self, kind: Kind, one: Declared) -> bool:
        """Let the principal in, if it is not or not as far as it shall be."""
        [wanted] = kind.grant(self.principal)
        found = call("describe_{}_permissions", kind, one.id, self.account).get("Permissions", ())
        if any(
            granted["Principal"] == self.principal and set(wanted["Actions"]) <= set(granted["Actions"])
            for granted in found
        ):
            return False
        call("update_{}_permissions", kind, one.id, self.account, GrantPermissions=[wanted])
        return True

    def _ended(self, kind: Kind, one: Declared, **arguments: Any) -> Mapping[str, Any]:
        """What QuickSight says of a thing once nothing is under way on it."""
        status = ""
        for _ in PAUSES.looks(self.patience):
            found = described(kind, one.id, self.account, **arguments)
            status = status_of(kind, found) if found else "not to be seen yet"
            if found is not None and not status.endswith("_IN_PROGRESS"):
                return found
        raise QuickSightError(
            f"QuickSight's {kind.noun} {one.id} was waited for {self.patience:g} s; its last state is {status}",
            "QuickSight goes on by itself: materialize quicksight/dashboard again later.",
        )

    def _require_success(self, kind: Kind, one: Declared, found: Mapping[str, Any]) -> None:
        if status_of(kind, found).endswith("_FAILED"):
            raise QuickSightError(
                f"QuickSight's {kind.noun} {one.id} is {status_of(kind, found)}: {faults_of(kind, found)}",
                _REMEDIES[kind.name],
            )

    def _fingerprint(self, kind: Kind, one: Declared, found: Mapping[str, Any]) -> str:
        """The fingerprint of what is there. A version that somebody else has published has none."""
        if kind is DASHBOARD:
            description = str(found["Version"].get("Description") or "")
            return one.fingerprint if description == self._described(one) else ""
        return self._tags_of(kind, one).get(FINGERPRINT, "")

    def _tags_of(self, kind: Kind, one: Declared) -> dict[str, str]:
        tags = self._of_resource(kind, one, "list_tags_for_resource").get("Tags", ())
        return {tag["Key"]: tag["Value"] for tag in tags}

    def _of_resource(self, kind: Kind, one: Declared, operation: str, **arguments: Any) -> Mapping[str, Any]:
        """Call one of the operations that know a thing by its ARN."""
        from pyspotify_assets.aws.session import client

        with asked(f"QuickSight's {kind.noun} {one.id}"):
            return getattr(client("quicksight"), operation)(ResourceArn=one.arn, **arguments)

    def _tags(self, one: Declared) -> list[dict[str, str]]:
        return [{"Key": key, "Value": text} for key, text in {**self.tags, FINGERPRINT: one.fingerprint}.items()]

    @staticmethod
    def _described(one: Declared) -> str:
        return f"{_OURS} {one.fingerprint}"


_REMEDIES = {
    DATA_SOURCE.name: f"QuickSight asks Athena as the role that `make deploy` makes where {SETTING} is set: run that "
    "again, then see docs/quicksight.md.",
    DATA_SET.name: "See docs/quicksight.md.",
    DASHBOARD.name: "Nothing that people see has changed. Please report it with these lines: no real QuickSight has "
    "checked the definition yet.",
}
