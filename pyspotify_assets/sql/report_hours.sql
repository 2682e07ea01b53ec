-- When there was listening in the years that the report shows.
SELECT *
FROM mart
WHERE play_year BETWEEN :first_year AND :last_year
ORDER BY play_year, weekday, hour
