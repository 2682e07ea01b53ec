-- Every track of the day's chart and how it moved since the feed's previous snapshot within the window.
-- One pass over the window: Athena bills what is scanned, and a self-join would scan it again.
WITH history AS (
    SELECT
        *,
        count(*) OVER (PARTITION BY feed, track_key) AS days_on_chart,
        min(rank) OVER (PARTITION BY feed, track_key) AS peak_rank,
        max(CASE WHEN snapshot_date = previous_date THEN rank END)
            OVER (PARTITION BY feed, track_key) AS previous_rank,
        max(CASE WHEN snapshot_date = previous_date THEN popularity END)
            OVER (PARTITION BY feed, track_key) AS previous_popularity
    FROM all_feeds
)
SELECT
    feed,
    track_key,
    track_id,
    track_name,
    artist_name,
    rank,
    previous_date,
    previous_rank,
    previous_rank - rank AS movement,
    CASE WHEN previous_date IS NOT NULL THEN days_on_chart = 1 END AS is_new,
    CASE WHEN previous_date IS NOT NULL THEN days_on_chart > 1 AND previous_rank IS NULL END AS is_returning,
    days_on_chart,
    peak_rank,
    popularity,
    popularity - previous_popularity AS popularity_change
FROM history
WHERE snapshot_date = :day
ORDER BY feed, rank
