"""What runs on AWS: the Lambda's zip, the Glue job's script and the zip it imports from; built here, and uploaded.

Each lies in the code bucket under a key that holds the hash of its content: a stack that points to it changes exactly
when the code does, and the code that a former stack points to is still there to go back to.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.stacks import Echo
from pyspotify_assets.aws.refusals import explained
from pyspotify_assets.errors import AwsError
from pyspotify_assets.settings import Settings

_CHECKOUT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Code:
    """The files on this machine. `parameters` are those of the pipeline stack that name their keys."""

    function: Path
    job_script: Path
    job_packages: Path

    def keys(self) -> dict[str, tuple[Path, str]]:
        """Parameter of the stack → file, and its key in the code bucket."""
        return {
            "LambdaKey": (self.function, f"lambda/{_hash(self.function)}/{self.function.name}"),
            "JobScriptKey": (self.job_script, f"glue/{_hash(self.job_script)}/{self.job_script.name}"),
            "JobPackagesKey": (self.job_packages, f"glue/{_hash(self.job_packages)}/{self.job_packages.name}"),
        }


@contextmanager
def built(settings: Settings) -> Iterator[Code]:
    """The code of this checkout, built into a folder that is gone at the end of the block."""
    from glue_job.package import build as build_job_packages
    from lambda_function.package import build as build_function

    with tempfile.TemporaryDirectory(prefix="pyspotify-code-") as folder:
        function = build_function(Path(folder, "spotify-extract.zip"), settings.feeds)
        packages = build_job_packages(Path(folder, "packages.zip"))
        yield Code(function, _CHECKOUT / "glue_job" / "refine.py", packages)


def upload(code: Code, bucket: str, echo: Echo) -> dict[str, str]:
    """Put the code into the bucket, unless it is there; gives the parameters of the pipeline stack that name it."""
    parameters = {}
    for parameter, (file, key) in code.keys().items():
        fresh = put_once(bucket, key, file.read_bytes())
        echo(f"  {'uploaded' if fresh else 'unchanged':<9} s3://{bucket}/{key} ({file.stat().st_size:,} bytes)")
        parameters[parameter] = key
    return parameters


def put_once(bucket: str, key: str, content: bytes) -> bool:
    """Put an object whose key says its content; False if it is there already."""
    from botocore.exceptions import ClientError

    from pyspotify_assets.aws.session import account, client

    s3: Any = client("s3")
    place = {"Bucket": bucket, "Key": key, "ExpectedBucketOwner": account()}
    with explained(AwsError, f"s3://{bucket}/{key}"):
        try:
            s3.head_object(**place)
            return False
        except ClientError as refusal:
            if refusal.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
        s3.put_object(**place, Body=content, ChecksumAlgorithm="CRC32")
        return True


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]
