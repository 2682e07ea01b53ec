-- The hundred tracks of a year that were played most. A play counts from 30 seconds on, as Spotify counts streams.
-- By title and artist, not by id: Spotify gives a song another id with every edition of its album.
WITH tracks AS (
    SELECT
        master_metadata_track_name AS track_name,
        master_metadata_album_artist_name AS artist_name,
        max(spotify_track_uri) AS spotify_track_uri,
        sum(CASE WHEN ms_played >= 30000 THEN 1 ELSE 0 END) AS plays,
        CAST(sum(ms_played) AS double) / 60000 AS minutes
    FROM spotify_refined.plays
    WHERE play_year = :year AND master_metadata_track_name IS NOT NULL
    GROUP BY master_metadata_track_name, master_metadata_album_artist_name
),
ranked AS (
    SELECT
        *,
        row_number() OVER (ORDER BY plays DESC, minutes DESC, track_name, artist_name) AS rank
    FROM tracks
)
SELECT rank, track_name, artist_name, spotify_track_uri, plays, minutes
FROM ranked
WHERE rank <= 100
ORDER BY rank
