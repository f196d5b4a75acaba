#!/usr/bin/env bats
# ops/test/bare.sh itself takes half an hour; this tests its output before it starts.

bats_require_minimum_version 1.5.0

setup() {
  bare=$BATS_TEST_DIRNAME/bare.sh
  mkdir "$BATS_TEST_TMPDIR/bin"
}

given() { # command line
  printf '#!/bin/bash\n%s\n' "$2" >"$BATS_TEST_TMPDIR/bin/$1"
  chmod +x "$BATS_TEST_TMPDIR/bin/$1"
}

@test "the usage says what it takes" {
  run -0 "$bare" --help
  [[ $output == "Usage: ops/test/bare.sh "*"--suite"*"Exit codes: "* ]]
}

@test "an unknown word, and a suite without a name, are wrong usage" {
  run -2 "$bare" everything
  run -2 "$bare" --suite
}

@test "without root, and without mmdebstrap, it says what it needs" {
  local tool
  for tool in bash dirname env sed; do ln -s "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bin/$tool"; done
  given id 'echo 1000'
  PATH=$BATS_TEST_TMPDIR/bin run -1 "$bare"
  [ "$output" = 'bare: please run this as root' ]
  given id 'echo 0'
  PATH=$BATS_TEST_TMPDIR/bin run -1 "$bare"
  [ "$output" = 'bare: please install mmdebstrap: apt-get install mmdebstrap' ]
}
