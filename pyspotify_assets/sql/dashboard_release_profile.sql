-- What the dashboard shows of release_profile: 13 weeks, bounded by the partition. Years are text: they name bars.
WITH recent AS (
    SELECT
        *,
        max(snapshot_date) OVER (PARTITION BY feed) AS newest_date
    FROM spotify_marts.release_profile
    WHERE snapshot_date > CAST(CAST(current_date - INTERVAL '91' DAY AS date) AS varchar)
)
SELECT
    feed,
    CASE WHEN snapshot_date = newest_date THEN 'newest' ELSE snapshot_date END AS edition,
    CAST(snapshot_date AS date) AS day,
    coalesce(CAST(release_year AS varchar), 'unknown') AS release_year,
    tracks,
    mean_popularity,
    mean_duration_ms / 60000 AS mean_minutes
FROM recent
