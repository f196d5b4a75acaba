#!/usr/bin/env bats
# Scripts read and write the same in every locale.
bats_require_minimum_version 1.5.0

setup() {
  mkdir "$BATS_TEST_TMPDIR/locales"
  # It exits with 1 after warnings that do not matter here.
  localedef -i de_DE -f UTF-8 "$BATS_TEST_TMPDIR/locales/de_DE.UTF-8" || true
  [[ -s $BATS_TEST_TMPDIR/locales/de_DE.UTF-8/LC_NUMERIC ]] || skip 'the package locales is not installed'
  export LOCPATH=$BATS_TEST_TMPDIR/locales LC_ALL=de_DE.UTF-8 LANGUAGE=de
}

# A number, the encoding, and an order, in the locale of a shell that ran the given line before.
show() { # number line
  bash -c "$2
    printf '%.1f %s\\n' $1 \"\$(locale charmap)\"
    printf '%s\\n' b A a B | sort | paste --serial"
}

@test "numbers and order are those of no language, and the encoding stays" {
  run -0 show 1,5 :
  [[ $output == $'1,5 UTF-8\na\tA\tb\tB' ]]

  run -0 show 1.5 'source ops/shell.sh'
  [[ $output == $'1.5 UTF-8\nA\tB\ta\tb' ]]
}
