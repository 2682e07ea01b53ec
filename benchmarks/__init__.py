"""How fast and how large the pipeline is beside what one would use instead: `make bench`, or `python -m benchmarks -h`.

    __main__.py   the command: which groups, how large, where the figures go
    rounds.py     a row of the benchmark; contenders interleaved; medians and ratios
    processes.py  a measurement in a process of its own: seconds, peak memory, what it said
    table.py      figures as a table on the terminal and in docs/benchmarks.md
    machine.py    what it ran on
    <group>       a module or package with `rows`, and a part in docs/benchmarks.md

A group is a module with one generator. What a row needs is made when it is asked for and may go when it is left:

    def rows(quick: bool, scratch: Path) -> Iterator[Row]:
        days = made_days(scratch, 10 if quick else 1_000)
        yield Row(
            work="rebuild refined for 1,000 days",
            how="whole process",
            ours="pyspotify backfill",
            contenders={
                "pyspotify backfill": lambda: processes.python("benchmarks.backfill.ours", days).figures,
                "plain pyarrow loop": lambda: processes.python("benchmarks.backfill.loop", days).figures,
            },
            bars={"seconds": 2.0},
        )

A contender is a function without arguments that gives its figures: `seconds`, `peak` (bytes of memory), `bytes`, or a
count by any other name. `Absent`, raised with the reason, leaves it out. To be found, the group stands in GROUPS of
`__main__.py`. A development tool: nothing of pyspotify_assets imports it.
"""
