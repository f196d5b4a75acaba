#!/usr/bin/env bats
# The archive of classes. That a real one is made and fits is checked by .ci/run.

setup() {
  archive=$BATS_TEST_DIRNAME/../archive.sh
  work=$BATS_TEST_TMPDIR
}

@test "wrong usage exits with 2" {
  run "$archive" only-one
  [ "$status" -eq 2 ]
  [[ $output == Usage:* ]]
}

@test "a missing jar is named" {
  run "$archive" "$work/none.jar" "$work/out.jsa"
  [ "$status" -eq 1 ]
  [[ $output == "archive: there is no $work/none.jar" ]]
}

@test "a server that does not start leaves no archive, and its last line is shown" {
  mkdir -p "$work/jdk/bin"
  printf '#!/bin/sh\necho "tally-server: no luck"\nexit 1\n' >"$work/jdk/bin/java"
  chmod +x "$work/jdk/bin/java"
  touch "$work/server.jar"
  JAVA_HOME=$work/jdk run "$archive" "$work/server.jar" "$work/out.jsa"
  [ "$status" -eq 1 ]
  [[ $output == *"the server ended: tally-server: no luck" ]]
  [ ! -e "$work/out.jsa" ]
}

@test "JDK 17 says nothing about an archive that does not fit, unless it must use it" {
  local jar=$BATS_TEST_DIRNAME/../../server-tyrus/target/tally-server.jar java=${JAVA_HOME:+$JAVA_HOME/bin/}java
  local options=(-Xlog:disable -Xlog:all=warning:stderr "-XX:SharedArchiveFile=$work/other.jsa")
  "$java" -version 2>&1 | grep --quiet 'version "17' || skip 'this is another JDK'
  "$archive" "$jar" "$work/other.jsa"
  cp "$jar" "$work/moved.jar"
  run "$java" "${options[@]}" -jar "$work/moved.jar" --version
  echo "$output"
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 1 ]
  run "$java" -Xshare:on "${options[@]}" -jar "$work/moved.jar" --version
  echo "$output"
  [ "$status" -eq 1 ]
}
