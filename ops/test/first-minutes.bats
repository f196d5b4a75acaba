#!/usr/bin/env bats
# Problems of the first minutes: for each, one sentence says what to do. setup.bats has more of them.

bats_require_minimum_version 1.5.0

load processes

setup() {
  checkout=$BATS_TEST_DIRNAME/../..
  work=$BATS_TEST_TMPDIR
  : >"$BATS_FILE_TMPDIR/pids"
}

teardown() { end_all; }

# A Maven that fails with the real one's output.
given_maven() { # line...
  mkdir -p "$work/bin"
  printf '#!/bin/bash\necho "$*" >"%s/arguments"\ncat <<"SAID"\n' "$work" >"$work/bin/mvn"
  printf '%s\n' "$@" SAID 'exit 1' >>"$work/bin/mvn"
  chmod +x "$work/bin/mvn"
  PATH=$work/bin:$PATH
}

@test "without a network Maven's failure ends with what to do" {
  given_maven '[ERROR] Plugin org.apache.maven.plugins:maven-clean-plugin:3.2.0 or one of its dependencies could not be resolved: Could not transfer artifact org.apache.maven.plugins:maven-clean-plugin:pom:3.2.0 from/to central: Unknown host: Temporary failure in name resolution -> [Help 1]'
  run -1 --separate-stderr "$checkout/ops/maven.sh" --quiet package
  [[ $output == *"Could not transfer artifact"* ]]
  [[ $stderr == "make: Maven could not download what the build needs; connect this machine to the network, or name your proxy in ~/.m2/settings.xml"* ]]
  [ "$(<"$work/arguments")" = "--quiet package" ]
}

@test "a home that cannot be written to is said, with another place for Maven's downloads" {
  local said
  for said in '[ERROR] Could not create local repository at /nonexistent/.m2/repository -> [Help 1]' \
    '[ERROR] Could not transfer artifact org.junit:junit-bom:pom:6.1.3 from/to central: /home/me/.m2/repository/org/junit/junit-bom/6.1.3/junit-bom-6.1.3.pom.part.lock (Read-only file system)'; do
    given_maven "$said"
    run -1 --separate-stderr "$checkout/ops/maven.sh" package
    [ "$stderr" = "make: Maven cannot write to its directory for downloads; name another one and run this again: export MAVEN_OPTS=-Dmaven.repo.local=/tmp/maven" ]
  done
}

@test "a certificate of a company's proxy is said" {
  given_maven '[ERROR] Could not transfer artifact a:b:pom:1 from/to central: PKIX path building failed: unable to find valid certification path'
  run -1 --separate-stderr "$checkout/ops/maven.sh" package
  [[ $stderr == "make: Maven does not trust the certificate that it was shown"* ]]
}

@test "what is wrong with the code gets no advice" {
  given_maven '[ERROR] COMPILATION ERROR :'
  run -1 --separate-stderr "$checkout/ops/maven.sh" package
  [ -z "$stderr" ]
}

@test "a make that is too old is refused with what to do" {
  run -2 make --no-print-directory -C "$checkout" .FEATURES= run
  [[ $output == *"Tally is built with GNU make 3.82 or newer, and this is "*": on macOS type brew install make, then gmake"* ]]
}

@test "BSD's make is refused with what to do" {
  command -v bmake >/dev/null || skip 'needs bmake'
  cd "$checkout"
  # It would read the flags of the GNU make that runs the tests.
  run -1 env --unset=MAKEFLAGS bmake run
  [[ $output == *"Tally is built with GNU make, on BSD type gmake"* ]]
}

@test "a JAVA_HOME without a JDK is said before anything is started" {
  export JAVA_HOME=$work/nowhere
  run -2 make --no-print-directory -C "$checkout" run
  [[ $output == *"setup: JAVA_HOME is $work/nowhere, where there is no JDK 17 or newer; unset it, or set it to one, and run this again"* ]]
}

@test "make dev-up says that a checkout made with umask 077 cannot be read by the containers, and what to type" {
  umask 077
  cp -R "$checkout/ops" "$work/ops"
  chmod -R go= "$work/ops"
  run -1 "$work/ops/dev.sh" up
  [[ $output == "dev: the containers run as other users, who cannot read $work/ops/"*"; type: chmod -R go+rX ops" ]]
}

