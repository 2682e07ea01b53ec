"""How long Spotify is asked for a day: both default feeds, at 60 ms a request, on loopback."""
