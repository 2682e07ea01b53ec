"""Objects in an S3 bucket, under a prefix. boto3 writes, lists and reads whole objects; pyarrow reads parts of them.

`pyarrow.fs` is not used for writing: when an exception leaves its stream it publishes what it has. Here a file is
written on this machine first and then uploaded: an upload that is cut leaves the old object. Notes are the object's
user metadata. AWS_ENDPOINT_URL, AWS_PROFILE and whatever else boto3 understands is understood.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pyspotify_assets.aws.session import client, filled, session
from pyspotify_assets.errors import LakeError, MissingPartitionError
from pyspotify_assets.stores import ObjectInfo, Replaced
from pyspotify_assets.stores.names import check_key, check_prefix, decode_notes, encode_notes
from pyspotify_assets.stores.s3_errors import named
from pyspotify_assets.stores.staging import staged_file

if TYPE_CHECKING:
    import pyarrow.fs

MULTIPART_FROM = 64 << 20
"""Bytes from which an object is uploaded in parts; one request is faster below (measured)."""

PART = 32 << 20
"""Bytes of one part: 10,000 parts of it are 312 GiB."""

COPIED_WHOLE = 5 << 30
"""Bytes up to which S3 copies an object in one request (CopyObject in the S3 API reference: 5 GB)."""

PAGE = 1000
"""Objects of one page of a listing: S3 gives no more."""

VERSIONS = 20
"""Versions of one object that are looked at; a listing gives the newest first."""

_PARTS_AT_ONCE = 4
_PIECE = 1 << 20
_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}


@dataclass(frozen=True)
class S3Options:
    """How objects are put and asked for. Empty: as the bucket itself is set up.

    `encryption` is AES256 or aws:kms; a `kms_key` (id, ARN or alias) means aws:kms with that key. `owner` is the number
    of the account that must own the bucket (`{account}`: that of the credentials): a stranger's bucket gets nothing.
    """

    encryption: str = ""
    kms_key: str = ""
    owner: str = ""


DEFAULTS = S3Options()


class S3Store:
    """A store under `prefix` of `bucket`. Can be pickled and shared by threads; connects when first used."""

    def __init__(self, bucket: str, prefix: str = "", options: S3Options = DEFAULTS) -> None:
        self._bucket, self.prefix = bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._options = options
        self._region: str | None = None

    @classmethod
    def at(cls, address: str, options: S3Options = DEFAULTS) -> S3Store:
        """The store at an address s3://bucket or s3://bucket/prefix."""
        bucket, _, prefix = address.removeprefix("s3://").rstrip("/").partition("/")
        if not address.startswith("s3://") or not bucket:
            raise LakeError(f"{address!r} is no address of a bucket", "Write s3://bucket or s3://bucket/prefix.")
        if prefix:
            check_key(prefix)
        return cls(bucket, prefix, options)

    def __reduce__(self) -> tuple[type[S3Store], tuple[str, str, S3Options]]:
        return type(self), (self._bucket, self.prefix, self._options)

    @property
    def bucket(self) -> str:
        """The bucket's name, with account and region where it has a place for them."""
        return filled(self._bucket)

    def uri(self, key: str) -> str:
        check_key(key)
        return f"s3://{self.bucket}/{self.prefix}{key}"

    def info(self, key: str) -> ObjectInfo | None:
        uri = self.uri(key)
        try:
            with named(uri):
                head = self._client.head_object(**self._object(key))
        except MissingPartitionError:
            self._find_bucket()  # HeadObject says the same of a missing bucket and of a missing object.
            return None
        notes = decode_notes(head["Metadata"])
        return ObjectInfo(key, head["ContentLength"], head["LastModified"], head["ETag"].strip('"'), notes)

    def objects(self, prefix: str, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        request = {"Bucket": self.bucket, "Prefix": f"{self.prefix}{prefix}", **self._owner()}
        if start_after:
            request["StartAfter"] = f"{self.prefix}{start_after}"
        with named(f"s3://{self.bucket}/{self.prefix}{prefix}"):
            paging = {"MaxItems": limit, "PageSize": min(limit or PAGE, PAGE)}
            for page in self._client.get_paginator("list_objects_v2").paginate(**request, PaginationConfig=paging):
                for found in page.get("Contents", ()):
                    key = found["Key"].removeprefix(self.prefix)
                    if not key.endswith("/"):  # The console makes empty objects of that name and calls them folders.
                        yield ObjectInfo(key, found["Size"], found["LastModified"], found["ETag"].strip('"'))

    def read(self, key: str) -> bytes:
        with named(self.uri(key)):
            return self._client.get_object(**self._object(key))["Body"].read()

    @contextmanager
    def local(self, key: str, version: str = "") -> Iterator[Path]:
        which = self._object(key) | ({"VersionId": version} if version else {})
        with self.staging(key.rpartition("/")[2]) as path:
            with named(self.uri(key)):
                self._download(which, path)
            yield path

    def staging(self, name: str) -> AbstractContextManager[Path]:
        return staged_file(Path(tempfile.gettempdir()), name, "pyspotify-staging-")

    def publish(self, staged: Path, key: str, notes: Mapping[str, str] | None = None) -> ObjectInfo:
        uri = self.uri(key)
        extra = self._extra(key, notes)
        try:
            with named(uri):
                if staged.stat().st_size < MULTIPART_FROM:
                    with open(staged, "rb") as file:
                        self._client.put_object(**self._object(key), Body=file, **extra)
                else:
                    self._upload(staged, key, extra)
        except OSError as error:
            raise LakeError(f"{staged}, to be put at {uri}, cannot be read: {error.strerror or error}") from error
        return self._in_place(key)

    def adopt(self, source: S3Store, source_key: str, key: str, notes: Mapping[str, str] | None = None) -> ObjectInfo:
        """Put an object of another store of this account in place, whole, without it passing through this machine.

        As `publish`, of an object that some service has staged on S3. Beyond 5 GB S3 copies in parts only.
        """
        from boto3.s3.transfer import TransferConfig

        uri = self.uri(key)
        with named(uri):
            self._client.copy(
                {"Bucket": source.bucket, "Key": f"{source.prefix}{source_key}"},
                self.bucket,
                f"{self.prefix}{key}",
                ExtraArgs={**self._extra(key, notes), "MetadataDirective": "REPLACE", **self._owner()},
                Config=TransferConfig(multipart_threshold=COPIED_WHOLE, multipart_chunksize=16 * PART),
            )
        return self._in_place(key)

    def delete(self, key: str) -> None:
        with named(self.uri(key)):
            self._client.delete_object(**self._object(key))

    def replaced(self, key: str) -> list[Replaced]:
        """The versions that the bucket has kept, at most VERSIONS of them; needs s3:ListBucketVersions."""
        uri, found = self.uri(key), []
        with named(uri):
            listed = self._client.list_object_versions(
                Bucket=self.bucket, Prefix=f"{self.prefix}{key}", MaxKeys=VERSIONS, **self._owner()
            )
            for version in listed.get("Versions", ()):
                if version["Key"] == f"{self.prefix}{key}" and not version["IsLatest"]:
                    name = version["VersionId"]
                    notes = decode_notes(self._client.head_object(**self._object(key), VersionId=name)["Metadata"])
                    where = f"{uri}?versionId={name}"
                    found.append(Replaced(name, where, version["Size"], version["LastModified"], notes))
        return found

    def lost(self, prefix: str) -> Iterator[str]:
        """None: notes go with their object, and a listing knows nothing of what is gone."""
        return iter(())

    def last_notes(self, key: str) -> Mapping[str, str]:
        """Those of the object, which something else may have put there without any."""
        info = self.info(key)
        return info.notes if info else {}

    def arrow(self) -> tuple[pyarrow.fs.FileSystem, str]:
        """Made anew for each reader, since it keeps the credentials of this moment: a role's last an hour."""
        from pyarrow.fs import S3FileSystem

        uri = f"s3://{self.bucket}"
        options: dict[str, object] = {"region": self._find_bucket()}
        endpoint = urlsplit(self._client.meta.endpoint_url)
        if not (endpoint.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
            options |= {"endpoint_override": endpoint.netloc, "scheme": endpoint.scheme}
        with named(uri):
            credentials = session().get_credentials()
            if credentials is None:
                from botocore.exceptions import NoCredentialsError

                raise NoCredentialsError
            frozen = credentials.get_frozen_credentials()
        options |= {"access_key": frozen.access_key, "secret_key": frozen.secret_key, "session_token": frozen.token}
        return S3FileSystem(**options), f"{self.bucket}/{self.prefix}"

    def _extra(self, key: str, notes: Mapping[str, str] | None) -> dict[str, object]:
        return {
            "Metadata": encode_notes(notes or {}),
            "ContentType": _TYPES.get(Path(key).suffix, "application/octet-stream"),
            "ChecksumAlgorithm": "CRC32",
            **self._encryption(),
        }

    def _in_place(self, key: str) -> ObjectInfo:
        info = self.info(key)
        if info is None:
            raise LakeError(f"{self.uri(key)} was removed while it was being put in place", "Look what removes it.")
        return info

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": f"{self.prefix}{key}", **self._owner()}

    def _owner(self) -> dict[str, str]:
        return {"ExpectedBucketOwner": filled(self._options.owner)} if self._options.owner else {}

    def _encryption(self) -> dict[str, str]:
        options = self._options
        if not (options.encryption or options.kms_key):
            return {}
        key = {"SSEKMSKeyId": options.kms_key} if options.kms_key else {}
        return {"ServerSideEncryption": "aws:kms" if options.kms_key else options.encryption, **key}

    def _download(self, which: dict[str, str], path: Path) -> None:
        from s3transfer.exceptions import S3DownloadFailedError

        answer = self._client.get_object(**which)
        with closing(answer["Body"]) as body:
            if answer["ContentLength"] < MULTIPART_FROM:
                _write(body, path)
                return
        where = {name: text for name, text in which.items() if name not in ("Bucket", "Key")}
        try:  # In parts at once, all of one version of the object: three times as fast as one stream (measured).
            self._client.download_file(which["Bucket"], which["Key"], str(path), ExtraArgs=where)
        except S3DownloadFailedError:  # It was replaced meanwhile: one stream is of one version.
            with closing(self._client.get_object(**which)["Body"]) as body:
                _write(body, path)

    def _upload(self, staged: Path, key: str, extra: dict[str, object]) -> None:
        from boto3.s3.transfer import TransferConfig

        config = TransferConfig(
            multipart_threshold=MULTIPART_FROM, multipart_chunksize=PART, max_concurrency=_PARTS_AT_ONCE
        )
        extra = extra | self._owner()
        self._client.upload_file(str(staged), self.bucket, f"{self.prefix}{key}", ExtraArgs=extra, Config=config)

    def _find_bucket(self) -> str:
        """The bucket's region. LakeError if there is no such bucket; asked once."""
        if self._region is None:
            with named(f"s3://{self.bucket}"):
                head = self._client.head_bucket(Bucket=self.bucket, **self._owner())
            self._region = head.get("BucketRegion") or self._client.meta.region_name
        return self._region

    @property
    def _client(self) -> Any:
        with named(f"s3://{self._bucket}"):
            return client("s3")


def _write(body: Any, path: Path) -> None:
    with open(path, "wb") as file:
        for piece in body.iter_chunks(_PIECE):
            file.write(piece)
