#!/usr/bin/env bats
# Whoever starts the server with options of ours gives those that keep standard output for the log,
# and that end a process without memory. docs/operations/jvm.md, says why.

@test "every start of ours gives the same two options" {
  cd "$BATS_TEST_DIRNAME/../.."
  for file in Makefile ops/image/jvm.options ops/systemd/tally@.service ops/promote/process.sh; do
    for option in -XX:+DisplayVMOutputToStderr -XX:+ExitOnOutOfMemoryError; do
      grep --quiet --fixed-strings -e "$option" "$file" || {
        echo "$file lacks $option"
        return 1
      }
    done
  done
}
