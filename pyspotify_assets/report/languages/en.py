"""The report in English."""

from pyspotify_assets.report.languages.en_daily import DAILY
from pyspotify_assets.report.languages.en_listening import LISTENING
from pyspotify_assets.report.languages.en_sections import SECTIONS
from pyspotify_assets.report.texts import Texts

ENGLISH = Texts(
    language="en",
    months=(
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    thousands=",",
    decimal=".",
    messages={**DAILY, **SECTIONS, **LISTENING},
)  # fmt: skip
