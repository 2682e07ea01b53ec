"""Notes travel with an object: they come back as they were, and fit into what S3 allows at their longest."""

import pytest

from pyspotify_assets.checks import REFINED_CHECKS
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.stores.names import encode_notes


def test_notes_come_back_as_they_were():
    findings = [check.finding(True, "1 to 20") for check in REFINED_CHECKS]
    notes = Notes.of("made-from", "version", 20, {"duplicates": 3}, findings)
    assert Notes.from_texts(notes.to_texts()) == notes


def test_the_longest_notes_fit_into_the_metadata_of_an_object():
    figures = dict.fromkeys(("raw_rows", "duplicates", "quarantined", "popularity_given"), 10**9)
    reasons = {f"quarantined: release_date_precision is not a number {number}": 10**8 for number in range(5)}
    notes = Notes.of(
        "f" * 16, "v" * 16, 10**9, figures | reasons, [c.finding(False, "ü€" * 80) for c in REFINED_CHECKS]
    )
    assert encode_notes(notes.to_texts())


@pytest.mark.parametrize("texts", [{}, {"fingerprint": "x"}, {"rows": "many"}])
def test_what_is_not_ours_is_no_notes(texts):
    whole = Notes.of("made-from", "version", 20, {}, []).to_texts()
    assert Notes.from_texts(texts if "rows" not in texts else whole | texts) is None
