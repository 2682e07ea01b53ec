-- All years of a mart of the listening history, as the page shows them.
SELECT *
FROM mart
ORDER BY play_year
