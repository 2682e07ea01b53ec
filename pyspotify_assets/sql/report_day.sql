-- One day of a mart, as the report shows it.
SELECT *
FROM mart
WHERE snapshot_date BETWEEN :first_day AND :day
