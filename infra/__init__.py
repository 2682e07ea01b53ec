"""The stacks of the AWS environment: plain CloudFormation made from feeds and tables, put up and taken down.

Used from the checkout, `python -m infra --help`; the installed package does not have it. What is called what is said in
`pyspotify_assets/names.py`. See `docs/decisions/two-stacks.md` for why there are two.
"""
