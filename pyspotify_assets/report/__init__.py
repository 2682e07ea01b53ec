"""The daily report: one self-contained HTML page, and the three sentences that the terminal shows too.

    data        what a report is made from; whoever calls gathers it
    languages   every word that a reader sees, per language; texts how messages, numbers and days are written
    figures     what is counted and picked from the data, per feed
    facts       the three sentences
    charts      what the charts show, drawings how (Altair), theme in which colours and type
    sections    the parts of the page, feed_section and panels those of a feed; markup escapes whatever goes in
    page        puts it all into page.html
    runtime     the charts' JavaScript and how data are embedded beside it

No SQL, no lake and no Dagster here. Importing this package loads no chart or data frame library: `render` does.
"""

from pyspotify_assets.report.data import Check, ReportData
from pyspotify_assets.report.facts import three_facts
from pyspotify_assets.report.languages import texts_in
from pyspotify_assets.report.page import render
from pyspotify_assets.report.runtime import begin_runtime

__all__ = ["Check", "ReportData", "begin_runtime", "render", "texts_in", "three_facts"]
