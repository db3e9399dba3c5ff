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

# The npm package, in web/dist: our code, the page, ONNX Runtime and all models; and what
# `jaxshrink app` serves, in jaxshrink/webapp, for the wheel.
web:
	npm ci --prefix web
	for model in jaxshrink/shipped/*.safetensors; do \
	    $(BIN)jaxshrink export onnx $$(basename $$model .safetensors) -o web/models; done
	npm run build --prefix web
	rm -rf jaxshrink/webapp && cp -r web/dist jaxshrink/webapp
	rm -rf jaxshrink/webapp/types jaxshrink/webapp/*.map jaxshrink/webapp/app/*.map
