# Tally: `make run` starts the server, `make test` runs everything. ARGS go to the server:
#   make run ARGS="--port 9000 --redis-url redis://127.0.0.1"
# BSD's make prints this line and ends. For GNU make it is a target that is never built.
.error Tally is built with GNU make, on BSD type gmake:
ifeq (,$(filter oneshell,$(.FEATURES)))
$(error Tally is built with GNU make 3.82 or newer, and this is $(MAKE_VERSION): on macOS type brew install make, then gmake)
endif
SHELL := /bin/bash
.SHELLFLAGS := -Eeuo pipefail -c
.DEFAULT_GOAL := help
# Node.js may be in the user's cache.
export PATH := $(shell ops/tools.sh path)

jar := server-tyrus/target/tally-server.jar
web := server-tyrus/src/main/web
# With it the server is ready in 60 % of the time. JDK 17 ignores one that does not fit and says nothing.
archive := $(jar:.jar=.jsa)
# Directories too: a source that was deleted is a change.
sources := .mvn/jvm.config $(shell find . \( -name target -o -path './$(web)' \) -prune -o -name pom.xml -print -o -path '*/src/main*' -print 2>/dev/null) $(shell find $(web)/client $(web)/page)
scripts := .ci/run $(shell find ops server-tyrus/src/test/bench -name '*.sh' -o -name '*.bash' -o -name '*.bats')
# Only of this repository: an unpacked release may be inside another one.
revision := $(or $(if $(wildcard .git),$(shell git rev-parse --short=12 HEAD 2>/dev/null)),unknown)
# The last one shows a warning of the compiler in a quiet build too: -Werror makes it the reason of a failure.
maven := ops/maven.sh --batch-mode --no-transfer-progress -Dtally.revision=$(revision) -Dorg.slf4j.simpleLogger.log.org.apache.maven.plugin.compiler=warn
java := $(if $(JAVA_HOME),'$(JAVA_HOME)/bin/java',java)
# docs/operations/jvm.md explains these. The JVM's own log must not mix with the server's.
java_options := -Xlog:disable -Xlog:all=warning:stderr -XX:+DisplayVMOutputToStderr -XX:+ExitOnOutOfMemoryError
no_download := { echo 'make: what the tests need could not be installed, for the reason above; connect this machine to the network and run this again' >&2; exit 1; }
ARGS ?=
BENCH ?=
peers := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tally/bench

# The load test: see loadtest-locust/README.md, which has the defaults of empty variables.
N ?= 5000
URL ?= ws://127.0.0.1:8000/ws/chat/
RAMP ?= 200
WORKERS ?= 2
SCENARIO ?= steady
venv := loadtest-locust/.venv
flag = $(if $($(1)),$(2) '$($(1))')
python_sources := loadtest-locust ops server-tyrus/src/test/bench
python_checks = $(venv)/bin/ruff check --quiet $(python_sources) && $(venv)/bin/ruff format --quiet --check $(python_sources)
load_test = $(venv)/bin/locust -f loadtest-locust/locustfile.py --loglevel WARNING \
	--processes $(WORKERS) --master-bind-host 127.0.0.1 --host '$(URL)' --users $(N) --spawn-rate $(RAMP) \
	--scenario $(SCENARIO) $(call flag,DURATION,--run-time) $(call flag,PACE,--pace) \
	$(call flag,PROMOTE,--promote) $(call flag,MAX_FAILURES,--max-failures) \
	$(call flag,MAX_ACK_P99,--max-ack-p99) $(call flag,MAX_GAP_P99,--max-gap-p99) $(ARGS)

# The parts of `make test`, which ops/test/suite.py runs. Each can be made alone.
tests := test-java test-promote test-web test-ops test-load-test test-monitoring smoke
# Where a part puts its reports, in JUnit's XML.
reports = target/tests/$@

# The tests of monitoring, and the dashboard's picture.
ops_venv := ops/.venv

.PHONY: help build run bench test $(tests) screenshot lint fmt docs clean load-test load-test-ui dashboard-picture image dev-up dev-down dev-logs promote bench-promote monitor

help: ## show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r target text; do printf '  make %-17s %s\n' "$$target" "$$text"; done

build: $(jar) $(archive) ## make the one runnable file, server-tyrus/target/tally-server.jar

$(jar): $(sources)
	@ops/setup.sh build
	$(maven) --quiet package -DskipTests
	@touch $@

$(archive): $(jar) ops/archive.sh
	@ops/archive.sh $(jar) $@ $(java_options) || echo 'make: without the archive the server takes longer to start' >&2

run: $(jar) $(archive) ## start the server in the foreground; ARGS="--port 9000 ..."
	@command -v $(java) >/dev/null || ops/setup.sh build
	@exec $(java) $(java_options) -XX:SharedArchiveFile=$(archive) -jar $(jar) $(ARGS)

