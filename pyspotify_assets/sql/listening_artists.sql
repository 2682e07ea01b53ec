-- The hundred artists of a year that were played most. A play counts from 30 seconds on, as Spotify counts streams.
WITH artists AS (
    SELECT
        master_metadata_album_artist_name AS artist_name,
        count(DISTINCT master_metadata_track_name) AS tracks,
        sum(CASE WHEN ms_played >= 30000 THEN 1 ELSE 0 END) AS plays,
        CAST(sum(ms_played) AS double) / 60000 AS minutes
    FROM spotify_refined.plays
    WHERE play_year = :year AND master_metadata_album_artist_name IS NOT NULL
    GROUP BY master_metadata_album_artist_name
),
ranked AS (
    SELECT
        *,
        row_number() OVER (ORDER BY plays DESC, minutes DESC, artist_name) AS rank
    FROM artists
)
SELECT rank, artist_name, tracks, plays, minutes
FROM ranked
WHERE rank <= 100
ORDER BY rank
