-- Every first credited artist of the day's chart. Tracks without an artist count in the whole, not as an artist.
WITH artists AS (
    SELECT
        feed,
        artist_key,
        max(artist_id) AS artist_id,
        max(artist_name) AS artist_name,
        count(*) AS tracks,
        min(rank) AS best_rank,
        avg(CAST(popularity AS double)) AS mean_popularity,
        CAST(count(*) AS double) / sum(count(*)) OVER (PARTITION BY feed) AS chart_share
    FROM all_feeds
    WHERE snapshot_date = :day
    GROUP BY feed, artist_key
)
SELECT feed, artist_key, artist_id, artist_name, tracks, best_rank, mean_popularity, chart_share
FROM artists
WHERE artist_key IS NOT NULL
ORDER BY feed, tracks DESC, best_rank, artist_key
