#!/usr/bin/env bash
# Attestations of bases by standard tools, each as its makers publish it: securesystemslib and in-toto-attestation, model_signing, cyclonedx-python-lib.
#
#   test/reference/attest/check.sh RESULT.json   of the last line of `coldmesh demo --json --keep`
#   test/reference/attest/check.sh --install     fetches what it needs, and no more
#
# Their Python packages are in a folder of their own: COLDMESH_CACHE (default ~/.cache/coldmesh)/attest.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${COLDMESH_CACHE:-$HOME/.cache/coldmesh}/attest
[[ -x $venv/bin/python ]] || /usr/bin/python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
[[ $1 != --install ]] || exit 0
result=$(realpath "$1")
# A base that has what the demo's have not: exclusions, a new committee, a clipped mean, reports, licences of every kind.
base=$(mktemp -d)
trap 'rm -rf "$base"' EXIT
(cd "$here/../../.." && node_modules/.bin/node --conditions=coldmesh-source test/reference/attest/make-base.ts "$base") >/dev/null
"$venv/bin/python" "$here/check.py" "$result" "$base"
