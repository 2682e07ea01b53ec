-- What the dashboard shows of top_artists: 13 weeks, bounded by the partition.
WITH recent AS (
    SELECT
        *,
        max(snapshot_date) OVER (PARTITION BY feed) AS newest_date
    FROM spotify_marts.top_artists
    WHERE snapshot_date > CAST(CAST(current_date - INTERVAL '91' DAY AS date) AS varchar)
)
SELECT
    feed,
    CASE WHEN snapshot_date = newest_date THEN 'newest' ELSE snapshot_date END AS edition,
    CAST(snapshot_date AS date) AS day,
    coalesce(artist_name, artist_key) AS artist,
    tracks,
    best_rank,
    mean_popularity,
    chart_share,
    max(CASE WHEN snapshot_date = newest_date THEN tracks END) OVER (PARTITION BY feed, artist_key) AS newest_tracks
FROM recent
