"""The data dictionary: every table with its key, partition and place, every column with types, meaning and lineage.

All of it follows from `tables.py`, `schemas.py`, `lake.py`, `settings.py` and `lineage.py`: nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.lake import Lake
from pyspotify_assets.lineage import CLOCK, FEEDS, ROWS, Lineage, Origin, column_lineage, roots
from pyspotify_assets.names import DATABASES
from pyspotify_assets.schemas import ATHENA_TYPES
from pyspotify_assets.settings import load_settings
from pyspotify_assets.tables import LISTENING, MARTS, PARTITION_COLUMN, PLAYS, SNAPSHOT, Column, Table
from scripts.markdown import table

FEED = DEFAULT_FEEDS[0].name
"""The feed that stands for all: its name is shown as <feed>."""

_FORMS = {PARTITION_COLUMN: "YYYY-MM-DD", PLAYS.partition: "YYYY"}
_SAMPLE_DAYS = {PARTITION_COLUMN: "2026-11-25", PLAYS.partition: "2026"}
_HEAD = ("column", "type", "in Athena", "null", "meaning", "made of", "at Spotify", "example")


def data_dictionary() -> str:
    """The whole page."""
    lineage = column_lineage(DEFAULT_FEEDS)
    parts = [
        _INTRODUCTION,
        _overview(),
        "## Where the areas lie\n\n" + _places(),
        *_snapshots(lineage),
        *(_section(f"{DATABASES['marts']}.{mart.name}", mart, lineage, _of_mart(mart)) for mart in MARTS),
        _section(f"{DATABASES['refined']}.{PLAYS.name}", PLAYS, lineage, _of_plays()),
        *(_section(f"{DATABASES['marts']}.{mart.name}", mart, lineage, _of_mart(mart)) for mart in LISTENING),
    ]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = f"""# Data dictionary

<!-- Made by `make docs` from tables.py, lineage.py and their kin: change those. -->

Every table of the pipeline: what a row is, what names it, where it lies, and what each column means. `<feed>` stands
for the name of any feed in `feeds.toml`: all feeds have the same columns.

- **type** is Arrow's, as in the Parquet files; **in Athena** is the type in SQL. A raw CSV holds text only.
- **null**: whether a value may be missing. Absent is never 0.
- **made of** names the columns that a value is made of, one step back; rows, where it counts them.
- **at Spotify** is where the way back ends: the field of Spotify's answer, by its path; the clock and `{FEEDS}` where
  it is not Spotify that says it. `position` is an entry's place in the answer.
