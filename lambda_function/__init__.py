"""The extraction as an AWS Lambda function: the day's snapshot of every feed, without Dagster, put into landing.

`handler.py` is what Lambda calls; `environment.py` reads its settings, `deadline.py` minds its time. `package.py` makes
the zip, of the modules that `imports.py` finds and of the libraries that `lock.py` pins; these three stay at home.
Nothing of pandas, pyarrow, pydantic or Dagster is needed. Why there is a Lambda: docs/decisions/lambda-or-dagster.md.
"""
