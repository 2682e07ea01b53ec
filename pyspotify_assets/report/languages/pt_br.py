"""The report in the Portuguese of Brazil."""

from pyspotify_assets.report.languages.pt_br_daily import DAILY
from pyspotify_assets.report.languages.pt_br_listening import LISTENING
from pyspotify_assets.report.languages.pt_br_sections import SECTIONS
from pyspotify_assets.report.texts import Texts

PORTUGUESE = Texts(
    language="pt-BR",
    months=(
        "janeiro", "fevereiro", "março", "abril", "maio", "junho",
        "julho", "agosto", "setembro", "outubro", "novembro", "dezembro",
    ),
    weekdays=(
        "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo",
    ),
    thousands=".",
    decimal=",",
    messages={**DAILY, **SECTIONS, **LISTENING},
    first_day="1º",
    singular=frozenset({0, 1}),
    feeds={"popular_songs": "músicas populares", "top_played": "mais tocadas"},
)  # fmt: skip
