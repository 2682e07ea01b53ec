"""The buckets and the secret: whether they are there, whose they are, and whether strangers are kept out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from pyspotify_assets.aws.refusals import REGION, explained
from pyspotify_assets.diagnosis.aws_account import Identity
from pyspotify_assets.diagnosis.finding import DEPLOY, Finding, Look, Status, is_absent, is_denied, refusal_of
from pyspotify_assets.errors import AwsError
from pyspotify_assets.settings import Settings

GROUP = "Buckets and secret"
CONTENTS = {
    "raw": "raw, landing, quarantine",
    "refined": "refined, marts, reports",
    "athena": "query results",
    "code": "code of Lambda and Glue job",
}


def storage_looks(settings: Settings, who: Identity) -> Iterator[Look]:
    """Four buckets and a secret."""
    for kind, contents in CONTENTS.items():
        name = settings.bucket(kind).replace("{account}", who.account).replace("{region}", who.region)
        bucket = _Bucket(f"bucket {kind}", name, contents, bool(getattr(settings, f"bucket_{kind}", "")), who)
        yield Look(GROUP, bucket.thing, partial(_bucket, bucket), "s3:ListBucket" if kind == "code" else "")
    secret = settings.secret or settings.names.secret
    yield Look(GROUP, f"secret {secret}", partial(_secret, secret))


def bucket_look(name: str, who: Identity) -> Look:
    """The one bucket of a lake whose address is s3://…, in the environment `local`."""
    return Look("Lake", "bucket", partial(_bucket, _Bucket("bucket", name, "the lake", True, who)))


@dataclass(frozen=True)
class _Bucket:
    """A bucket that is looked at: `own` if it is not the stack's but somebody's, named by a setting."""

    thing: str
    name: str
    contents: str
    own: bool
    who: Identity

    @property
    def asked(self) -> dict[str, str]:
        return {"Bucket": self.name, "ExpectedBucketOwner": self.who.account}


def _bucket(bucket: _Bucket) -> Iterator[Finding]:
    thing, name, who = bucket.thing, bucket.name, bucket.who
    s3 = _s3()
    try:
        with explained(AwsError, f"Bucket {name}"):
            head = s3.head_bucket(**bucket.asked)
    except AwsError as error:
        if is_denied(error) and _is_anothers(s3, name):
            remedy = "Set PYSPOTIFY_BUCKET_… to a bucket of this account; nothing is put into another's."
            yield Finding("problem", thing, f"{name} belongs to another account than {who.account}", remedy)
            return
        if is_denied(error):  # S3 gives no words with HeadBucket.
            error.remedy = f"Allow s3:ListBucket on the bucket {name} to these credentials; the pipeline role has it."
        if is_absent(error):
            remedy = "Make it, or correct the setting that names it." if bucket.own else DEPLOY
            yield Finding("problem", thing, f"{name} is not there", remedy)
            return
        raise
    region = head.get("BucketRegion") or who.region
    if region != who.region:
        seen = f"{name} lies in {region}, and calls go to {who.region}: Athena and Glue work in one region"
        yield Finding("problem", thing, seen, REGION)
    # Looks of their own: the pipeline itself asks for neither, so being denied one says nothing of the bucket.
    looks = [
        Look("", thing, partial(_encryption, bucket), "s3:GetEncryptionConfiguration"),
        Look("", thing, partial(_public_access, bucket), "s3:GetBucketPublicAccessBlock"),
    ]
    found = [finding for look in looks for finding in look.findings()]
    well = [finding.seen for finding in found if finding.status == "ok"]
    if region == who.region:
        yield Finding("ok", thing, "; ".join([f"{name}: {bucket.contents}", region, *well]))
    yield from (finding for finding in found if finding.status != "ok")


def _is_anothers(s3: Any, name: str) -> bool:
    try:
        with explained(AwsError, f"Bucket {name}"):
            s3.head_bucket(Bucket=name)
    except AwsError:
        return False
    return True


def _encryption(bucket: _Bucket) -> Iterator[Finding]:
    remedy = f"{DEPLOY} For a bucket of your own: aws s3api put-bucket-encryption --bucket {bucket.name} …"
    try:
        with explained(AwsError, f"Encryption of bucket {bucket.name}"):
            answer = _s3().get_bucket_encryption(**bucket.asked)
    except AwsError as error:
        if _code(error) != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        yield Finding("warning", bucket.thing, "is not encrypted unless each object asks for it", remedy)
        return
    rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    key = f" with {rule['KMSMasterKeyID']}" if rule.get("KMSMasterKeyID") else ""
    yield Finding("ok", bucket.thing, f"encrypted, {rule['SSEAlgorithm']}{key}")


def _public_access(bucket: _Bucket) -> Iterator[Finding]:
    blocked: dict[str, bool] = {}
    try:
        with explained(AwsError, f"Public access block of bucket {bucket.name}"):
            blocked = _s3().get_public_access_block(**bucket.asked)["PublicAccessBlockConfiguration"]
    except AwsError as error:
        if _code(error) != "NoSuchPublicAccessBlockConfiguration":
            raise
    if blocked and all(blocked.values()):
        yield Finding("ok", bucket.thing, "closed to the public")
        return
    settings = "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
    remedy = f"aws s3api put-public-access-block --bucket {bucket.name} --public-access-block-configuration {settings}"
    status: Status = "warning" if bucket.own else "problem"
    yield Finding(status, bucket.thing, "could be opened to the public: not all access is blocked", remedy)


def _secret(name: str) -> Iterator[Finding]:
    from pyspotify_assets.aws.secret import spotify_credentials

    thing = f"secret {name}"
    if all(os.environ.get(f"SPOTIPY_CLIENT_{part}") for part in ("ID", "SECRET")):
        yield Finding("ok", thing, "not asked for: the credentials of the environment win over it")
        return
    spotify_credentials(name)
    yield Finding("ok", thing, "has client_id and client_secret, which are not shown")


def _code(error: AwsError) -> str:
    from pyspotify_assets.aws.refusals import code_of

    refusal = refusal_of(error)
    return code_of(refusal) if refusal is not None else ""


def _s3() -> Any:
    from pyspotify_assets.aws.session import client

    return client("s3")
