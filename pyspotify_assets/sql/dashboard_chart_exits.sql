-- What the dashboard shows of chart_exits: 13 weeks. A day that nobody left has no row here, so that the newest day is
-- asked of the chart.
WITH newest AS (
    SELECT
        feed,
        max(snapshot_date) AS newest_date
    FROM spotify_marts.chart_movement
    WHERE snapshot_date > CAST(CAST(current_date - INTERVAL '91' DAY AS date) AS varchar)
    GROUP BY feed
)
SELECT
    exits.feed,
    CASE WHEN exits.snapshot_date = newest.newest_date THEN 'newest' ELSE exits.snapshot_date END AS edition,
    CAST(exits.snapshot_date AS date) AS day,
    exits.track_key,
    concat(exits.track_name, ' · ', coalesce(exits.artist_name, '?')) AS track,
    exits.last_rank,
    exits.days_on_chart
FROM spotify_marts.chart_exits AS exits
INNER JOIN newest ON exits.feed = newest.feed
WHERE exits.snapshot_date > CAST(CAST(current_date - INTERVAL '91' DAY AS date) AS varchar)