bench: ## measure beside other servers and write docs/BENCHMARKS.md; BENCH="cpu memory" for some parts, --brief to try
	@ops/setup.sh test
	@server-tyrus/src/test/bench/setup.sh $(peers)
	$(maven) --quiet package -DskipTests \
	  org.apache.maven.plugins:maven-dependency-plugin:3.11.0:build-classpath \
	  -Dmdep.outputFile=target/test.classpath -Dmdep.includeScope=test
	$(java) -Xmx2g -XX:+UseSerialGC \
	  -cp "server-tyrus/target/test-classes:server-tyrus/target/classes:$$(<server-tyrus/target/test.classpath)" \
	  dev.tally.bench.Bench $(peers) $(BENCH)

test: ## run every test and check, and install what they need where possible; VERBOSE=1 shows all output
	@ops/setup.sh test
	@VERBOSE=$(VERBOSE) ops/test/suite.py

smoke: ## make run comes up, counts and drains
	@ops/test/smoke.sh

# The jar exists already. Other parts run it, so Maven must not make it again.
test-java: $(jar) ## compiler warnings, rules, format, Javadoc and the tests of all modules
	$(maven) verify -Dtally.shade.skip '-Dtally.reports=$(CURDIR)/$(reports)'

test-ops: $(jar) $(archive) ## the scripts and what ops/ has
	shellcheck $(scripts)
	@mkdir -p $(reports)
	bats --report-formatter junit --output $(reports) $(filter-out ops/test/promote.bats,$(wildcard ops/test/*.bats))

test-promote: $(jar) ## promotions with a real Traefik, Redis and clients
	@mkdir -p $(reports)
	bats --report-formatter junit --output $(reports) ops/test/promote.bats

test-monitoring: $(jar) $(ops_venv)/complete ## the dashboard, the metrics and alerts in a real Prometheus and Alertmanager
	$(ops_venv)/bin/pytest --junit-xml=$(reports)/ops.xml ops/test

test-load-test: $(jar) $(venv)/complete ## the load test, and all Python's style
	$(python_checks)
	$(venv)/bin/pytest --junit-xml=$(reports)/load-test.xml loadtest-locust
	$(venv)/bin/pytest --junit-xml=$(reports)/load-test-client.xml loadtest-locust/tests/under_gevent

test-web: $(jar) $(web)/node_modules ## the JavaScript client and the page
	@mkdir -p $(reports)
	REPORT='$(CURDIR)/$(reports)/junit.xml' npm --prefix $(web) test

screenshot: $(jar) $(web)/node_modules ## take the README's picture of the page again
	@mkdir -p docs/images
	node $(web)/screenshot.js docs/images/page.png

$(web)/node_modules: $(web)/package-lock.json
	@ops/setup.sh test
	npm --prefix $(web) ci --ignore-scripts || $(no_download)
	@touch $@

lint: $(venv)/complete ## everything of make test but the tests: compiler warnings, format, rules, Javadoc, shell
	@ops/setup.sh test
	shellcheck $(scripts)
	$(python_checks)
	$(maven) --quiet verify -DskipTests

fmt: $(venv)/complete ## format the sources
	@ops/setup.sh build
	$(maven) --quiet spotless:apply
	$(venv)/bin/ruff format --quiet $(python_sources)

docs: ## build the Javadoc site of all modules: target/reports/apidocs/index.html
	@ops/setup.sh build
	@# Not every module has a module-info, so the site is made as from one class path.
	$(maven) --quiet package javadoc:aggregate-no-fork -DskipTests -DlegacyMode=true

$(venv)/complete: loadtest-locust/requirements.txt
$(ops_venv)/complete: ops/requirements.txt ops/consumer/requirements.txt
$(venv)/complete $(ops_venv)/complete:
	@ops/setup.sh load-test
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --requirement $< || $(no_download)
	@touch $@

load-test: $(venv)/complete ## 5,000 users who check every count; N=500 URL=ws://... SCENARIO=promotion DURATION=3m
	@$(load_test) --headless --only-summary --stop-timeout 60 \
		--html target/load-test/$(SCENARIO).html --csv target/load-test/$(SCENARIO)

load-test-ui: $(venv)/complete ## the same, with Locust's page on http://127.0.0.1:8089/
	@# A worker takes no new run for as long as its users may take to stop.
	@$(load_test) --web-host 127.0.0.1 --stop-timeout 20

dashboard-picture: $(jar) $(ops_venv)/complete ## draw docs/images/dashboard.png from a colour switch under load
	PYTHONPATH=ops/test $(ops_venv)/bin/python ops/grafana/picture.py docs/images/dashboard.png

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

bench-promote: $(jar) ## 20 promotions under 5,000 clients that check every count; ARGS="10 1000" for fewer
	@ops/setup.sh test
	@ops/test/bench-promote.sh $(ARGS)

monitor: ## the main figures and the last errors on one screen
	@ops/monitor.sh $(ARGS)

clean: ## remove what the build made
	rm -rf target */target
