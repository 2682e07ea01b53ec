"""The classifier that tells the raw crawler what our CSV is. Made by Glue's API: CloudFormation's has no serde.

Without it Glue takes a header over text columns for a row, and its own CSV reader for the one that knows quotes. See
`docs/decisions/classifier-by-api.md`.
"""

from __future__ import annotations

from typing import Any

from infra.catalog import DELIMITER, QUOTE
from pyspotify_assets.aws.refusals import MISSING, code_of, explained
from pyspotify_assets.errors import AwsError
from pyspotify_assets.settings import Settings
from pyspotify_assets.tables import SNAPSHOT


def classifier_input(settings: Settings) -> dict[str, Any]:
    """The CsvClassifier of Glue's CreateClassifier and UpdateClassifier."""
    return {
        "Name": settings.names.classifier,
        "Delimiter": DELIMITER,
        "QuoteSymbol": QUOTE,
        "ContainsHeader": "PRESENT",
        "Header": list(SNAPSHOT.raw_columns),
        "DisableValueTrimming": True,
        "AllowSingleColumn": False,
        "Serde": "OpenCSVSerDe",
    }


def keep_classifier(settings: Settings) -> str:
    """Make the classifier, or change it if it differs. Says what was done: made, changed or unchanged."""
    from pyspotify_assets.aws.session import client

    declared, glue = classifier_input(settings), client("glue")
    with explained(AwsError, f"Classifier {declared['Name']}"):
        found = _found(glue, declared["Name"])
        if found is None:
            glue.create_classifier(CsvClassifier=declared)
            return "made"
        if declared.items() <= found.items():
            return "unchanged"
        glue.update_classifier(CsvClassifier=declared)
        return "changed"


def remove_classifier(settings: Settings) -> str:
    """Remove the classifier. Says what was done: removed, or nothing if there is none."""
    from pyspotify_assets.aws.session import client

    name, glue = settings.names.classifier, client("glue")
    with explained(AwsError, f"Classifier {name}"):
        if _found(glue, name) is None:
            return "not there"
        glue.delete_classifier(Name=name)
        return "removed"


def _found(glue: Any, name: str) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError

    try:
        return glue.get_classifier(Name=name)["Classifier"].get("CsvClassifier", {})
    except ClientError as refusal:
        if code_of(refusal) in MISSING:
            return None
        raise
