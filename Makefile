# One-word targets. Everything lives in .venv; nothing is installed elsewhere.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run dev test test-slow test-aws prove bench audit lint format lock lambda pictures docs templates deploy destroy clean help

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 18

run: .venv/ready ## Set up, then bring the last 14 days up to date (the built-in sample without credentials)
	@$(BIN)/pyspotify run

dev: .venv/ready ## Open the Dagster UI with schedules and sensors live
	$(BIN)/python -m pyspotify_assets.webserver

test: .venv/ready-dev ## Set up and run the tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

test-slow: .venv/ready-spark ## Run the slow proofs: gigabytes and minutes
	$(BIN)/python -m pytest -m slow

test-aws: .venv/ready-spark ## Run the tests that need an AWS endpoint, PYSPOTIFY_TEST_AWS_ENDPOINT
	$(BIN)/python -m pytest -m aws

prove: .venv/ready-spark ## Run the proofs in full, for hours, where the tests take samples; ends with their figures
	PYSPOTIFY_TEST_PROVE=all $(BIN)/python -m pytest -m proof

bench: .venv/ready-bench ## Measure speed and memory beside the alternatives, two hours; QUICK=1 only shows that it works
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

audit: .venv/bin/python ## Look for known weaknesses of all that is pinned (needs the network)
	@$(PYTHON) -m venv .venv/audit && .venv/audit/bin/pip install --quiet --disable-pip-version-check pip-audit
	@for pinned in requirements.txt requirements-dev.txt requirements-spark.txt requirements-bench.txt lambda_function/requirements.txt; do \
		echo "$$pinned"; .venv/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement $$pinned || exit 1; done

lint: .venv/ready-dev ## Check style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/ready-dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/ready-dev ## Pin all dependencies anew, with hashes (needs uv)
	echo 'setuptools>=77' | uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-header --no-strip-extras \
		--python-version 3.11 --output-file requirements.txt pyproject.toml -
	echo 'setuptools>=77' | uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-strip-extras \
		--python-version 3.11 --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml -
	echo 'setuptools>=77' | uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-strip-extras \
		--python-version 3.11 --extra spark --constraint requirements.txt --output-file requirements-spark.txt pyproject.toml -
	echo 'setuptools>=77' | uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-strip-extras \
		--python-version 3.11 --extra bench --constraint requirements.txt --output-file requirements-bench.txt pyproject.toml -
	$(BIN)/python -m lambda_function.lock

lambda: .venv/ready ## Build the Lambda's zip, build/lambda.zip
	@$(BIN)/python -m lambda_function.package

pictures: .venv/ready-dev ## Make the README's pictures anew (needs chromium)
	$(BIN)/python -m scripts.pictures

docs: .venv/ready ## Write the generated documents in docs/ anew
	@$(BIN)/python -m scripts.documents

templates: .venv/ready ## Write the committed CloudFormation templates anew
	@$(BIN)/python -m infra templates

deploy: .venv/ready ## Put the AWS environment up, or bring it up to date; STAGE=dev for another stage
	@$(BIN)/python -m infra deploy $(if $(STAGE),--stage $(STAGE)) $(OPTIONS)

destroy: .venv/ready ## Take the AWS environment down; data stay, unless DATA=delete
	@$(BIN)/python -m infra destroy $(if $(STAGE),--stage $(STAGE)) $(if $(filter delete,$(DATA)),--data) $(OPTIONS)

clean: ## Remove what the targets made: .venv, caches and Dagster's history; the lake stays
	rm -rf .venv .dagster .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Python 3.11, 3.12 or 3.13 is needed; set PYTHON=python3.12, for example."; exit 1; }
	@echo "Setting up .venv: about a minute, once"
	@$(PYTHON) -m venv .venv

.venv/ready: .venv/bin/python requirements.txt pyproject.toml
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt pyspotify_assets_tests/package.json
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@cp pyspotify_assets_tests/package.json .venv
	@{ command -v npm && npm install --prefix .venv --silent --include=dev --no-package-lock --no-audit --no-fund --ignore-scripts; } >/dev/null \
		|| echo "No axe-core, which npm and its registry give: the tests for accessibility will be skipped."
	@touch $@

.venv/ready-spark: .venv/ready-dev requirements-spark.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.txt
	@touch $@

.venv/ready-bench: .venv/ready-spark requirements-bench.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@
