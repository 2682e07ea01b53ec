"""Put everything up, or bring it up to date: data stack, code, classifier, pipeline stack. Again and again, no harm.

The order is that of need: the code bucket is in the data stack, the pipeline stack points to the code in it, and the
raw crawler names the classifier.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from infra.buckets import of_the_stack
from infra.classifier import keep_classifier
from infra.code import Code, built, put_once, upload
from infra.crawlers import bring_to_rest, logical_id, targets
from infra.partitions import follow_files
from infra.places import filled_in
from infra.stacks import Change, Echo, Stack
from infra.templates import body, data_template, pipeline_template
from pyspotify_assets.aws.refusals import MISSING, code_of, explained
from pyspotify_assets.errors import AwsError, SettingsError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.names import CRAWLERS
from pyspotify_assets.settings import Settings

LONGEST_BODY = 51_200
"""Bytes of a template that CloudFormation takes in the request itself; a longer one it fetches from a bucket."""


@dataclass(frozen=True)
class Options:
    """What one deployment chooses. None keeps what the stack has, or is its default where it is new."""

    extract_by_lambda: bool | None = None
    retention_days: int | None = None
    scan_cutoff: int | None = None
    log_days: int | None = None


KEEP = Options()


def deploy(
    settings: Settings, feeds: Sequence[Feed], echo: Echo = print, options: Options = KEEP, code: Code | None = None
) -> None:
    """Put up the stacks of the stage of `settings`, or bring them up to date. `code` is built unless it is given.

    AwsError naming the first resource that failed, and why; SettingsError for a setting that cannot be used.
    """
    retention_days = settings.retention_days if options.retention_days is None else options.retention_days
    if retention_days and retention_days <= settings.lookback_days:
        raise SettingsError(
            f"{retention_days} days of retention end within the window of the marts",
            f"Keep more than PYSPOTIFY_LOOKBACK_DAYS = {settings.lookback_days} days, or 0 for ever.",
        )
    settings = as_deployed(settings)
    _require_own_buckets(settings)
    with nullcontext(code) if code else built(settings) as made:
        _put_up(settings, feeds, echo, replace(options, retention_days=retention_days), made)


def as_deployed(settings: Settings) -> Settings:
    """The settings as templates take them: for AWS, and a bucket that is named as the stack's own is the stack's."""
    own = {
        f"bucket_{kind}": ""
        for kind in ("raw", "refined", "athena")
        if settings.bucket(kind) == filled_in(settings.names.bucket(kind))
    }
    return settings.model_copy(update={"env": "aws", **own})


def _put_up(settings: Settings, feeds: Sequence[Feed], echo: Echo, options: Options, code: Code) -> None:
    code_bucket, kms_key = filled_in(settings.bucket("code")), _key_arn(settings.kms_key)
    tags = {"project": "pyspotify_assets", "stage": settings.stage}

    echo(f"1/4 {settings.names.data_stack}: buckets, catalog, secret")
    tls = _endpoint_has_tls()
    if not tls:
        echo("  The endpoint speaks no TLS, so the buckets do not require it: this is no place for real data.")
    parameters: dict[str, str | None] = {
        "KmsKeyArn": kms_key,
        "RequireTls": str(tls).lower(),
        "RetentionDays": _text(options.retention_days),
    }
    data = Stack(settings.names.data_stack, echo)
    template = data_template(settings, feeds)
    if len(body(template)) > LONGEST_BODY and data.described() is None:
        # The bucket that CloudFormation could fetch the template from is in the template: at first without tables.
        data.apply(Change(_sent(data_template(settings, ()), code_bucket), parameters, tags))
    _apply(data, Change(_sent(template, code_bucket), parameters, tags), echo)
    data.protect(True)

    echo("2/4 The code")
    keys = upload(code, code_bucket, echo)

    echo("3/4 The classifier of the raw CSV")
    echo(f"  {settings.names.classifier}: {keep_classifier(settings)}")

    echo(f"4/4 {settings.names.pipeline_stack}: roles, crawlers, job, function, schedule, workgroup")
    parameters = {
        "KmsKeyArn": kms_key,
        "AlertTopicArn": settings.alert_topic,
        **keys,
        "ExtractByLambda": None if options.extract_by_lambda is None else str(options.extract_by_lambda).lower(),
        "ScanCutoff": _text(options.scan_cutoff),
        "LogDays": _text(options.log_days),
        "QuickSightPrincipal": settings.quicksight_principal,
    }
    pipeline = Stack(settings.names.pipeline_stack, echo)
    turned = _turned_crawlers(settings, feeds)
    if turned and pipeline.described() is not None:
        # Glue lets nobody change the targets of a crawler of new folders only, and a new one looks at all folders once:
        # https://docs.aws.amazon.com/glue/latest/dg/incremental-crawls.html
        echo("  The feeds have changed: their crawlers are made anew")
        bring_to_rest(settings, turned, echo)
        template = pipeline_template(settings, feeds, without=[logical_id(area) for area in turned])
        pipeline.apply(Change(_sent(template, code_bucket), parameters, tags))
    _apply(pipeline, Change(_sent(pipeline_template(settings, feeds), code_bucket), parameters, tags), echo)
    followed = follow_files(settings, feeds)
    if followed:
        echo(f"  {followed} partitions have the types of their files, which were refined again")


def _apply(stack: Stack, change: Change, echo: Echo) -> None:
    if not stack.apply(change):
        echo("  nothing to change")


def _sent(template: Mapping[str, Any], code_bucket: str) -> dict[str, str]:
    """The template as an argument of the call: its body, or the address that it has been put at."""
    text = body(dict(template))
    if len(text) <= LONGEST_BODY:
        return {"TemplateBody": text}
    from pyspotify_assets.aws.session import client

    key = f"templates/{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    put_once(code_bucket, key, text.encode())
    signed = client("s3").generate_presigned_url("get_object", Params={"Bucket": code_bucket, "Key": key})
    return {"TemplateURL": signed.partition("?")[0]}


def _turned_crawlers(settings: Settings, feeds: Sequence[Feed]) -> list[str]:
    """The crawlers that are there but have other targets than they shall have, by area."""
    from botocore.exceptions import ClientError

    from pyspotify_assets.aws.session import client

    turned = []
    for area in CRAWLERS:
        name = settings.names.crawler(area)
        with explained(AwsError, f"Crawler {name}"):
            try:
                found = client("glue").get_crawler(Name=name)["Crawler"]["Targets"].get("S3Targets", [])
            except ClientError as refusal:
                if code_of(refusal) in MISSING:
                    continue
                raise
        if {target["Path"] for target in found} != set(filled_in(targets(area, settings, feeds))):
            turned.append(area)
    return turned


def _require_own_buckets(settings: Settings) -> None:
    """AwsError unless the buckets that are named in settings are there, and in this account."""
    from pyspotify_assets.aws.session import account, client

    stacks = of_the_stack(settings)
    for kind in ("raw", "refined", "athena"):
        if kind not in stacks:
            bucket, setting = filled_in(settings.bucket(kind)), f"PYSPOTIFY_BUCKET_{kind.upper()}"
            with explained(AwsError, f"s3://{bucket}, named by {setting},", f"Make it, or unset {setting}."):
                client("s3").head_bucket(Bucket=bucket, ExpectedBucketOwner=account())


def _key_arn(key: str) -> str:
    """The ARN of a KMS key that is named by id, ARN or alias; empty for none."""
    if not key or (key.startswith("arn:") and ":key/" in key):
        return key
    from pyspotify_assets.aws.session import client

    with explained(AwsError, f"The key {key}, named by PYSPOTIFY_KMS_KEY,", "Name a key of this account and region."):
        return str(client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"])


def _endpoint_has_tls() -> bool:
    from pyspotify_assets.aws.session import client

    return not client("s3").meta.endpoint_url.startswith("http://")


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