@test "make dev-up without Docker says so" {
  mkdir "$work/bin"
  printf '#!/bin/bash\nexit 1\n' >"$work/bin/docker"
  chmod +x "$work/bin/docker"
  PATH=$work/bin:$PATH run -1 "$checkout/ops/dev.sh" up
  [ "$output" = "dev: no Docker engine answers; docker info says why. Without Docker, make run starts the server alone" ]
}

# shellcheck disable=SC2016 # the made-up tools expand it
@test "what pip or npm cannot download for the tests ends with what to do" {
  local tool target
  cp -R "$checkout/Makefile" "$checkout/ops" "$work"
  mkdir -p "$work/loadtest-locust" "$work/server-tyrus/src/main/web" "$work/bin"
  touch "$work/loadtest-locust/requirements.txt" "$work/server-tyrus/src/main/web/package-lock.json"
  # A pip and an npm that reach nothing, and a setup.sh that finds all.
  for tool in npm setup.sh; do
    printf '#!/bin/bash\n[[ $0 != */npm ]]\n' >"$work/bin/$tool"
    chmod +x "$work/bin/$tool"
  done
  printf '#!/bin/bash\nmkdir -p "${@: -1}/bin"\nprintf "#!/bin/bash\\nexit 1\\n" >"${@: -1}/bin/pip"\nchmod +x "${@: -1}/bin/pip"\n' >"$work/bin/python3"
  chmod +x "$work/bin/python3"
  cp "$work/bin/setup.sh" "$work/ops/setup.sh"
  for target in loadtest-locust/.venv/complete server-tyrus/src/main/web/node_modules; do
    XDG_CACHE_HOME=$work PATH=$work/bin:$PATH run -2 make --no-print-directory -C "$work" "$target"
    [[ $output == *"make: what the tests need could not be installed, for the reason above; connect this machine to the network and run this again"* ]]
  done
}

# What make run needs of a checkout that was built, without its .git.
unpack() { # directory
  mkdir -p "$1/server-tyrus/target" "$1/server-tyrus/src/main/web"
  cp -R "$checkout/Makefile" "$checkout/.mvn" "$checkout/ops" "$1"
  cp -R "$checkout/server-tyrus/src/main/web/client" "$checkout/server-tyrus/src/main/web/page" "$1/server-tyrus/src/main/web"
  cp "$checkout"/server-tyrus/target/tally-server.{jar,jsa} "$1/server-tyrus/target"
  # In this order: the archive is made from the jar.
  touch "$1/server-tyrus/target/tally-server.jar"
  touch "$1/server-tyrus/target/tally-server.jsa"
}

is_ready() { port=$(sed -nE 's/.*"event":"ready","port":([0-9]+).*/\1/p' "$work/log") && [[ -n $port ]]; }

# Two messages are counted; the arguments are for env.
counts() {
  start "$work/log" env "$@" make --no-print-directory run ARGS='--host 127.0.0.1 --port 0 --admin-port 0 --log-format json'
  await is_ready
  local counted
  counted=$(printf 'one\ntwo\n' | env "$@" java -jar server-tyrus/target/tally-server.jar client "ws://127.0.0.1:$port/ws/chat/" 2>"$work/client.log")
  [ "$counted" = $'1\n2' ]
}

@test "make run takes a checkout whose path has spaces, without .git, with umask 077 and no home" {
  umask 077
  unpack "$work/a tally of mine"
  cd "$work/a tally of mine"
  counts --unset=HOME
}

@test "make run takes a home that cannot be written to" {
  unpack "$work/tally"
  cd "$work/tally"
  counts HOME=/proc
}

@test "make run counts in ASCII digits whatever the language" {
  local language
  unpack "$work/tally"
  cd "$work/tally"
  for language in '-Duser.language=tr -Duser.country=TR' '-Duser.language=ar -Duser.country=EG' '-Duser.language=de -Duser.country=DE'; do
    counts "JAVA_TOOL_OPTIONS=$language"
  done
}

@test "an unpacked release inside another repository does not take its revision for its own" {
  git init --quiet "$work"
  git -C "$work" -c user.name=a -c user.email=a@b commit --quiet --allow-empty --message one
  mkdir "$work/tally"
  cp -R "$checkout/Makefile" "$checkout/ops" "$work/tally"
  # shellcheck disable=SC2016 # make expands it
  run -0 make --no-print-directory -C "$work/tally" --eval 'show: ; @echo $(revision)' show
  [[ ${lines[-1]} == unknown ]]
}
