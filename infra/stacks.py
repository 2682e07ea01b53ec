"""One CloudFormation stack: put it up, bring it up to date, take it down; show what happens, and wait for an end.

Knows nothing of what is in the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pyspotify_assets.aws.refusals import code_of, explained
from pyspotify_assets.aws.waiting import Pauses
from pyspotify_assets.errors import AwsError

PATIENCE = 1800
"""Seconds that one change of a stack may take: ours take a minute or two, the slowest parts are roles and buckets."""

UNMADE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS")
"""States that a failed creation leaves: the stack can only be deleted."""

_PAUSES = Pauses(first=0.2, longest=5)
_CAPABILITIES = ["CAPABILITY_NAMED_IAM"]
_CANCELLED = "cancelled"
"""In the reason of resources that failed only because another one did."""

Echo = Callable[[str], object]


@dataclass(frozen=True)
class Change:
    """What a stack is to become: `template` has TemplateBody or TemplateURL; parameters of None keep their value."""

    template: Mapping[str, str]
    parameters: Mapping[str, str | None]
    tags: Mapping[str, str]


class Stack:
    """One stack by name. `echo` gets a line for each event."""

    def __init__(self, name: str, echo: Echo = print, patience: float = PATIENCE) -> None:
        self.name, self._echo, self._patience = name, echo, patience

    def described(self) -> Mapping[str, Any] | None:
        """What CloudFormation says of the stack; None if there is none."""
        from botocore.exceptions import ClientError

        with explained(AwsError, f"Stack {self.name}"):
            try:
                return self._client.describe_stacks(StackName=self.name)["Stacks"][0]
            except ClientError as refusal:
                if code_of(refusal) == "ValidationError" and "does not exist" in str(refusal):
                    return None
                raise

    def apply(self, change: Change) -> bool:
        """Make the stack, or bring it up to date. Says whether anything had to be done.

        AwsError naming the first resource that failed, and why.
        """
        found = self._settled()
        if found and found["StackStatus"] in UNMADE:
            self._echo(f"{self.name}: removing what a failed creation left ({found['StackStatus']})")
            self.remove()
            found = None
        if found and found["StackStatus"] == "UPDATE_ROLLBACK_FAILED":
            raise AwsError(
                f"Stack {self.name} is stuck in UPDATE_ROLLBACK_FAILED: an update failed, and so did its undoing",
                f"aws cloudformation continue-update-rollback --stack-name {self.name}, then the same command again.",
            )
        if found and found["StackStatus"] == "DELETE_FAILED":
            raise AwsError(f"Stack {self.name} is half removed (DELETE_FAILED)", "Finish it first: `make destroy`.")
        return self._update(change, found) if found else self._create(change)

    def protect(self, protected: bool) -> None:
        """Switch termination protection: with it, nobody deletes the stack by mistake."""
        with explained(AwsError, f"Stack {self.name}"):
            self._client.update_termination_protection(StackName=self.name, EnableTerminationProtection=protected)

    def remove(self) -> bool:
        """Delete the stack and wait until it is gone. Says whether there was one."""
        found = self._settled()
        if found is None:
            return False
        seen = self._events_so_far(found["StackId"])
        with explained(AwsError, f"Stack {self.name}"):
            self._client.delete_stack(StackName=self.name)
        self._wait(found["StackId"], seen, "DELETE_COMPLETE", "be removed")
        return True

    def _create(self, change: Change) -> bool:
        with explained(AwsError, f"Stack {self.name}"):
            made = self._client.create_stack(
                StackName=self.name,
                **change.template,
                Parameters=[
                    {"ParameterKey": name, "ParameterValue": text}
                    for name, text in change.parameters.items()
                    if text is not None
                ],
                Capabilities=_CAPABILITIES,
                Tags=_tags(change.tags),
            )
        self._wait(made["StackId"], set(), "CREATE_COMPLETE", "be made")
        return True

    def _update(self, change: Change, found: Mapping[str, Any]) -> bool:
        from botocore.exceptions import ClientError

        known = {parameter["ParameterKey"] for parameter in found.get("Parameters", ())}
        parameters = [
            {"ParameterKey": name, "ParameterValue": text}
            if text is not None
            else {"ParameterKey": name, "UsePreviousValue": True}
            for name, text in change.parameters.items()
            if text is not None or name in known
        ]
        seen = self._events_so_far(found["StackId"])
        with explained(AwsError, f"Stack {self.name}"):
            try:
                self._client.update_stack(
                    StackName=self.name,
                    **change.template,
                    Parameters=parameters,
                    Capabilities=_CAPABILITIES,
                    Tags=_tags(change.tags),
                )
            except ClientError as refusal:
                if "No updates are to be performed" in str(refusal):
                    return False
                raise
        self._wait(found["StackId"], seen, "UPDATE_COMPLETE", "be updated")
        return True

    def _settled(self) -> Mapping[str, Any] | None:
        """The stack once nothing is under way on it: somebody else's change is waited for."""
        for _ in _PAUSES.looks(self._patience):
            found = self.described()
            status = found["StackStatus"] if found else ""
            if status == "REVIEW_IN_PROGRESS" or not status.endswith("_IN_PROGRESS"):
                return found
        raise self._too_long(f"come to rest ({status})")

    def _wait(self, stack_id: str, seen: set[str], goal: str, what: str) -> None:
        """Show events until the change has ended. `stack_id` and not the name: a deleted stack has no name."""
        failed: list[Mapping[str, Any]] = []
        for _ in _PAUSES.looks(self._patience):
            # The state is asked before the events, so that the last events are shown too.
            status = self._status(stack_id)
            for event in self._new_events(stack_id, seen):
                if not event["ResourceStatus"].endswith("_IN_PROGRESS"):
                    self._echo(
                        f"  {event['ResourceStatus']:<28} {event['LogicalResourceId']} ({event['ResourceType']})"
                    )
                if event["ResourceStatus"].endswith("_FAILED"):
                    failed.append(event)
            if status == goal:
                return
            if not status.endswith("_IN_PROGRESS"):
                raise self._failed(status, failed, what)
        raise self._too_long(what)

    def _failed(self, status: str, failed: list[Mapping[str, Any]], what: str) -> AwsError:
        causes = [event for event in failed if _CANCELLED not in event.get("ResourceStatusReason", "").lower()]
        own = [event for event in causes if event["LogicalResourceId"] != self.name] or causes
        why = f": {_sentence(own[0])}" if own else ""
        return AwsError(
            f"Stack {self.name} could not {what} ({status}){why}",
            "Mend the cause and run the same command again; what was there before is still there.",
        )

    def _too_long(self, what: str) -> AwsError:
        return AwsError(
            f"Stack {self.name} could not {what} within {self._patience:g} seconds",
            "CloudFormation goes on: look at the stack's events in the console, then run the same command again.",
        )

    def _status(self, stack_id: str) -> str:
        with explained(AwsError, f"Stack {self.name}"):
            return str(self._client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"])

    def _events_so_far(self, stack_id: str) -> set[str]:
        seen: set[str] = set()
        for _ in self._new_events(stack_id, seen):
            pass
        return seen

    def _new_events(self, stack_id: str, seen: set[str]) -> list[Mapping[str, Any]]:
        """The events that are not in `seen`, oldest first; they are added to it."""
        new: list[Mapping[str, Any]] = []
        with explained(AwsError, f"Stack {self.name}"):
            # Newest first: the first page without anything new is the last one that is asked for.
            for page in self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
                unseen = [event for event in page["StackEvents"] if event["EventId"] not in seen]
                new += unseen
                if not unseen:
                    break
        seen.update(event["EventId"] for event in new)
        return new[::-1]

    @property
    def _client(self) -> Any:
        from pyspotify_assets.aws.session import client

        return client("cloudformation")


def _sentence(event: Mapping[str, Any]) -> str:
    reason = event.get("ResourceStatusReason") or "CloudFormation gives no reason"
    return f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": text} for name, text in tags.items()]
