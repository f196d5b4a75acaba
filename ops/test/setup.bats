#!/usr/bin/env bats

setup() {
  script="$BATS_TEST_DIRNAME/../setup.sh"
  bin="$BATS_TEST_TMPDIR/bin"
  mkdir "$bin"
  for tool in bash id env; do
    ln -s "$(command -v "$tool")" "$bin/$tool"
  done
}

present() {
  local tool
  for tool in "$@"; do
    printf '#!/bin/sh\n' >"$bin/$tool"
    chmod +x "$bin/$tool"
  done
}

@test "an unknown word is refused with exit code 2" {
  run "$script" everything
  [ "$status" -eq 2 ]
  [ "$output" = "usage: ops/setup.sh build|test; got: everything" ]
}

@test "nothing is installed where all is there" {
  present javac mvn redis-server redis-cli openssl curl pgrep shellcheck bats
  PATH="$bin" run "$script" test
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "without apt it says in one sentence what is missing" {
  present javac redis-server redis-cli openssl curl pgrep bats
  PATH="$bin" run "$script" test
  [ "$status" -eq 1 ]
  [ "$output" = "Please install these first (names as in Debian): maven shellcheck" ]
}

@test "the build alone needs no Redis" {
  present javac mvn
  PATH="$bin" run "$script" build
  [ "$status" -eq 0 ]
}
