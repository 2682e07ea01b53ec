-- The ranks, over a window, of the tracks that are first on its last day, and each snapshot's first ones.
-- More of both than is shown: ranks have holes, where a duplicate or a row in quarantine was.
SELECT feed, snapshot_date, track_key, track_name, artist_name, rank
FROM mart
WHERE snapshot_date BETWEEN :first_day AND :day
    AND (rank <= 5 OR track_key IN (SELECT track_key FROM mart WHERE snapshot_date = :day AND rank <= 30))
ORDER BY feed, snapshot_date, rank
