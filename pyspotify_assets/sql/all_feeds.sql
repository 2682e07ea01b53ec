-- One feed's part of `all_feeds`, which the marts read: its snapshots of the window that ends with the day.
-- marts.py puts in the feed's table and the literals, and joins the parts of all feeds that have the day.
SELECT
    :feed AS feed,
    CAST(:previous_date AS varchar) AS previous_date,
    snapshot_date,
    rank,
    coalesce(track_id, concat(track_name, ' | ', coalesce(artist_name, ''), ' | ', coalesce(album_name, ''))) AS track_key,
    track_id,
    track_name,
    coalesce(artist_id, artist_name) AS artist_key,
    artist_id,
    artist_name,
    album_name,
    popularity,
    duration_ms,
    released_on,
    snapshot_at,
    source
FROM spotify_refined.feed
WHERE snapshot_date BETWEEN :first_day AND :day
