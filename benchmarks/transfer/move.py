"""The contenders: `python -m benchmarks.transfer.move ours|boto3 up|down FILE`, with the S3 of AWS_ENDPOINT_URL."""

import json
import sys
import time
from pathlib import Path

BUCKET, KEY = "large", "popular_songs/snapshot_date=2024-03-01/popular_songs.parquet"


def main(who: str, way: str, path: str) -> None:
    import boto3

    from pyspotify_assets.stores.s3 import S3Store

    file, down = Path(path), Path(f"{path}.down")
    store, client = S3Store.at(f"s3://{BUCKET}"), boto3.client("s3")
    store.info(KEY)  # Both have loaded what they need and are connected.
    client.head_object(Bucket=BUCKET, Key=KEY)
    started = time.perf_counter()
    if who == "boto3" and way == "up":
        client.upload_file(path, BUCKET, KEY)
    elif who == "boto3":
        client.download_file(BUCKET, KEY, str(down))
    elif way == "up":
        store.publish(file, KEY)
    else:
        with store.local(KEY) as copy:
            assert copy.stat().st_size == file.stat().st_size
            seconds = time.perf_counter() - started
    if (who, way) != ("ours", "down"):  # Removing the copy at the end is no part of it.
        seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds}))  # noqa: T201
    down.unlink(missing_ok=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
