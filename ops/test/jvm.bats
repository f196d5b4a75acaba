#!/usr/bin/env bats
# Every start of ours has the JVM options that keep standard output for the log, and those that end a
# process when memory has run out. docs/operations/jvm.md explains them.

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
