"""What things are called: databases and crawlers everywhere, and all that lies in an AWS account, by stage.

The stage `prod` has the plain names. Any other puts its own into each, so that several live in one account.
Bucket names are global, so they end with account and region: `{account}` and `{region}` until `aws.session.filled`.
"""

from dataclasses import dataclass

DATABASES = {"raw": "spotify_raw", "refined": "spotify_refined", "marts": "spotify_marts"}
"""Area of the lake → database of its tables."""

CRAWLERS = {"raw": "spotify-raw", "refined": "spotify-refined"}
"""Area of the lake → name of the crawler that keeps its tables."""

PROD = "prod"
BUCKETS = ("raw", "refined", "athena", "code")
"""What there are buckets for: the raw and the refined part of the lake, results of queries, and code."""
ROLES = ("pipeline", "crawler", "glue-job", "lambda", "scheduler", "quicksight")


@dataclass(frozen=True)
class AwsNames:
    """The names of one stage."""

    stage: str = PROD

    def _with_stage(self, name: str, separator: str = "-") -> str:
        return name if self.stage == PROD else f"{name}{separator}{self.stage}"

    def bucket(self, kind: str) -> str:
        return f"{self._with_stage(f'spotify-dataops-{kind}')}-{{account}}-{{region}}"

    def database(self, area: str) -> str:
        return self._with_stage(DATABASES[area], "_")

    def crawler(self, area: str) -> str:
        return self._with_stage(CRAWLERS[area])

    def role(self, kind: str) -> str:
        return self._with_stage(f"spotify-{kind}")

    @property
    def workgroup(self) -> str:
        return self._with_stage("spotify")

    @property
    def classifier(self) -> str:
        return self._with_stage("spotify-csv")

    @property
    def glue_job(self) -> str:
        return self._with_stage("spotify-refine")

    @property
    def function(self) -> str:
        return self._with_stage("spotify-extract")

    @property
    def secret(self) -> str:
        return self._with_stage("PySpotify")

    @property
    def quicksight_source(self) -> str:
        """The id of QuickSight's data source."""
        return self._with_stage("spotify-marts")

    def quicksight_data_set(self, mart: str) -> str:
        """The id of QuickSight's data set over a mart."""
        return self._with_stage(f"spotify-{mart.replace('_', '-')}")

    @property
    def quicksight_dashboard(self) -> str:
        """The id of QuickSight's dashboard."""
        return self._with_stage("spotify-dashboard")

    @property
    def data_stack(self) -> str:
        """The stack of what holds data: buckets, databases, tables, secret. `make destroy` leaves it."""
        return self._with_stage("pyspotify-data")

    @property
    def pipeline_stack(self) -> str:
        """The stack of what works on the data: roles, crawlers, job, function, schedule, workgroup."""
        return self._with_stage("pyspotify-pipeline")
