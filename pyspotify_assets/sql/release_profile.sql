-- The day's chart by year of release; tracks without a usable date are one row with a null year.
SELECT
    feed,
    year(released_on) AS release_year,
    count(*) AS tracks,
    avg(CAST(popularity AS double)) AS mean_popularity,
    avg(CAST(duration_ms AS double)) AS mean_duration_ms
FROM all_feeds
WHERE snapshot_date = :day
GROUP BY feed, year(released_on)
ORDER BY feed, release_year
