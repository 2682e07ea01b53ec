-- Rows per day of one feed's table, raw or refined.
SELECT snapshot_date, count(*) AS row_count
FROM feed
WHERE snapshot_date BETWEEN :first_day AND :last_day
GROUP BY snapshot_date
ORDER BY snapshot_date
