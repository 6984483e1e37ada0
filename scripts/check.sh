#!/usr/bin/env bash
# What a change must pass before it is pushed: format, both compilers, all tests, all tests under sanitizers.
#   scripts/check.sh           everything
#   scripts/check.sh format    one step: format, test, clang, asan
set -euo pipefail
cd "$(dirname "$0")/.."

sources() {
  git ls-files '*.cc' '*.h'
}

check_format() {
  sources | xargs clang-format-14 --dry-run -Werror
}

check_test() {
  scripts/test
}

check_clang() {
  scripts/build --tests --preset clang
}

check_asan() {
  scripts/build --tests --preset asan
  SWEEPD_BIN=$PWD/build-asan/bin ctest --test-dir build-asan --output-on-failure --no-tests=error
}

scripts/setup --dev --no-build
for step in "${@:-format test clang asan}"; do
  for name in $step; do
    echo "== $name"
    "check_$name"
  done
done
