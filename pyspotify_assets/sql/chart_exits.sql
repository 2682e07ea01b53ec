-- Every track that was in the feed's previous snapshot and is not in the day's.
SELECT
    feed,
    track_key,
    max(CASE WHEN snapshot_date = previous_date THEN track_id END) AS track_id,
    max(CASE WHEN snapshot_date = previous_date THEN track_name END) AS track_name,
    max(CASE WHEN snapshot_date = previous_date THEN artist_name END) AS artist_name,
    max(previous_date) AS previous_date,
    max(CASE WHEN snapshot_date = previous_date THEN rank END) AS last_rank,
    count(*) AS days_on_chart
FROM all_feeds
GROUP BY feed, track_key
HAVING max(CASE WHEN snapshot_date = previous_date THEN 1 ELSE 0 END) = 1
    AND max(CASE WHEN snapshot_date = :day THEN 1 ELSE 0 END) = 0
ORDER BY feed, last_rank
