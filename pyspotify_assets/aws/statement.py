"""One permission: actions on resources, and why; and the ARNs of what the project has in an account.

ARNs have the places {partition}, {account}, {region}, {kms_key} and {quicksight_principal} until they are filled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pyspotify_assets.settings import Settings


@dataclass(frozen=True)
class Statement:
    """Actions that are allowed on resources, and why."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str

    def filled(self, account: str, region: str, kms_key: str = "", quicksight_principal: str = "") -> Statement:
        """The statement with the ARNs of one account and region; those of key and principal, if there are any."""
        places = {"partition": partition_of(region), "account": account, "region": region, "kms_key": kms_key}
        places["quicksight_principal"] = quicksight_principal
        resources = self.resources
        for place, text in places.items():
            resources = tuple(resource.replace(f"{{{place}}}", text) for resource in resources)
        return replace(self, resources=resources)

    def document(self) -> dict[str, object]:
        """The statement in IAM's JSON."""
        actions, resources = list(self.actions), list(self.resources)
        return {"Sid": self.sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def partition_of(region: str) -> str:
    """What the ARNs of a region begin with: aws, aws-cn or aws-us-gov."""
    return next((f"aws-{part}" for part in ("cn", "us-gov") if region.startswith(f"{part}-")), "aws")


class Arns:
    """The ARNs of one stage, with places."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._names = settings, settings.names

    def bucket(self, *kinds: str) -> tuple[str, ...]:
        return tuple(f"arn:{{partition}}:s3:::{self._settings.bucket(kind)}" for kind in kinds)

    def objects(self, kind: str, *folders: str) -> tuple[str, ...]:
        """All objects of a bucket, or of folders in it; below the prefix where buckets are shared."""
        prefix = f"{self._settings.bucket_prefix}/" if self._settings.bucket_prefix and kind != "code" else ""
        (bucket,) = self.bucket(kind)
        return tuple(f"{bucket}/{prefix}{folder}*" for folder in folders or ("",))

    def glue(self, *names: str) -> tuple[str, ...]:
        return tuple(f"arn:{{partition}}:glue:{{region}}:{{account}}:{name}" for name in names)

    def catalog(self, *areas: str) -> tuple[str, ...]:
        """The databases of the areas and their tables; a call on a table is judged on the catalog and database too."""
        databases = [self._names.database(area) for area in areas]
        tables = [f"table/{name}/*" for name in databases]
        return self.glue("catalog", *(f"database/{name}" for name in databases), *tables)

    def crawlers(self) -> tuple[str, ...]:
        return self.glue(*(f"crawler/{self._names.crawler(area)}" for area in ("raw", "refined")))

    def job(self) -> tuple[str, ...]:
        return self.glue(f"job/{self._names.glue_job}")

    def workgroup(self) -> tuple[str, ...]:
        return (f"arn:{{partition}}:athena:{{region}}:{{account}}:workgroup/{self._names.workgroup}",)

    def function(self) -> tuple[str, ...]:
        return (f"arn:{{partition}}:lambda:{{region}}:{{account}}:function:{self._names.function}",)

    def secret(self) -> tuple[str, ...]:
        name = self._settings.secret or self._names.secret
        # Six characters of AWS's choice end the ARN of a secret.
        return (
            name
            if name.startswith("arn:")
            else f"arn:{{partition}}:secretsmanager:{{region}}:{{account}}:secret:{name}-??????",
        )

    def quicksight(self, kind: str, *ids: str) -> tuple[str, ...]:
        return tuple(f"arn:{{partition}}:quicksight:{{region}}:{{account}}:{kind}/{id}" for id in ids)

    def logs(self, *groups: str) -> tuple[str, ...]:
        return tuple(f"arn:{{partition}}:logs:{{region}}:{{account}}:log-group:{group}" for group in groups)

    @property
    def function_name(self) -> str:
        return self._names.function
