-- What the report shows of rank movement: the day's window, day by day.
SELECT *
FROM mart
WHERE snapshot_date BETWEEN :first_day AND :day
ORDER BY feed, snapshot_date, rank
