"""What alerts remember from round to round, in one object of the lake's `state` area that is replaced whole.

Messages are remembered as to be sent before they are sent, and as sent afterwards: a process that is killed in between
sends them once more. A message twice is a nuisance; one that is lost is what alerts are there to prevent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, TypeVar, get_args

from pyspotify_assets.alerts.failing import Behind, Outcome
from pyspotify_assets.alerts.incidents import Incident, News, Trouble, Word
from pyspotify_assets.daily.state import damaged, read_state, write_state
from pyspotify_assets.lake import Lake

_Kept = TypeVar("_Kept", Trouble, Incident, Outcome)

KEY = "alerts/memory.json"
"""Where it is kept, in the lake's `state` area."""

VERSION = 1
_HISTORIES = 5
"""Histories of Dagster whose cursors are kept: as a rule there is one, and every run without a home makes another."""


@dataclass(frozen=True)
class Memory:
    """`incidents` by key; what is `failing`; per channel the latest news of each incident that are still `unsent`;
    `behind`: id of a Dagster history → where the look at its runs stopped."""

    incidents: Mapping[str, Incident] = field(default_factory=dict)
    failing: Mapping[str, Outcome] = field(default_factory=dict)
    unsent: Mapping[str, Mapping[str, News]] = field(default_factory=dict)
    behind: Mapping[str, Behind] = field(default_factory=dict)

    def open_incidents(self) -> list[Incident]:
        """Those that are not over, the gravest and then the oldest first."""
        found = [incident for incident in self.incidents.values() if incident.is_open]
        return sorted(found, key=lambda one: (not one.trouble.grave, one.trouble.since, one.trouble.key))

    def looked(self, history: str, behind: Behind) -> Memory:
        """With the cursor of one history moved; the one that was moved last comes last."""
        others = {name: at for name, at in self.behind.items() if name != history}
        return replace(self, behind=dict([*others.items(), (history, behind)][-_HISTORIES:]))


def read_memory(lake: Lake) -> Memory:
    """What is remembered; nothing where there is none, or none that can be used. Raises LakeError."""
    document = read_state(lake, KEY)
    if document is None:
        return Memory()
    try:
        return _from_document(document)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        damaged(lake, KEY)
        return Memory()


def write_memory(lake: Lake, memory: Memory) -> None:
    """Remember it. Raises LakeError."""
    write_state(lake, KEY, _document(memory))


def incidents_in(document: Mapping[str, Any]) -> dict[str, Incident]:
    """Incidents by key from what `incidents_document` made of them. KeyError, TypeError, ValueError otherwise."""
    return {key: _incident(entry) for key, entry in document.items()}


def incidents_document(incidents: Mapping[str, Incident]) -> dict[str, Any]:
    """Incidents by key as JSON has them."""
    return _plain({key: asdict(incident) for key, incident in incidents.items()})


def _document(memory: Memory) -> dict[str, Any]:
    return {"version": VERSION, **_plain(asdict(memory))}


def _from_document(document: Mapping[str, Any]) -> Memory:
    if document["version"] != VERSION:
        raise ValueError("of another version")
    return Memory(
        incidents_in(document["incidents"]),
        {
            key: _sound(Outcome(**_of_lists(entry, "at", "days", "errors")))
            for key, entry in document["failing"].items()
        },
        {
            channel: {key: _news(entry) for key, entry in unsent.items()}
            for channel, unsent in document["unsent"].items()
        },
        {
            history: Behind(**_of_lists({"killed": [], **entry}, "at", "seen", "killed"))
            for history, entry in document["behind"].items()
        },
    )


def _incident(entry: Mapping[str, Any]) -> Incident:
    gone = _instant(entry["gone"]) if entry["gone"] else None
    kept = {**entry, "trouble": _trouble(entry["trouble"]), "told": _instant(entry["told"]), "gone": gone}
    return _sound(Incident(**kept))


def _news(entry: Mapping[str, Any]) -> News:
    if entry["word"] not in get_args(Word):
        raise ValueError(f"{entry['word']!r} is no word")
    return News(entry["word"], _trouble(entry["trouble"]), _instant(entry["at"]))


def _trouble(entry: Mapping[str, Any]) -> Trouble:
    return _sound(Trouble(**_of_lists(entry, "since", "days")))


def _of_lists(entry: Mapping[str, Any], instant: str, *lists: str) -> dict[str, Any]:
    """The entry with an instant, and tuples, where JSON has texts and lists."""
    return {**entry, instant: _instant(entry[instant]), **{name: tuple(map(str, entry[name])) for name in lists}}


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    instant.astimezone(UTC)  # OverflowError where the offset leads out of the calendar
    return instant


def _sound(kept: _Kept) -> _Kept:
    """What was kept, if it has texts and truths where it declares them; TypeError otherwise."""
    kinds = {"str": str, "bool": bool, "Kind": str}
    for each in fields(kept):
        kind = kinds.get(str(each.type), object)
        if not isinstance(getattr(kept, each.name), kind):
            raise TypeError(f"{each.name} is no {kind.__name__}")
    return kept


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
