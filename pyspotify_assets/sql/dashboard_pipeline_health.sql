-- What the dashboard shows of pipeline_health: 13 weeks, bounded by the partition.
WITH recent AS (
    SELECT
        *,
        max(snapshot_date) OVER (PARTITION BY feed) AS newest_date
    FROM spotify_marts.pipeline_health
    WHERE snapshot_date > CAST(CAST(current_date - INTERVAL '91' DAY AS date) AS varchar)
)
SELECT
    feed,
    CASE WHEN snapshot_date = newest_date THEN 'newest' ELSE snapshot_date END AS edition,
    CAST(snapshot_date AS date) AS day,
    figure,
    value,
    median,
    deviation,
    snapshots
FROM recent
