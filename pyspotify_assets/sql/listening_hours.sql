-- When there was listening in a year: by the weekday and the hour in which plays ended, on the listener's clock.
-- Athena keeps instants without a zone and thinks in UTC; the cast gives them theirs, and where they have it is nothing.
WITH local_plays AS (
    SELECT
        CAST(ts AS timestamp with time zone) AT TIME ZONE :timezone AS local_ts,
        ms_played
    FROM spotify_refined.plays
    WHERE play_year = :year
)
SELECT
    day_of_week(local_ts) AS weekday,
    hour(local_ts) AS hour,
    sum(CASE WHEN ms_played >= 30000 THEN 1 ELSE 0 END) AS plays,
    CAST(sum(ms_played) AS double) / 60000 AS minutes
FROM local_plays
GROUP BY day_of_week(local_ts), hour(local_ts)
ORDER BY weekday, hour
