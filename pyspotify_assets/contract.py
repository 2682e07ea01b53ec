"""The contract: how what is found may differ from what is declared, and what follows from it. Pure, and for every step.

A day passes four steps: Spotify's records, the header of the raw CSV, the Parquet file (before it is published and ever
after), the catalog. At each one what is there is compared with `tables.py`, and `RULES` says of every kind of
difference whether it is accepted, reported, sets a row aside, or is refused. `docs/contracts.md` shows the rules, and a
test keeps it true. What a step does about a difference is the step's part; which differences there are is decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

from pyspotify_assets.tables import Table

_MOST_LISTED = 40
"""Names in one sentence: more columns than any format has."""


class Step(StrEnum):
    """Where something is compared with the declaration."""

    RECORD = "record of Spotify"
    HEADER = "raw header"
    STAGED = "file to be published"
    FILE = "published file"
    CATALOG = "catalog"


class Kind(StrEnum):
    """What differs. The first three are migrations that the declaration tells of."""

    RENAMED = "under a former name"
    ADDED = "not there yet"
    DROPPED = "dropped since"
    NARROWER = "of a narrower type"
    WIDER = "of a wider type"
    TYPE = "of another type"
    CHANGED = "of another type in most of the tracks"
    MISSING = "missing"
    UNKNOWN = "unknown"
    TWICE = "more than once"
    ORDER = "in another order"


class Follows(StrEnum):
    """What follows from a difference."""

    ACCEPTED = "accepted"
    REPORTED = "reported"
    SET_ASIDE = "row in quarantine"
    REFUSED = "refused"


@dataclass(frozen=True)
class Rule:
    """What follows from a kind of difference at a step, and how that looks."""

    follows: Follows
    how: str


def _rules(step: Step, **of: tuple[Follows, str]) -> dict[tuple[Step, Kind], Rule]:
    return {(step, Kind[kind.upper()]): Rule(*rule) for kind, rule in of.items()}


_ACCEPTED, _REPORTED, _SET_ASIDE, _REFUSED = Follows

RULES: Mapping[tuple[Step, Kind], Rule] = {
    **_rules(
        Step.RECORD,
        unknown=(_REPORTED, "not kept; `fields_as_known` warns with its name and the number of tracks"),
        missing=(
            _ACCEPTED,
            "null; `popularity_given` warns where no track has it. A track without a name: row in quarantine",
        ),
        type=(
            _SET_ASIDE,
            "kept as text in raw, which refining cannot type; where the column is text, as JSON text and no more. "
            "`fields_as_known` warns",
        ),
        changed=(
            _REFUSED,
            "of `id` and `name`: the snapshot is not published (`identity_as_text`). Of any other field: raw is "
            "published as it came, `fields_as_known` warns, and refining publishes nothing (`types_unchanged`)",
        ),
    ),
    **_rules(
        Step.HEADER,
        renamed=(_ACCEPTED, "read under the name that the column has now"),
        added=(_ACCEPTED, "read as null"),
        dropped=(_ACCEPTED, "refining does not look at it"),
        missing=(_REFUSED, "`RawFormatError`; a landed file goes to quarantine"),
        unknown=(_REFUSED, "`RawFormatError`; it may be the new name of one that is missing"),
        twice=(_REFUSED, "`RawFormatError`"),
        order=(_REPORTED, "read by name here, but Athena reads CSV by position: `files_match_declaration` warns"),
    ),
    **_rules(
        Step.STAGED,
        missing=(_REFUSED, "`schema_as_declared`: nothing is published"),
        unknown=(_REFUSED, "`schema_as_declared`: nothing is published"),
        narrower=(_REFUSED, "`schema_as_declared`: nothing is published"),
        wider=(_REFUSED, "`schema_as_declared`: nothing is published"),
        type=(_REFUSED, "`schema_as_declared`: nothing is published"),
    ),
    **_rules(
        Step.FILE,
        renamed=(_ACCEPTED, "read under the name that the column has now"),
        added=(_ACCEPTED, "read as null"),
        dropped=(_ACCEPTED, "not read"),
        narrower=(_ACCEPTED, "cast when it is read"),
        wider=(
            _REPORTED,
            "`files_match_declaration` warns; cast when it is read, and refused where a value is too large",
        ),
        type=(_REPORTED, "`files_match_declaration` warns; reading refuses what cannot be cast"),
        missing=(_REPORTED, "`files_match_declaration` warns; null in SQL"),
        unknown=(_REPORTED, "`files_match_declaration` warns; SQL does not see it"),
        twice=(
            _REPORTED,
            "under two of its names: `files_match_declaration` warns; SQL takes the newest that is not null",
        ),
    ),
    **_rules(
        Step.CATALOG,
        missing=(_REPORTED, "`files_match_declaration` warns: `make deploy` makes the table as declared"),
        unknown=(_REPORTED, "`files_match_declaration` warns, likewise"),
        type=(_REPORTED, "`files_match_declaration` warns, likewise"),
        order=(_REPORTED, "`files_match_declaration` warns, of raw tables only: Parquet is read by name"),
    ),
}
"""A kind of difference that has no rule at a step cannot come about there."""

WIDENINGS = {"int16": ("int32", "int64"), "int32": ("int64",), "float": ("double",)}
"""Type → the wider ones that can hold each of its values; `float`, 32 bits, is what other writers use."""


@dataclass(frozen=True)
class Difference:
    """One difference, at one step; `found` and `declared` are types, where it is one of types."""

    step: Step
    kind: Kind
    column: str
    found: str = ""
    declared: str = ""

    @property
    def follows(self) -> Follows:
        return RULES[self.step, self.kind].follows

    def __str__(self) -> str:
        if self.kind is Kind.ORDER:
            return f"columns in the order {self.found}, declared {self.declared}"
        if self.found and self.declared:
            return f"{self.column} is {self.found}, declared {self.declared}"
        if self.kind is Kind.MISSING:
            return f"{self.column} is missing" + (f", declared {self.declared}" if self.declared else "")
        if self.kind is Kind.UNKNOWN:
            return f"{self.column} is not declared" + (f", but there as {self.found}" if self.found else "")
        return f"{self.column} is {self.kind}"


def header_differences(columns: Sequence[str], table: Table, day: str = "") -> list[Difference]:
    """How the header of a raw CSV differs from `table`. `day`, if known: later ones may not lack what was added."""
    optional = {column.name for column in table.columns if _may_lack(column.since, day)}
    dropped = {column.name for column in table.dropped}
    gone = [name for name in columns if name in dropped and name not in table.raw_columns]
    left_out = set(gone)
    kept = [name for name in columns if name not in left_out]
    present = present_names(kept, table)
    found = [Difference(Step.HEADER, Kind.DROPPED, name) for name in gone]
    found += _names(Step.HEADER, kept, table.raw_columns, table.former_names, optional | dropped)
    declared_order = [name for name in table.raw_columns if name in present]
    if not any(difference.follows is Follows.REFUSED for difference in found) and present != declared_order:
        found.append(_order(Step.HEADER, columns, table.raw_columns))
    return found


def file_differences(found: Mapping[str, str], table: Table, day: str = "") -> list[Difference]:
    """How the columns of a published Parquet file (name → type, by the declarations' names) differ from `table`."""
    dropped = {column.name for column in table.dropped}
    optional = {column.name for column in table.columns if _may_lack(column.since, day)}
    former, declared = table.former_names, {column.name: column.type for column in table.columns}
    differences = [Difference(Step.FILE, Kind.DROPPED, name) for name in found if name in dropped]
    kept = [name for name in found if name not in dropped]
    differences += _names(Step.FILE, kept, table.column_names, former, optional)
    present = {former.get(name, name): type_ for name, type_ in found.items()}
    return differences + _types(Step.FILE, present, declared)


def staged_differences(found: Mapping[str, str], declared: Mapping[str, str]) -> list[Difference]:
    """How the columns (name → type) of a file that is to be published differ: no migration is thought of."""
    return [*_names(Step.STAGED, list(found), list(declared), {}, ()), *_types(Step.STAGED, found, declared)]


def catalog_differences(
    found: Mapping[str, str], declared: Mapping[str, str], ordered: bool = True
) -> list[Difference]:
    """How the columns (name → type, by Athena's names) of a table in the catalog differ; `ordered`: in order, too."""
    differences = _names(Step.CATALOG, list(found), list(declared), {}, ())
    differences = [
        replace(one, found=found.get(one.column, ""), declared=declared.get(one.column, "")) for one in differences
    ]
    differences += [
        Difference(Step.CATALOG, Kind.TYPE, name, found[name], type_)
        for name, type_ in declared.items()
        if name in found and found[name].replace(" ", "").lower() != type_
    ]
    if ordered and sorted(found) == sorted(declared) and list(found) != list(declared):
        differences.append(_order(Step.CATALOG, found, declared))
    return differences


def is_of(names: Sequence[str], table: Table, raw: bool = False) -> bool:
    """Whether a file with these columns, in whatever order, is one of `table`: as it is declared or once was."""
    declared = table.raw_columns if raw else table.column_names
    if sorted(names) == sorted(declared):
        return True
    differences = header_differences(names, table) if raw else file_differences(dict.fromkeys(names, ""), table)
    migrated = (Kind.RENAMED, Kind.ADDED, Kind.DROPPED, Kind.ORDER)
    return all(difference.kind in migrated for difference in differences)


def present_names(names: Iterable[str], table: Table) -> list[str]:
    """The names that columns of a file have now."""
    return [table.former_names.get(name, name) for name in names]


def described(differences: Iterable[Difference], follows: Sequence[Follows] = (Follows.REFUSED,)) -> str:
    """Differences in a sentence, by kind: `missing: rank; unknown: surprise`. Empty if none has what `follows`."""
    of_kind: dict[Kind, list[str]] = {}
    for difference in differences:
        if difference.follows in follows:
            of_kind.setdefault(difference.kind, []).append(difference.column)
    return "; ".join(f"{kind}: {listed(of_kind[kind])}" for kind in Kind if kind in of_kind)


def reported(differences: Iterable[Difference]) -> list[str]:
    """What a crawl reports, in words: all that is not accepted."""
    return [str(difference) for difference in differences if difference.follows is not Follows.ACCEPTED]


def listed(names: Iterable[str]) -> str:
    """Names in a sentence; long ones, which are no column's name, cut short, and of very many only the first."""
    first = list(islice(names, _MOST_LISTED + 1))
    more = [f"and more than {_MOST_LISTED - 1} others"] if len(first) > _MOST_LISTED else []
    shown = first[: _MOST_LISTED - 1] if more else first
    return ", ".join([*(name if name.isidentifier() and len(name) <= 60 else repr(name[:60]) for name in shown), *more])


def _order(step: Step, found: Iterable[str], declared: Iterable[str]) -> Difference:
    return Difference(step, Kind.ORDER, "", ", ".join(found), ", ".join(declared))


def _may_lack(since: str, day: str) -> bool:
    return bool(since) and (not day or day < since)


def _names(
    step: Step, found: Sequence[str], declared: Sequence[str], former: Mapping[str, str], optional: Iterable[str]
) -> list[Difference]:
    present = [former.get(name, name) for name in found]
    optional = set(optional)
    differences = [Difference(step, Kind.RENAMED, former[name]) for name in found if name in former]
    for name in declared:
        if name not in present:
            differences.append(Difference(step, Kind.ADDED if name in optional else Kind.MISSING, name))
    differences += [Difference(step, Kind.UNKNOWN, name) for name in present if name not in declared]
    twice = [name for name, number in Counter(present).items() if number > 1]
    return differences + [Difference(step, Kind.TWICE, name) for name in twice]


def _types(step: Step, found: Mapping[str, str], declared: Mapping[str, str]) -> list[Difference]:
    differences = []
    for name, type_ in declared.items():
        other = found.get(name, "")
        if other and other != type_:
            differences.append(Difference(step, _kind_of(other, type_), name, other, type_))
    return differences


def _kind_of(found: str, declared: str) -> Kind:
    if declared in WIDENINGS.get(found, ()):
        return Kind.NARROWER
    return Kind.WIDER if found in WIDENINGS.get(declared, ()) else Kind.TYPE
