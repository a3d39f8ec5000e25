#!/usr/bin/env bash
# The compliance suite of training engines on WebGPU, without a GPU: on SwiftShader, from Debian's chromium-common.
#   test/reference/webgpu/check.sh
# Both engines beside each other, every family. WEBGPU_WHOLE=1 also takes the programs that TensorFlow.js chooses by itself, and the long runs twice.
# SWIFTSHADER names the folder with libvk_swiftshader.so and libvulkan.so.1 when it is another one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
export PATH="$PWD/node_modules/.bin:$PATH"
readonly swiftshader=${SWIFTSHADER:-/usr/lib/chromium}
readonly deadline=${WEBGPU_DEADLINE:-1200}

for library in libvk_swiftshader.so libvulkan.so.1; do
  if [[ ! -e $swiftshader/$library ]]; then
    echo "$swiftshader/$library is not there: apt-get install --no-install-recommends chromium-common" >&2
    exit 1
  fi
done

readonly scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/icd.json" <<JSON
{ "file_format_version": "1.0.0", "ICD": { "library_path": "$swiftshader/libvk_swiftshader.so", "api_version": "1.0.5" } }
JSON

status=0
LD_LIBRARY_PATH="$swiftshader" VK_ICD_FILENAMES="$scratch/icd.json" timeout "$deadline" \
  node --conditions=coldmesh-source --test --test-concurrency=2 --test-reporter=tap test/reference/webgpu/*.test.ts \
  >"$scratch/tap" 2>"$scratch/errors" || status=$?
test/reference/tap-counts.sh "$scratch/tap" "$status" || { tail -n 60 "$scratch/tap" "$scratch/errors" && exit 1; }
