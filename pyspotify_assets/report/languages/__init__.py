"""The languages of the report, each in modules of its own: `en`, `pt_br`, and their messages page by page.

Every language has the same messages with the same placeholders: a test compares them with English.
"""

from pyspotify_assets.report.languages.en import ENGLISH
from pyspotify_assets.report.languages.pt_br import PORTUGUESE
from pyspotify_assets.report.texts import Texts

LANGUAGES = {texts.language: texts for texts in (ENGLISH, PORTUGUESE)}
"""Language as the setting PYSPOTIFY_REPORT_LANGUAGE and HTML name it → its texts."""


def texts_in(language: str) -> Texts:
    """The texts of a language of the setting; KeyError for another one."""
    return LANGUAGES[language]
