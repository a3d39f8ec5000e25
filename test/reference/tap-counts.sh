#!/usr/bin/env bash
# Prints the tests of a TAP file and `N passed, M failed`; fails unless all passed: tap-counts.sh FILE STATUS
set -euo pipefail
readonly tap=$1 status=$2
count() { awk -v name="$1" '$1 == "#" && $2 == name { found = $3 } END { print found + 0 }' "$tap"; }
grep -E '^ *(not ok|ok) ' "$tap" || true
passed=$(count pass)
failed=$(($(count fail) + $(count cancelled)))
# A run that ended otherwise than by its tests is a failure too.
[[ $failed -gt 0 || $status -eq 0 ]] || failed=1
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
