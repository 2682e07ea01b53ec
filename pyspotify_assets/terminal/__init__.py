"""What the commands of `cli.py` do: plan the days, run jobs in this process, and show progress, tables and facts."""
