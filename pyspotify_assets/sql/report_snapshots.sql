-- What the report shows of a window day by day: every feed's snapshots, each in one row.
-- The sums are cast: what an engine makes of a sum of integers, wider than what it sums, differs.
SELECT
    feed,
    snapshot_date,
    max(previous_date) AS previous_date,
    count(*) AS tracks,
    count(DISTINCT artist_name) AS artists,
    CAST(sum(CASE WHEN is_new THEN 1 ELSE 0 END) AS bigint) AS newcomers,
    CAST(sum(CASE WHEN is_returning THEN 1 ELSE 0 END) AS bigint) AS returns,
    avg(CAST(popularity AS double)) AS mean_popularity
FROM mart
WHERE snapshot_date BETWEEN :first_day AND :day
GROUP BY feed, snapshot_date
ORDER BY feed, snapshot_date
