#!/usr/bin/env bats
# What `make build` leaves.

setup() {
  jar=$BATS_TEST_DIRNAME/../../server-tyrus/target/tally-server.jar
  tools=${JAVA_HOME:+$JAVA_HOME/bin/}
}

@test "the jar is multi-release, as some of the libraries in it are" {
  cd "$BATS_TEST_TMPDIR"
  "${tools}jar" --extract --file "$jar" META-INF/MANIFEST.MF
  run tr -d '\r' <META-INF/MANIFEST.MF
  [[ $output == *$'\nMulti-Release: true'* ]]
  [[ $output == *$'\nMain-Class: dev.tally.server.Main'* ]]
}

@test "Maven alone does not make the jar of a release, since it does not know the revision" {
  local pom
  cd "$BATS_TEST_DIRNAME/../.."
  for pom in pom.xml */pom.xml; do
    mkdir -p "$BATS_TEST_TMPDIR/$(dirname "$pom")"
    cp "$pom" "$BATS_TEST_TMPDIR/$pom"
  done
  cp -R .mvn "$BATS_TEST_TMPDIR"
  cd "$BATS_TEST_TMPDIR"
  jar=server-tyrus/target/tally-server.jar
  mvn --offline --batch-mode --quiet --projects server-tyrus --also-make package -DskipTests
  [ ! -e "$jar" ]
  mvn --offline --batch-mode --quiet --projects server-tyrus --also-make package -DskipTests -Dtally.revision=abc
  [ -e "$jar" ]
}
