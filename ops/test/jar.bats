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
