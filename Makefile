# make check: everything that a change must pass. BIN=.venv/bin/ runs the tools of that environment.
BIN ?=

.PHONY: check format lint types layers docs test web

check: lint types layers docs test

format:
	$(BIN)ruff format .
	$(BIN)ruff check --fix .

lint:
	$(BIN)ruff format --check .
	$(BIN)ruff check .

types:
	$(BIN)mypy

layers:
	$(BIN)lint-imports

# The documentation site, in build/site.
docs:
	$(BIN)mkdocs build -q

test:
	$(BIN)python -m pytest

# The npm package, in web/dist: our code, ONNX Runtime and the default model.
web:
	npm ci --prefix web
	$(BIN)jaxshrink export onnx -o web/models
	npm run build --prefix web
