"""Every setting: its environment variable, its default, its meaning. One frozen class, read when asked for.

Secrets are not settings: `SPOTIPY_CLIENT_ID` and `SPOTIPY_CLIENT_SECRET` are read by the Spotify client when one is
made, and nowhere else. A `.env` file in the working directory is read by `dagster dev` and by `pyspotify`.
"""

import os
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from pyspotify_assets.errors import SettingsError
from pyspotify_assets.names import AwsNames

Environment = Literal["local", "aws"]
Source = Literal["auto", "sample", "live"]
ReportLanguage = Literal["en", "pt-BR"]


class Settings(BaseSettings):
    """The settings of one process. Made by `load_settings`, which turns a wrong value into a SettingsError."""

    model_config = SettingsConfigDict(env_prefix="PYSPOTIFY_", frozen=True, extra="ignore", populate_by_name=True)

    env: Environment = Field("local", description="Where it runs: `local` needs nothing; `aws` needs the stack.")
    lake: str = Field("./lake", description="The lake: a folder, or an s3://bucket/prefix address.")
    source: Source = Field(
        "auto",
        description="`sample` (made-up data), `live` (Spotify, and imported files), or `auto`: live once there are "
        "Spotify credentials or imported files, else the sample.",
    )
    feeds: Path = Field(Path("feeds.toml"), description="File that declares the feeds; without it, the two defaults.")
    start: date = Field(date(2023, 1, 1), description="First day that partitions exist for, YYYY-MM-DD.")
    timezone: str = Field("UTC", description="Time zone in which a day begins and schedules run.")
    lookback_days: int = Field(28, ge=2, le=366, description="Window of the marts: days of history a day looks at.")
    retention_days: int | None = Field(
        None, ge=1, description="Days of raw and refined that are kept, today included; unless set, all of them."
    )
    snapshot_hour: int = Field(6, ge=0, le=23, description="Hour at which the daily snapshot is scheduled.")
    report_language: ReportLanguage = Field("en", description="Language of the report's pages and of the three facts.")
    stage: str = Field("prod", description="Which stack of the account: each stage has names and data of its own.")
    bucket_raw: str = Field("", description="Bucket of raw, landing and quarantine; unless set, the stack's.")
    bucket_refined: str = Field("", description="Bucket of refined, marts and reports; unless set, the stack's.")
    bucket_athena: str = Field("", description="Bucket of query results; unless set, the stack's.")
    bucket_prefix: str = Field("", description="Folder inside the buckets, for people who share them.")
    s3_encryption: Literal["", "AES256", "aws:kms"] = Field(
        "", description="Encryption that is asked for with every object; unless set, the bucket's own decides."
    )
    kms_key: str = Field("", description="Your own KMS key (id, ARN or alias) for every object; implies aws:kms.")
    secret: str = Field("", description="Secret with Spotify's credentials; unless set, `PySpotify` of the stage.")
    crawl_timeout: int = Field(1800, ge=1, le=86400, description="Seconds that one crawl may take.")
    query_timeout: int = Field(600, ge=1, le=1800, description="Seconds that one query may take; Athena's end is 1800.")
    refine_engine: Literal["local", "glue", "auto"] = Field(
        "local", description="Who refines: this process, the Glue job, or `auto`: the job from `refine_glue_from` on."
    )
    refine_glue_from: int = Field(8 << 30, ge=0, description="Bytes of a raw day from which `auto` takes the Glue job.")
    glue_timeout: int = Field(3600, ge=60, le=172800, description="Seconds that one run of the Glue job may take.")
    quicksight_principal: str = Field(
        "", description="ARN of a QuickSight user or group: makes a dashboard for them; on AWS only. Unless set, none."
    )
    spotify_url: str = Field(
        "https://api.spotify.com", description="Spotify's Web API; otherwise only a loopback address, for tests."
    )
    token_file: Path = Field(
        Path("~/.config/pyspotify_assets/token.json"), description="File that `pyspotify login` keeps logins in."
    )
    sample_seed: int = Field(2023, ge=0, description="Seed of the made-up catalogue.")
    spotify_timeout: float = Field(10, gt=0, le=120, description="Seconds to wait for one answer of Spotify.")
    spotify_attempts: int = Field(5, ge=1, le=10, description="How often one request to Spotify is tried at most.")
    spotify_longest_wait: float = Field(
        60, ge=0, le=3600, description="Seconds that are waited where Spotify asks for it; longer waits end the run."
    )
    spotify_at_once: int = Field(4, ge=1, le=16, description="Pages that are asked of Spotify at the same time.")
    spotify_daily_requests: int = Field(
        200, ge=1, description="Page requests a day (UTC) at most, over all runs; the sample is exempt."
    )
    alert_webhook: SecretStr = Field(
        SecretStr(""), description="Webhook in Slack's format that alerts are posted to: https, or a loopback address."
    )
    alert_topic: str = Field("", description="ARN of the SNS topic that alerts are published to.")
    ui_url: str = Field(
        "", description="Address of the Dagster UI, for links in alerts; unless set, that of `dagster dev` in `local`."
    )

    @field_validator("alert_webhook")
    @classmethod
    def _webhook_is_safe(cls, value: SecretStr) -> SecretStr:
        scheme, host = _web_address(value.get_secret_value()) or ("", "")
        if value and scheme != "https" and not (scheme == "http" and host in _LOOPBACK):
            raise ValueError("neither an https address nor one of this machine (or a name, a port or a space is wrong)")
        return value

    @field_validator("alert_topic")
    @classmethod
    def _topic_of_sns(cls, value: str) -> str:
        if value and not re.fullmatch(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}", value, re.ASCII):
            raise ValueError("not the ARN of a standard SNS topic, arn:aws:sns:<region>:<account>:<name>")
        return value

    @field_validator("ui_url")
    @classmethod
    def _web_page(cls, value: str) -> str:
        if value and _web_address(value) is None:
            raise ValueError("not an address such as https://dagster.example.org")
        return value.rstrip("/")

    @field_validator("retention_days", mode="before")
    @classmethod
    def _empty_keeps_all(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        if value != "UTC" and value not in available_timezones():  # Listing all of them costs 20 ms.
            raise ValueError("not a time zone of the IANA list, such as UTC or America/Sao_Paulo")
        return value

    @field_validator("stage")
    @classmethod
    def _stage_fits_names(cls, value: str) -> str:
        if not re.fullmatch("[a-z][a-z0-9]{0,9}", value):
            raise ValueError("not 1 to 10 of a-z and 0-9, beginning with a letter: it becomes part of names")
        return value

    @field_validator("bucket_prefix")
    @classmethod
    def _plain_prefix(cls, value: str) -> str:
        value = value.strip("/")
        if value and not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", value, re.ASCII):
            raise ValueError("not a folder such as team/spotify")
        return value

    @field_validator("quicksight_principal")
    @classmethod
    def _user_or_group(cls, value: str) -> str:
        if value and not re.fullmatch(
            r"arn:aws[a-z-]*:quicksight:[a-z0-9-]+:\d{12}:(?:user|group)/[\w.-]+/[^\s*?]+", value, re.ASCII
        ):
            raise ValueError("not an ARN such as arn:aws:quicksight:us-east-1:123456789012:user/default/anna")
        return value

    @field_validator("start")
    @classmethod
    def _start_not_in_future(cls, value: date) -> date:
        if value > date.today():
            raise ValueError("lies in the future")
        return value

    @field_validator("lake")
    @classmethod
    def _folder_or_s3(cls, value: str) -> str:
        if not value.strip() or ("://" in value and not value.startswith("s3://")):
            raise ValueError("neither a folder nor an s3://bucket/prefix address")
        if len(os.fsencode(value)) > 1024 or any(len(os.fsencode(part)) > 255 for part in value.split("/")):
            raise ValueError("longer than a folder or an address can be")
        return value

    def ui_address(self) -> str:
        """Where Dagster's UI is, without a slash at its end; empty where nobody has said so."""
        return self.ui_url or ("http://127.0.0.1:3000" if self.env == "local" else "")

    def today(self, now: datetime) -> date:
        """The day that `now` (an aware instant) belongs to, in the setting's time zone."""
        return now.astimezone(ZoneInfo(self.timezone)).date()

    def first_day(self, today: date) -> date:
        """The first day that partitions exist for. The sample's, unless set: the earliest in its lake, or 13 days ago.

        Nothing was taken in the years before, and a graph that is never filled would look unfinished for ever.
        """
        if "start" in self.model_fields_set or self.resolved_source() == "live":
            return self.start
        taken = Path(self.lake_address(), "raw").glob("*/snapshot_date=????-??-??")
        days = [day for day in (_day(path.name[-10:]) for path in taken) if day is not None]
        return max(self.start, min([*days, today - timedelta(days=13)]))

    def resolved_source(self) -> Literal["sample", "live"]:
        """Which data this process works on, and so which lake: `auto` decided by what is there."""
        if self.source != "auto":
            return self.source
        # A run that failed leaves folders too; only these say that real data have been there.
        real = any(Path(self.lake, "live", area).is_dir() for area in ("raw", "landing"))
        return "live" if self.env == "aws" or os.environ.get("SPOTIPY_CLIENT_ID") or real else "sample"

    @property
    def has_dashboard(self) -> bool:
        """Whether there is a dashboard in QuickSight: one is asked for, and everything else is on AWS too."""
        return self.env == "aws" and bool(self.quicksight_principal)

    @property
    def names(self) -> AwsNames:
        """What things are called on AWS in the setting's stage."""
        return AwsNames(self.stage)

    def bucket(self, kind: str) -> str:
        """The name of one of the buckets; account and region are places to be filled unless it is set."""
        return {"raw": self.bucket_raw, "refined": self.bucket_refined, "athena": self.bucket_athena}.get(
            kind
        ) or self.names.bucket(kind)

    def lake_places(self) -> dict[str, Any]:
        """Where the lake lies, as `Lake.at` and `LakeIOManager` take it: `address`, `areas`, and options of `s3`."""
        s3 = {"encryption": self.s3_encryption, "kms_key": self.kms_key}
        if self.env == "local":
            return {
                "address": self.lake_address(),
                "areas": {},
                "s3": {name: text for name, text in s3.items() if text},
            }
        raw, refined = (f"s3://{self.bucket(kind)}/{self.bucket_prefix}".rstrip("/") for kind in ("raw", "refined"))
        areas = {"raw": raw, "landing": f"{raw}/landing", "quarantine": f"{raw}/quarantine", "refined": refined}
        areas |= {area: f"{refined}/{area}" for area in ("marts", "report", "state", "catalog")}
        return {"address": refined, "areas": areas, "s3": s3 | {"owner": "{account}"}}

    def lake_address(self) -> str:
        """Folder or s3:// address of the lake of the current source: made-up and real data never share one."""
        if self.env == "aws":
            return str(self.lake_places()["address"])
        base = self.lake.rstrip("/")
        return (
            f"{base}/{self.resolved_source()}" if base.startswith("s3://") else str(Path(base, self.resolved_source()))
        )


def _day(text: str) -> date | None:
    """The day that a folder is named after; None for another name, which is nobody's snapshot."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _web_address(text: str) -> tuple[str, str] | None:
    """Scheme and host of an address of the web; None for what is none, or has a user, a fragment or odd characters."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    if not usable or "@" in parts.netloc or parts.fragment or not re.fullmatch(r"[!-~]+", text):
        return None
    return parts.scheme, parts.hostname or ""


def _default(field: FieldInfo | None) -> str:
    """A setting's default as a person would write it; one that is None or empty is not set."""
    return (str(field.default) if field and field.default is not None else "") or "not set"


def _quoted(value: str) -> str:
    return repr(value if len(value) <= 200 else f"{value[:200]}…")


def load_settings(**overrides: object) -> Settings:
    """The settings from the environment; `overrides` win. SettingsError names variable, value and remedy.

    The value of a secret is not named.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        field = Settings.model_fields.get(name)
        value = "the value" if field and field.annotation is SecretStr else _quoted(str(first["input"]))
        raise SettingsError(
            f"PYSPOTIFY_{name.upper()} = {value} cannot be used: {first['msg']}",
            f"{field.description if field else ''} Default: {_default(field)}.",
        ) from None
