"""What the aws environment asks of S3: encryption, an owner, names with account and region; seen by the server."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import boto3
import pytest

from pyspotify_assets.aws import session
from pyspotify_assets.errors import AwsError
from pyspotify_assets.lake import Lake
from pyspotify_assets.settings import load_settings
from pyspotify_assets.stores.s3 import MULTIPART_FROM, S3Options, S3Store

MOTO_ACCOUNT = "123456789012"


def put(store: S3Store, key: str, content: bytes = b"content") -> None:
    with store.staging("file") as staged:
        staged.write_bytes(content)
        store.publish(staged, key)


def head(bucket: str, key: str) -> dict:
    return boto3.client("s3").head_object(Bucket=bucket, Key=key)


def test_unless_asked_the_buckets_own_encryption_decides(s3_bucket):
    put(S3Store(s3_bucket), "a.csv")

    answer = head(s3_bucket, "a.csv")
    assert answer["ContentType"] == "text/csv; charset=utf-8"
    assert "SSEKMSKeyId" not in answer


@pytest.mark.parametrize("size", [7, MULTIPART_FROM + 1], ids=["in one piece", "in parts"])
def test_objects_are_encrypted_with_the_key_that_is_set(s3_bucket, size):
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]

    put(S3Store(s3_bucket, options=S3Options(kms_key=key)), "a", b"x" * size)

    answer = head(s3_bucket, "a")
    assert (answer["ServerSideEncryption"], answer["SSEKMSKeyId"]) == ("aws:kms", key)


def test_objects_are_encrypted_the_way_that_is_set(s3_bucket):
    put(S3Store(s3_bucket, options=S3Options(encryption="AES256")), "a")

    assert head(s3_bucket, "a")["ServerSideEncryption"] == "AES256"


@pytest.fixture
def asked_owners(s3_environment) -> Iterator[list[str | None]]:
    """The owner that each request to S3 asks for, as it is sent: moto lets strangers in, so look at the wire."""
    owners: list[str | None] = []

    def remember(request, **_):
        owner = request.headers.get("x-amz-expected-bucket-owner")
        owners.append(owner.decode() if isinstance(owner, bytes) else owner)

    events = session.client("s3").meta.events
    events.register("before-send.s3", remember)
    yield owners
    events.unregister("before-send.s3", remember)


def test_every_request_names_the_account_that_must_own_the_bucket(s3_bucket, asked_owners):
    store = S3Store(s3_bucket, options=S3Options(owner="{account}"))

    put(store, "a")
    put(store, "large", b"x" * (MULTIPART_FROM + 1))
    assert [info.key for info in store.objects("")] == ["a", "large"]
    assert (store.read("a"), store.info("b")) == (b"content", None)
    with store.local("a") as file:
        assert file.read_bytes() == b"content"
    store.delete("a")
    store.arrow()

    assert len(asked_owners) >= 12
    assert set(asked_owners) == {MOTO_ACCOUNT}


def test_on_another_s3_nobody_is_asked_who_owns_the_bucket(s3_bucket, asked_owners):
    put(S3Store(s3_bucket), "a")

    assert set(asked_owners) == {None}


def test_account_and_region_are_those_of_the_credentials(s3_environment):
    boto3.client("s3").create_bucket(Bucket=f"mine-{MOTO_ACCOUNT}-us-east-1")
    store = S3Store.at("s3://mine-{account}-{region}/some/where", S3Options(owner="{account}"))

    put(store, "a")

    assert store.uri("a") == f"s3://mine-{MOTO_ACCOUNT}-us-east-1/some/where/a"
    assert pickle.loads(pickle.dumps(store)).read("a") == b"content"  # noqa: S301 - our own pickle


def test_without_credentials_the_account_cannot_be_told(monkeypatch, s3_environment):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    with pytest.raises(AwsError, match="account of these credentials") as raised:
        session.filled("spotify-{account}")
    assert "AWS_PROFILE" in raised.value.remedy


def test_a_text_without_places_asks_nobody():
    assert session.filled("s3://bucket/prefix") == "s3://bucket/prefix"


def test_the_lake_of_aws_lies_in_two_buckets_and_belongs_to_the_account(monkeypatch, s3_environment):
    monkeypatch.setenv("PYSPOTIFY_ENV", "aws")
    monkeypatch.setenv("PYSPOTIFY_BUCKET_PREFIX", "team/spotify")
    for kind in ("raw", "refined"):
        boto3.client("s3").create_bucket(Bucket=f"spotify-dataops-{kind}-{MOTO_ACCOUNT}-us-east-1")

    lake = Lake.at(**load_settings().lake_places())

    raw, refined = (f"s3://spotify-dataops-{kind}-{MOTO_ACCOUNT}-us-east-1/team/spotify" for kind in ("raw", "refined"))
    assert lake.place(("raw", "songs"), "2026-11-22").uri == f"{raw}/songs/snapshot_date=2026-11-22/songs.csv"
    assert lake.place(("refined", "songs"), "2026-11-22").uri.startswith(f"{refined}/songs/snapshot_date=2026-11-22/")
    assert lake.stores["landing"].uri("x") == f"{raw}/landing/x"
    assert lake.stores["quarantine"].uri("x") == f"{raw}/quarantine/x"
    assert [lake.stores[area].uri("x") for area in ("marts", "report", "state")] == [
        f"{refined}/{area}/x" for area in ("marts", "report", "state")
    ]
    put(lake.stores["landing"], "songs/2026-11-22/file.csv")
    assert lake.stores["landing"].read("songs/2026-11-22/file.csv") == b"content"


def test_buckets_of_ones_own_and_a_stage_are_part_of_the_names(monkeypatch):
    settings = load_settings(env="aws", stage="dev", bucket_raw="my-raw")

    places = settings.lake_places()
    assert places["areas"]["raw"] == "s3://my-raw"
    assert places["areas"]["refined"] == "s3://spotify-dataops-refined-dev-{account}-{region}"