- The examples are made up, and belong to one row."""


def _overview() -> str:
    def row(name: str, declared: Table, key: Sequence[str] = ()) -> tuple[str, str, str, str]:
        link = f"[`{name}`](#{''.join(letter for letter in name if letter.isalnum() or letter in '_-')})"
        return link, _code(key or declared.key), f"`{declared.partition}`", declared.description

    rows = [
        row(f"{DATABASES['raw']}.<feed>", SNAPSHOT, ["rank"]),
        row(f"{DATABASES['refined']}.<feed>", SNAPSHOT),
        *(row(f"{DATABASES['marts']}.{mart.name}", mart) for mart in MARTS),
        row(f"{DATABASES['refined']}.{PLAYS.name}", PLAYS),
        *(row(f"{DATABASES['marts']}.{mart.name}", mart) for mart in LISTENING),
    ]
    return "## The tables\n\n" + table(("table", "key, within the partition", "partition", "what it is"), rows)


def _places() -> str:
    """Area of the lake → folder on a laptop and address on AWS, from the settings themselves."""
    local = load_settings(env="local", source="sample", lake="lake", start="2023-01-01").lake_address()
    places = load_settings(env="aws", source="live", start="2023-01-01").lake_places()["areas"]
    means = {
        "raw": "one CSV per feed and day",
        "refined": "one Parquet file per feed and day; plays, one per year",
        "marts": "one Parquet file per mart, run and day: the catalog points to the newest",
        "report": "the pages; `latest.html` is the newest day's",
        "landing": "what waits to become raw or plays",
        "quarantine": "what could not be read, with the reason",
        "state": "what the pipeline remembers: refusals, the budget; in a folder also notes and locks",
        "catalog": "the tables' partitions, and `catalog.sql` for a DuckDB shell; on AWS that is Glue's task",
    }
    rows = [(f"`{area}`", f"`{local}/{area}`", f"`{places[area]}`", text) for area, text in means.items()]
    return table(("area", "on a laptop (the sample's lake)", "on AWS", "what lies there"), rows)


def _snapshots(lineage: Lineage) -> Iterator[str]:
    lake = Lake.at("lake")
    for area, words in (
        ("raw", "UTF-8 CSV with a header, every value quoted: all text, in Athena too. A track may stand there twice."),
        ("refined", "Parquet, typed, ordered by rank. Tracks without an id are told apart by title, artist and album."),
    ):
        day = _SAMPLE_DAYS[PARTITION_COLUMN]
        key = lake.place((area, "<feed>"), day).key.replace(day, _FORMS[PARTITION_COLUMN])
        about = {
            "asset": f"`{area}/<feed>`; its table `{DATABASES[area]}/<feed>`",
            "lies at": f"`{area}/{key}`",
            "about": words,
        }
        yield _section(f"{DATABASES[area]}.<feed>", SNAPSHOT, lineage, about, raw=area == "raw")


def _of_mart(mart: Table) -> Mapping[str, str]:
    place = f"marts/{mart.name}/<run>/{mart.partition}={_FORMS[mart.partition]}/{mart.name}.parquet"
    return {
        "asset": f"`{DATABASES['marts']}/{mart.name}`",
        "lies at": f"`{place}`",
        "about": f"Made by [`sql/{mart.name}.sql`](../pyspotify_assets/sql/{mart.name}.sql).",
    }


def _of_plays() -> Mapping[str, str]:
    year = _SAMPLE_DAYS[PLAYS.partition]
    key = Lake.at("lake").place(("refined", PLAYS.name), year).key.replace(year, _FORMS[PLAYS.partition])
    return {
        "asset": f"`refined/{PLAYS.name}`; its table `{DATABASES['refined']}/{PLAYS.name}`",
        "lies at": f"`refined/{key}`",
        "about": "Taken from Spotify's export, see [decisions/listening-history.md](decisions/listening-history.md).",
    }


def _section(name: str, declared: Table, lineage: Lineage, about: Mapping[str, str], raw: bool = False) -> str:
    columns = [column for column in declared.columns if not (raw and column.refined_only)]
    real = name.replace("<feed>", FEED)
    rows = [_row(real, column, lineage, raw) for column in columns]
    rows.append(
        (
            f"`{declared.partition}`",
            "in the path",
            "string",
            "no",
            "The partition: the day of the snapshot" if declared.partition == PARTITION_COLUMN else "The partition",
            *_origins(real, declared.partition, lineage),
            f"`{_SAMPLE_DAYS[declared.partition]}`",
        )
    )
    key = ["rank"] if raw else declared.key  # What is one track twice, refining finds out.
    facts = {"key": f"{_code(key)} within `{declared.partition}`", **about}
    told = "\n".join(f"- {word}: {text}" for word, text in facts.items() if word != "about")
    return f"## {_heading(name)}\n\n{declared.description} {about['about']}\n\n{told}\n\n{table(_HEAD, rows)}"


def _row(name: str, column: Column, lineage: Lineage, raw: bool) -> Sequence[str]:
    return (
        f"`{column.name}`",
        "text" if raw else f"`{column.type}`",
        "string" if raw else ATHENA_TYPES[column.type],
        "yes" if column.nullable else "no",
        column.description,
        *_origins(name, column.name, lineage),
        f"`{column.example}`" if column.example else "",
    )


def _origins(name: str, column: str, lineage: Lineage) -> tuple[str, str]:
    """What a column is made of, one step back and at the end of the way, each once for all feeds.

    A crawled table says what the files are made of that it lies over: between the two there is no step to tell of.
    """
    direct = lineage[name][column]
    if name.partition(".")[0] != DATABASES["marts"]:
        (over,) = direct
        direct = lineage[over.table][over.column]
    ends = roots(lineage, name, column)
    return "–" if direct == ends else _listed(direct), _listed(ends, short=True)


def _listed(origins: Sequence[Origin], short: bool = False) -> str:
    names = {feed.name for feed in DEFAULT_FEEDS}
    shown = []
    for origin in origins:
        area, mark, rest = origin.table.rpartition("/" if "/" in origin.table else ".")
        where = f"{area}{mark}<feed>" if rest in names else origin.table
        if origin.table == CLOCK:
            shown.append("the clock")
        elif origin.table == FEEDS:
            shown.append(f"`{FEEDS}`")
        elif origin.column == ROWS:
            shown.append("rows" if short else f"rows of `{where}`")
        elif origin.table.startswith("spotify/"):
            shown.append(f"`{origin.column}`")
        else:
            shown.append(f"`{where}.{origin.column}`")
    return ", ".join(dict.fromkeys(shown))


def _heading(name: str) -> str:
    return f"`{name}`"


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
