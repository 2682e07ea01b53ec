-- What the dashboard shows of chart_movement: 13 weeks, bounded by the partition so that Athena reads no other day.
-- QuickSight has no "newest day" and no axis that begins at the top: both are worked out here.
WITH recent AS (
    SELECT
        *,
        max(snapshot_date) OVER (PARTITION BY feed) AS newest_date
    FROM spotify_marts.chart_movement
    WHERE snapshot_date > CAST(CAST(current_date - INTERVAL '91' DAY AS date) AS varchar)
)
SELECT
    feed,
    CASE WHEN snapshot_date = newest_date THEN 'newest' ELSE snapshot_date END AS edition,
    CAST(snapshot_date AS date) AS day,
    track_key,
    concat(track_name, ' · ', coalesce(artist_name, '?')) AS track,
    rank,
    -rank AS height,
    max(CASE WHEN snapshot_date = newest_date THEN rank END) OVER (PARTITION BY feed, track_key) AS newest_rank,
    previous_rank,
    movement,
    CASE
        WHEN previous_date IS NULL THEN 'first day'
        WHEN is_new THEN 'new'
        WHEN is_returning THEN 'returning'
        WHEN movement > 0 THEN 'climbing'
        WHEN movement < 0 THEN 'falling'
        ELSE 'staying'
    END AS course,
    days_on_chart,
    peak_rank,
    popularity,
    popularity_change
FROM recent
