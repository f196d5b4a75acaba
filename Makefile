# Tally: `make run` starts the server, `make test` runs everything. ARGS go to the server:
#   make run ARGS="--port 9000 --redis-url redis://127.0.0.1"
SHELL := /bin/bash
.SHELLFLAGS := -Eeuo pipefail -c
.DEFAULT_GOAL := help

jar := server-tyrus/target/tally-server.jar
web := server-tyrus/src/main/web
# Directories count too: a source that was taken away is a change.
sources := .mvn/jvm.config $(shell find . \( -name target -o -path './$(web)' \) -prune -o -name pom.xml -print -o -path '*/src/main*' -print 2>/dev/null) $(shell find $(web)/client)
scripts := .ci/run $(shell find ops -name '*.sh' -o -name '*.bats')
revision := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
maven := mvn --batch-mode --no-transfer-progress -Dtally.revision=$(revision)
java := $(if $(JAVA_HOME),$(JAVA_HOME)/bin/java,java)
ARGS ?=

.PHONY: help build run test test-web lint fmt docs clean image dev-up dev-down dev-logs promote monitor

help: ## show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r target text; do printf '  make %-9s %s\n' "$$target" "$$text"; done

build: $(jar) ## make the one runnable file, server-tyrus/target/tally-server.jar

$(jar): $(sources)
	@ops/setup.sh build
	$(maven) --quiet package -DskipTests
	@touch $@

run: $(jar) ## start the server in the foreground; ARGS="--port 9000 ..."
	@exec $(java) -jar $(jar) $(ARGS)

test: $(jar) ## run every test and check, and install what they need where possible
	@ops/setup.sh test
	shellcheck $(scripts)
	@rm -rf target/bats-reports && mkdir -p target/bats-reports
	bats --recursive --report-formatter junit --output target/bats-reports ops/test
	$(maven) verify
	@$(MAKE) --no-print-directory test-web

test-web: $(jar) $(web)/node_modules ## run the tests of the JavaScript client alone
	npm --prefix $(web) test

$(web)/node_modules: $(web)/package-lock.json
	@ops/setup.sh test
	npm --prefix $(web) ci --ignore-scripts
	@touch $@

lint: ## everything of make test but the tests: compiler warnings, format, rules, Javadoc, shell
	@ops/setup.sh test
	shellcheck $(scripts)
	$(maven) --quiet verify -DskipTests

fmt: ## format the sources
	@ops/setup.sh build
	$(maven) --quiet spotless:apply

docs: ## build the Javadoc site of all modules: target/reports/apidocs/index.html
	@ops/setup.sh build
	@# Not every module has a module-info, so the site is made as from one class path.
	$(maven) --quiet package javadoc:aggregate-no-fork -DskipTests -DlegacyMode=true

image: $(jar) ## build the container image tally:dev
	docker build --file ops/Dockerfile --tag tally:dev .

dev-up: $(jar) ## start the whole stack in containers: http://127.0.0.1/, Grafana on 3000, Prometheus on 9090
	@ops/dev.sh up

dev-down: ## drain and remove it, sessions included
	@ops/dev.sh down

dev-logs: ## follow its logs
	@ops/dev.sh logs $(ARGS)

promote: $(jar) ## put this build into the colour that is not live, and move everybody there
	@ops/promote.sh $(ARGS)

monitor: ## the main figures and the last errors on one screen
	@ops/monitor.sh $(ARGS)

clean: ## remove what the build made
	rm -rf target */target
