"""Every word of the page about the listening history in English, beside those that it shares with the daily report."""

LISTENING = {
    "listening_page": "Listening history, {span}",
    "listening_page_empty": "Listening history",
    "listening_kicker": "Everything played on Spotify, from its own export",
    "span": "{first} to {last}",
    "listening_sum": "{plays}, {listened}",
    "plays_of": "1 play|{n} plays",
    "hours_of": "1 hour of listening|{n} hours of listening",
    "listening_counts": "A play counts from 30 seconds on, as Spotify counts streams; hours of listening hold all.",
    "listening_empty": "No play has been imported yet: pyspotify import my_spotify_data.zip",
    "when": "When there was listening",
    "when_note": "All years together, on the clock of {timezone}, by when plays ended.",
    "hours_title": "By hour of the day",
    "hours_label": "Columns of minutes listened by hour of the day. "
    "Most, {minutes}, from {hour}:00 to {next}:00; fewest, {fewest}, from {low}:00 to {after}:00.",
    "hours_note": "Minutes listened in each hour.",
    "weekdays_title": "By day of the week",
    "weekdays_label": "Bar chart of minutes listened by day of the week. "
    "Most, {minutes}, on {weekday}; fewest, {fewest}, on {low}.",
    "weekdays_note": "Minutes listened on each day.",
    "top_of_year": "What was played most in {year}",
    "tracks_of_year": "Tracks",
    "artists_of_year": "Artists",
    "tracks_of_year_empty": "No track was played in {year}.",
    "artists_of_year_empty": "No artist was played in {year}.",
    "col_hour": "Hour",
    "col_weekday": "Weekday",
    "col_plays": "Plays",
    "col_minutes": "Minutes",
}
