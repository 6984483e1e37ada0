#!/usr/bin/env bash
# What a change must pass before it is pushed: format, both compilers, all tests, all tests under sanitizers.
#   scripts/check.sh             everything but tidy
#   scripts/check.sh format      one step: format, test, clang, asan, tidy
#   scripts/check.sh tidy        clang-tidy over the files that differ from the main branch
#   scripts/check.sh tidy --all  over all of them; takes half a minute a file
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
  SWEEPD_BIN=$PWD/build-asan/bin ctest --test-dir build-asan -j 2 --output-on-failure --no-tests=error
}

# The sources of the programs that differ from where this branch left the main one; on the main branch itself,
# those of the last commit. What is not committed counts.
changed() {
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || git rev-parse HEAD)
  if [[ $base = "$(git rev-parse HEAD)" ]]; then
    base=$(git rev-parse --quiet --verify HEAD~1 || echo "$base")
  fi
  { git diff --name-only --diff-filter=d "$base" && git ls-files --others --exclude-standard; } | sort -u
}

# Quiet when it works, complete when it does not.
tidy_file() {
  local said
  # The commands are those of g++, which knows warnings that clang does not.
  said=$(clang-tidy-19 --quiet --extra-arg=-Wno-unknown-warning-option -p build "$1" 2>&1) || {
    printf '%s\n' "$said"
    return 1
  }
}
export -f tidy_file

check_tidy() {
  scripts/build  # for the compile commands and the generated headers
  local list=changed
  if [[ $all = yes ]]; then
    list=sources
  fi
  # Tests are not looked at: the assertion macros of doctest are most of what would be found there.
  { $list | grep -E '^(base|blobs|wire|sweeps|daemon|agent|cli)/.*\.(cc|h)$' || true; } |
    xargs --no-run-if-empty -P 2 -I{} bash -c 'tidy_file {}'
}

all=no
steps=()
for argument in "$@"; do
  if [[ $argument = --all ]]; then
    all=yes
  else
    steps+=("$argument")
  fi
done
if [[ ${#steps[@]} -eq 0 ]]; then
  steps=(format test clang asan)
fi

scripts/setup --dev --no-build
for step in "${steps[@]}"; do
  echo "== $step"
  "check_$step"
done
