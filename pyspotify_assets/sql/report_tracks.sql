-- What the report needs of one feed's refined snapshot of the day.
SELECT :feed AS feed, rank, track_name, artist_name, duration_ms, popularity, explicit, released_on, snapshot_at,
    source
FROM feed
WHERE snapshot_date = :day
ORDER BY rank
