"""Every word of the page about the listening history in the Portuguese of Brazil, beside those of the daily report."""

LISTENING = {
    "listening_page": "Histórico de audição, {span}",
    "listening_page_empty": "Histórico de audição",
    "listening_kicker": "Tudo o que tocou no Spotify, pelos dados que ele mesmo exporta",
    "span": "{first} a {last}",
    "listening_sum": "{plays}, {listened}",
    "plays_of": "{n} reprodução|{n} reproduções",
    "hours_of": "{n} hora de audição|{n} horas de audição",
    "listening_counts": "Uma reprodução conta a partir de 30 segundos, como o Spotify conta streams; "
    "as horas de audição incluem tudo.",
    "listening_empty": "Nenhuma reprodução foi importada ainda: pyspotify import my_spotify_data.zip",
    "when": "Quando se ouviu",
    "when_note": "Todos os anos juntos, no horário de {timezone}, pela hora em que cada reprodução terminou.",
    "hours_title": "Por hora do dia",
    "hours_label": "Colunas dos minutos ouvidos por hora do dia. "
    "O máximo, {minutes}, é das {hour}h às {next}h; o mínimo, {fewest}, das {low}h às {after}h.",
    "hours_note": "Minutos ouvidos em cada hora.",
    "weekdays_title": "Por dia da semana",
    "weekdays_label": "Gráfico de barras dos minutos ouvidos por dia da semana. "
    "Dia com mais, {minutes}: {weekday}; com menos, {fewest}: {low}.",
    "weekdays_note": "Minutos ouvidos em cada dia.",
    "top_of_year": "O que mais tocou em {year}",
    "tracks_of_year": "Faixas",
    "artists_of_year": "Artistas",
    "tracks_of_year_empty": "Nenhuma faixa tocou em {year}.",
    "artists_of_year_empty": "Nenhum artista tocou em {year}.",
    "col_hour": "Hora",
    "col_weekday": "Dia da semana",
    "col_plays": "Vezes",
    "col_minutes": "Minutos",
}
