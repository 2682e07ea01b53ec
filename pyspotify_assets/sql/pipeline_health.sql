-- Every figure of a feed's day, and what it was in the snapshots before it in the window: its median, how far from that
-- they usually are (the median deviation), their least and greatest, and the two of the same weekday. The checks with memory
-- judge by these alone.
-- A figure's history is that of snapshots of one source: where a feed has come to be declared otherwise, it begins anew.
-- `all_snapshots` has a row for every day of the window, also for one of which no row could be refined.
WITH steps AS (
    SELECT
        *,
        lag(snapshot_date) OVER (PARTITION BY feed, track_key ORDER BY snapshot_date) AS last_date,
        lag(rank) OVER (PARTITION BY feed, track_key ORDER BY snapshot_date) AS last_rank,
        lag(popularity) OVER (PARTITION BY feed, track_key ORDER BY snapshot_date) AS last_popularity,
        lag(track_name) OVER (PARTITION BY feed, track_key ORDER BY snapshot_date) AS last_name,
        lag(artist_name) OVER (PARTITION BY feed, track_key ORDER BY snapshot_date) AS last_artist,
        row_number() OVER (PARTITION BY feed, snapshot_date ORDER BY popularity NULLS LAST, rank) AS place,
        count(popularity) OVER (PARTITION BY feed, snapshot_date) AS given,
        count(artist_key) OVER (PARTITION BY feed, snapshot_date, artist_key) AS tracks_of_artist
    FROM all_feeds
),
calendar AS (
    SELECT
        *,
        lag(snapshot_date) OVER (PARTITION BY feed ORDER BY snapshot_date) AS before_date
    FROM all_snapshots
),
counted AS (
    SELECT
        calendar.feed,
        calendar.snapshot_date,
        calendar.before_date,
        CAST(max(calendar.raw_rows) AS double) AS raw_rows,
        max(calendar.duplicates) AS duplicates,
        max(calendar.quarantined) AS quarantined,
        max(CASE WHEN steps.source LIKE 'import:%' THEN 'import' ELSE steps.source END) AS source,
        CAST(count(steps.rank) AS double) AS tracks,
        count(steps.track_id) AS with_id,
        count(steps.artist_name) AS with_artist,
        count(steps.popularity) AS with_popularity,
        count(steps.duration_ms) AS with_duration,
        count(steps.released_on) AS with_release,
        max(CASE WHEN steps.place = (steps.given + 9) / 10 THEN steps.popularity END) AS popularity_low,
        max(CASE WHEN steps.place = (steps.given + 1) / 2 THEN steps.popularity END) AS popularity_median,
        max(CASE WHEN steps.place = (9 * steps.given + 9) / 10 THEN steps.popularity END) AS popularity_high,
        count(CASE WHEN steps.popularity = 0 THEN 1 END) AS popularity_zero,
        max(steps.tracks_of_artist) AS tracks_of_artist,
        count(
            CASE
                WHEN regexp_like(
                    concat(steps.track_name, ' | ', coalesce(steps.artist_name, ''), ' | ', coalesce(steps.album_name, '')),
                    '[Â-ß][¡-¿€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|[à-ï][¡-¿€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ][¡-¿€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|�'
                )
                    THEN 1
            END
        ) AS broken_names,
        max(steps.released_on) AS newest_release,
        max(steps.snapshot_at) AS taken_at,
        count(CASE WHEN steps.last_date = calendar.before_date THEN 1 END) AS stayed,
        count(CASE WHEN steps.last_date = calendar.before_date AND steps.last_rank = steps.rank THEN 1 END) AS same_rank,
        avg(CASE WHEN steps.last_date = calendar.before_date THEN CAST(abs(steps.rank - steps.last_rank) AS double) END)
            AS rank_change,
        count(
            CASE
                WHEN steps.last_date = calendar.before_date
                    AND steps.last_rank = steps.rank
                    AND coalesce(steps.last_popularity, -1) = coalesce(steps.popularity, -1)
                    THEN 1
            END
        ) AS unchanged,
        count(
            CASE
                WHEN steps.last_date = calendar.before_date
                    AND (
                        steps.last_name <> steps.track_name
                        OR coalesce(steps.last_artist, '') <> coalesce(steps.artist_name, '')
                    )
                    THEN 1
            END
        ) AS renamed
    FROM calendar
    LEFT JOIN steps ON steps.feed = calendar.feed AND steps.snapshot_date = calendar.snapshot_date
    GROUP BY calendar.feed, calendar.snapshot_date, calendar.before_date
),
beside AS (
    SELECT
        *,
        lag(tracks) OVER (PARTITION BY feed ORDER BY snapshot_date) AS last_tracks,
        lag(source) OVER (PARTITION BY feed ORDER BY snapshot_date) AS last_source,
        max(CASE WHEN snapshot_date = :day THEN source END) OVER (PARTITION BY feed) AS source_of_day
    FROM counted
),
-- What is compared with the snapshot before is not known of one that is empty, or of another source.
days AS (
    SELECT
        *,
        CASE WHEN tracks > 0 THEN tracks END AS some,
        CASE WHEN tracks > 0 AND last_tracks > 0 AND last_source = source THEN tracks END AS some_compared,
        CASE WHEN stayed > 0 AND last_source = source THEN CAST(stayed AS double) END AS some_stayed
    FROM beside
),
figures AS (
    SELECT
        days.feed,
        days.snapshot_date,
        days.source,
        days.source_of_day,
        names.figure,
        CASE names.figure
            WHEN 'tracks' THEN tracks
            WHEN 'duplicate_share' THEN CASE WHEN raw_rows > 0 THEN duplicates / raw_rows END
            WHEN 'quarantined_share' THEN CASE WHEN raw_rows > 0 THEN quarantined / raw_rows END
            WHEN 'no_id_share' THEN 1 - with_id / some
            WHEN 'no_artist_share' THEN 1 - with_artist / some
            WHEN 'no_popularity_share' THEN 1 - with_popularity / some
            WHEN 'no_duration_share' THEN 1 - with_duration / some
            WHEN 'no_release_share' THEN 1 - with_release / some
            WHEN 'popularity_low' THEN popularity_low
            WHEN 'popularity_median' THEN popularity_median
            WHEN 'popularity_high' THEN popularity_high
            WHEN 'popularity_zero_share' THEN CASE WHEN with_popularity > 0 THEN popularity_zero / some END
            WHEN 'largest_artist_share' THEN tracks_of_artist / some
            WHEN 'broken_name_share' THEN broken_names / some
            WHEN 'renamed_share' THEN renamed / some_stayed
            WHEN 'newcomer_share' THEN 1 - stayed / some_compared
            WHEN 'kept_share' THEN CASE WHEN some_compared > 0 THEN stayed / last_tracks END
            WHEN 'same_rank_share' THEN same_rank / some_stayed
            WHEN 'unchanged_share' THEN unchanged / some_compared
            WHEN 'rank_change_share' THEN rank_change / CASE WHEN some_stayed > 0 THEN some END
            WHEN 'newest_release_age' THEN date_diff('day', newest_release, CAST(days.snapshot_date AS date))
            WHEN 'snapshot_age' THEN date_diff('day', CAST(taken_at AS date), CAST(days.snapshot_date AS date))
            WHEN 'days_since_previous'
                THEN date_diff('day', CAST(days.before_date AS date), CAST(days.snapshot_date AS date))
        END AS value
    FROM days
    CROSS JOIN (
        VALUES
            ('tracks'), ('duplicate_share'), ('quarantined_share'),
            ('no_id_share'), ('no_artist_share'), ('no_popularity_share'), ('no_duration_share'), ('no_release_share'),
            ('popularity_low'), ('popularity_median'), ('popularity_high'), ('popularity_zero_share'),
            ('largest_artist_share'), ('broken_name_share'), ('renamed_share'),
            ('newcomer_share'), ('kept_share'), ('same_rank_share'), ('unchanged_share'), ('rank_change_share'),
            ('newest_release_age'), ('snapshot_age'), ('days_since_previous')
    ) AS names (figure)
),
history AS (
    SELECT
        feed,
        figure,
        value,
        CASE
            WHEN date_diff('day', CAST(snapshot_date AS date), CAST(:day AS date)) IN (7, 14) THEN value
        END AS weekday_value,
        row_number() OVER (PARTITION BY feed, figure ORDER BY value) AS place,
        count(*) OVER (PARTITION BY feed, figure) AS snapshots
    FROM figures
    WHERE snapshot_date < :day
        AND value IS NOT NULL
        AND coalesce(source, source_of_day, '') = coalesce(source_of_day, source, '')
),
medians AS (
    SELECT feed, figure, avg(value) AS median
    FROM history
    WHERE place BETWEEN (snapshots + 1) / 2 AND (snapshots + 2) / 2
    GROUP BY feed, figure
),
distances AS (
    SELECT
        history.feed,
        history.figure,
        history.value,
        history.weekday_value,
        history.snapshots,
        medians.median,
        abs(history.value - medians.median) AS distance,
        row_number() OVER (PARTITION BY history.feed, history.figure ORDER BY abs(history.value - medians.median)) AS place
    FROM history
    INNER JOIN medians ON medians.feed = history.feed AND medians.figure = history.figure
),
usual AS (
    SELECT
        feed,
        figure,
        max(snapshots) AS snapshots,
        max(median) AS median,
        avg(CASE WHEN place BETWEEN (snapshots + 1) / 2 AND (snapshots + 2) / 2 THEN distance END) AS deviation,
        min(value) AS lowest,
        max(value) AS highest,
        CASE WHEN count(weekday_value) = 2 THEN min(weekday_value) END AS weekday_lowest,
        CASE WHEN count(weekday_value) = 2 THEN max(weekday_value) END AS weekday_highest
    FROM distances
    GROUP BY feed, figure
),
last_figures AS (
    SELECT
        *,
        lag(value) OVER (PARTITION BY feed, figure ORDER BY snapshot_date) AS previous_value
    FROM figures
)
SELECT
    today.feed,
    today.figure,
    today.value,
    today.previous_value,
    coalesce(usual.snapshots, 0) AS snapshots,
    usual.median,
    usual.deviation,
    usual.lowest,
    usual.highest,
    usual.weekday_lowest,
    usual.weekday_highest
FROM last_figures AS today
LEFT JOIN usual ON usual.feed = today.feed AND usual.figure = today.figure
WHERE today.snapshot_date = :day
ORDER BY feed, figure
