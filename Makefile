# Tally: `make run` starts the server, `make test` runs everything. ARGS go to the server:
#   make run ARGS="--port 9000 --redis-url redis://127.0.0.1"
SHELL := bash
.SHELLFLAGS := -Eeuo pipefail -c
.DEFAULT_GOAL := help

JAR := server-tyrus/target/tally-server.jar
SOURCES := $(shell find . -name pom.xml -o -path '*/src/main/*' -type f 2>/dev/null | grep -v '/target/' | sort)
SCRIPTS := .ci/run $(shell find ops -name '*.sh' | sort)
REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null || printf unknown)
MAVEN := mvn -B -ntp -Dtally.revision=$(REVISION)
ARGS ?=

.PHONY: help build run test lint fmt docs clean

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | while IFS='|' read -r target text; do printf '  make %-10s %s\n' "$$target" "$$text"; done

build: $(JAR) ## make the one runnable file, server-tyrus/target/tally-server.jar

$(JAR): $(SOURCES)
	@ops/setup.sh build
	$(MAVEN) -q package -DskipTests
	@touch $@

run: $(JAR) ## start the server in the foreground; ARGS="--port 9000 ..."
	@exec java -jar $(JAR) $(ARGS)

test: ## run every test and check, and install what they need where possible
	@ops/setup.sh test
	@$(MAKE) --no-print-directory lint
	bats --recursive ops/test
	$(MAVEN) verify javadoc:javadoc

lint: ## check the shell scripts
	shellcheck $(SCRIPTS)

fmt: ## format the sources
	$(MAVEN) -q spotless:apply

docs: ## build the Javadoc of the libraries, without a warning
	$(MAVEN) -q compile javadoc:javadoc -pl chat-core,session-redis,metrics

clean: ## remove what the build made
	rm -rf target */target
