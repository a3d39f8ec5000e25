#!/usr/bin/env bash
# The compliance suite of training engines on TensorFlow's own library. The install script of @tensorflow/tfjs-node downloads that
# library from a storage host; here it comes out of the Python package instead, and the binding is compiled against it.
#
#   test/reference/tfjs-node/check.sh          builds once (minutes, 1.3 GB), then runs the suite
#   test/reference/tfjs-node/check.sh --build  only builds, and prints the folder: bench.ts can be run in its `coldmesh`
#
# Needs g++ and a Python with pip. COLDMESH_CACHE moves what is kept (default ~/.cache/coldmesh).
set -euo pipefail

readonly TFJS_VERSION=4.22.0
readonly TENSORFLOW_VERSION=2.21.0
readonly HEADERS_VERSION=1.9.0
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
cache=${COLDMESH_CACHE:-$HOME/.cache/coldmesh}/tfjs-node
deadline=${TFJS_NODE_DEADLINE:-300}
export PATH="$repository/node_modules/.bin:$PATH"

kept=$TFJS_VERSION-$TENSORFLOW_VERSION-$HEADERS_VERSION
if [[ $(cat "$cache/version" 2>/dev/null) != "$kept" ]]; then
  rm -rf "$cache"
  mkdir -p "$cache"
  echo "building @tensorflow/tfjs-node $TFJS_VERSION on TensorFlow $TENSORFLOW_VERSION in $cache" >&2
  (
    cd "$cache"
    echo '{ "private": true }' >package.json
    npm install --ignore-scripts --no-audit --no-fund --no-save \
      "@tensorflow/tfjs-node@$TFJS_VERSION" "node-api-headers@$HEADERS_VERSION"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
      --dest wheel "tensorflow-cpu==$TENSORFLOW_VERSION"
    python3 - <<'PYTHON'
import glob, zipfile
wheel = zipfile.ZipFile(glob.glob("wheel/*.whl")[0])
parts = ("tensorflow/include/", "tensorflow/libtensorflow")
wheel.extractall(".", [name for name in wheel.namelist() if name.startswith(parts)])
PYTHON
    rm -r wheel
    ln -s libtensorflow_cc.so.2 tensorflow/libtensorflow.so
    ln -s libtensorflow_framework.so.2 tensorflow/libtensorflow_framework.so
    package=node_modules/@tensorflow/tfjs-node
    mkdir -p "$package/lib/napi-v8"
    nice -n 10 g++ -std=c++17 -O1 -shared -fPIC -DNAPI_VERSION=8 \
      -I "$package" -I "$package/binding" -I tensorflow/include -I node_modules/node-api-headers/include \
      "$package"/binding/tfjs_backend.cc "$package"/binding/tfjs_binding.cc \
      -L tensorflow -ltensorflow -ltensorflow_framework "-Wl,-rpath,$cache/tensorflow" \
      -o "$package/lib/napi-v8/tfjs_binding.node"
    echo "$kept" >version
  ) >&2
fi
# Modules are looked for beside the link, so that this folder's packages are found from the repository's files.
ln -sfn "$repository" "$cache/coldmesh"
if [[ ${1:-} == --build ]]; then
  echo "$cache"
  exit 0
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$cache"
status=0
timeout "$deadline" node --preserve-symlinks --preserve-symlinks-main --conditions=coldmesh-source \
  --test --test-reporter=tap coldmesh/test/reference/tfjs-node/compliance.test.ts \
  >"$scratch/tap" 2>"$scratch/errors" || status=$?
"$repository/test/reference/tap-counts.sh" "$scratch/tap" "$status" || { tail -n 60 "$scratch/tap" "$scratch/errors" && exit 1; }
