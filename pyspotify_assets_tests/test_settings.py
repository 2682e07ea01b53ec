"""Settings come from the environment; a wrong value is named with its variable and its remedy."""

import traceback
from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from pyspotify_assets.errors import SettingsError
from pyspotify_assets.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch, tmp_path):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PYSPOTIFY_{name.upper()}", raising=False)
    for name in ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_nothing_has_to_be_set():
    settings = load_settings()
    assert (settings.env, settings.resolved_source(), settings.lookback_days) == ("local", "sample", 28)
    assert settings.lake_address() == "lake/sample"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PYSPOTIFY_ENV", "azure"),
        ("PYSPOTIFY_LAKE", "gs://bucket"),
        ("PYSPOTIFY_LAKE", " "),
        ("PYSPOTIFY_SOURCE", "spotify"),
        ("PYSPOTIFY_START", "yesterday"),
        ("PYSPOTIFY_START", "2999-01-01"),
        ("PYSPOTIFY_TIMEZONE", "Mars/Olympus"),
        ("PYSPOTIFY_LOOKBACK_DAYS", "1"),
        ("PYSPOTIFY_SNAPSHOT_HOUR", "24"),
        ("PYSPOTIFY_SAMPLE_SEED", "-1"),
        ("PYSPOTIFY_SPOTIFY_TIMEOUT", "0"),
        ("PYSPOTIFY_SPOTIFY_ATTEMPTS", "many"),
        ("PYSPOTIFY_STAGE", "Dev-1"),
        ("PYSPOTIFY_BUCKET_PREFIX", "a/../b c"),
        ("PYSPOTIFY_S3_ENCRYPTION", "rot13"),
        ("PYSPOTIFY_REFINE_ENGINE", "spark"),
        ("PYSPOTIFY_QUERY_TIMEOUT", "1801"),
        ("PYSPOTIFY_QUICKSIGHT_PRINCIPAL", "anna"),
        ("PYSPOTIFY_QUICKSIGHT_PRINCIPAL", "arn:aws:iam::123456789012:user/anna"),
        ("PYSPOTIFY_QUICKSIGHT_PRINCIPAL", "arn:aws:quicksight:us-east-1:123456789012:user/default/*"),
        ("PYSPOTIFY_ALERT_TOPIC", "alerts"),
        ("PYSPOTIFY_ALERT_TOPIC", "arn:aws:sns:us-east-1:123456789012:ordered.fifo"),
        ("PYSPOTIFY_UI_URL", "dagster.example.org"),
        ("PYSPOTIFY_UI_URL", "javascript:alert(1)"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable_and_default(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert variable in str(raised.value)
    assert repr(value) in str(raised.value)
    assert "Default:" in raised.value.remedy


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example.org/the-secret",
        "http://127.0.0.1.example.org/the-secret",
        "https://user:password@hooks.example.org/the-secret",
        "ftp://hooks.example.org/the-secret",
        "https:///the-secret",
        "https://hooks.example.org:port/the-secret",
        "https://hooks.example.org/the-secret\r\nHost: elsewhere",
        "the-secret",
    ],
)
def test_a_webhook_that_could_be_overheard_or_misled_is_refused_without_a_word_of_its_address(monkeypatch, address):
    monkeypatch.setenv("PYSPOTIFY_ALERT_WEBHOOK", address)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert "PYSPOTIFY_ALERT_WEBHOOK = the value cannot be used" in str(raised.value)
    assert "the-secret" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("address", ["https://hooks.example.org/the-secret?x=1", "http://127.0.0.1:8065/the-secret"])
def test_the_address_of_a_webhook_is_not_shown(address):
    settings = load_settings(alert_webhook=address)
    assert settings.alert_webhook.get_secret_value() == address
    assert "the-secret" not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"


def test_links_lead_to_dagster_dev_on_a_laptop_and_elsewhere_to_where_the_setting_says():
    assert load_settings().ui_address() == "http://127.0.0.1:3000"
    assert load_settings(env="aws").ui_address() == ""
    assert load_settings(env="aws", ui_url="https://dagster.example.org/").ui_address() == "https://dagster.example.org"


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        load_settings().env = "aws"


def test_a_day_begins_in_the_time_zone_of_the_setting(monkeypatch):
    monkeypatch.setenv("PYSPOTIFY_TIMEZONE", "America/Sao_Paulo")
    assert load_settings().today(datetime(2026, 11, 22, 1, tzinfo=UTC)) == date(2026, 11, 21)


def test_credentials_or_a_live_lake_make_the_source_live_and_lakes_are_never_shared(monkeypatch, tmp_path):
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "x")
    assert load_settings().lake_address() == "lake/live"
    monkeypatch.delenv("SPOTIPY_CLIENT_ID")
    (tmp_path / "lake" / "live" / "landing").mkdir(parents=True)
    assert load_settings().lake_address() == "lake/live"
    monkeypatch.setenv("PYSPOTIFY_SOURCE", "sample")
    assert load_settings().lake_address() == "lake/sample"


def test_partitions_of_live_begin_with_the_setting_those_of_the_sample_with_its_earliest_day(monkeypatch, tmp_path):
    today = date(2026, 11, 22)
    assert load_settings(source="live").first_day(today) == date(2023, 1, 1)
    assert load_settings().first_day(today) == date(2026, 11, 9)
    (tmp_path / "lake/sample/raw/top_played/snapshot_date=2026-10-01").mkdir(parents=True)
    assert load_settings().first_day(today) == date(2026, 10, 1)
    monkeypatch.setenv("PYSPOTIFY_START", "2025-01-01")
    assert load_settings().first_day(today) == date(2025, 1, 1)


def test_an_s3_address_keeps_sample_and_live_apart_too(monkeypatch):
    monkeypatch.setenv("PYSPOTIFY_LAKE", "s3://bucket/prefix/")
    assert load_settings().lake_address() == "s3://bucket/prefix/sample"


def test_a_setting_that_is_not_set_by_default_is_said_to_be_so(monkeypatch):
    monkeypatch.setenv("PYSPOTIFY_RETENTION_DAYS", "ninety")
    with pytest.raises(SettingsError, match="PYSPOTIFY_RETENTION_DAYS = 'ninety'") as refused:
        load_settings()
    assert str(refused.value).endswith("Default: not set.")
