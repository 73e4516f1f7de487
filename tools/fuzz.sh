#!/usr/bin/env bash
# Fuzzing with libFuzzer on stable Rust.
#
#   tools/fuzz.sh SECONDS [TARGET...]  mutates the seeds and what earlier runs found (fuzz/corpus), each target so long
#   tools/fuzz.sh short                replays the seeds and mutates them for a few seconds; leaves nothing behind
#   tools/fuzz.sh keep [TARGET...]     adds to the seeds the few finds of fuzz/corpus that together cover most
#
# A panic, an input that takes longer than ten seconds, also when it is tried again, or more than a gigabyte ends the
# run with an error and leaves the input in fuzz/artifacts, together with the command that replays it.
set -eu
cd "$(dirname "$0")/../fuzz"

mode=${1:?SECONDS, short or keep}
shift
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || mapfile -t targets < <(basename -s .rs fuzz_targets/*.rs)

SHORT_SECONDS=3 # chosen: all targets in less than a minute
LARGEST_SEED=160 # chosen: in octets; what is longer is mutated badly, and all of it is in the repository

install_compiler() {
  command -v c++ >/dev/null && return
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "libFuzzer is built with a C++ compiler: apt-get install g++"
    return 1
  fi
  echo "installing g++"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends g++ >/dev/null
}

# What cargo-fuzz gives a compiler when no sanitizer is wanted. A triple is named so that build scripts are left alone.
triple=$(rustc -vV | sed -n 's/^host: //p')
build() {
  local flags="--cfg fuzzing -C passes=sancov-module -C codegen-units=1" option
  for option in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=" -C llvm-args=-sanitizer-coverage-$option"
  done
  RUSTFLAGS=$flags cargo build --release --target "$triple"
}

# Did nothing end the run but inputs that took long, and take no time when they are tried again? libFuzzer goes by the
# clock on the wall, so a machine that stands still, or has too much to do, looks like an input that hangs.
was_held_up() {
  local found input
  mapfile -t found < <(find "artifacts/$1" -type f ! -name log)
  [ "${#found[@]}" -gt 0 ] || return 1
  for input in "${found[@]}"; do
    [[ $input == */timeout-* ]] && "target/$triple/release/$1" -timeout=10 "$input" >>"artifacts/$1/log" 2>&1 || return 1
  done
  rm -f "${found[@]}"
  echo "$1: held up for ten seconds, by nothing that it was given"
}

# run TARGET SECONDS CORPUS...
run() {
  local target=$1 seconds=$2 log=artifacts/$1/log
  shift 2
  local options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=4096 -artifact_prefix="artifacts/$target/")
  [ -f "dictionaries/$target.dict" ] && options+=(-dict="dictionaries/$target.dict")
  mkdir -p "artifacts/$target"
  if ! "target/$triple/release/$target" "${options[@]}" "$@" >"$log" 2>&1 && ! was_held_up "$target"; then
    tail -n 60 "$log"
    echo "replay: fuzz/target/$triple/release/$target fuzz/artifacts/$target/FILE"
    return 1
  fi
  echo "$target: $(tail -n 1 "$log")"
}

keep() {
  local target=$1 small
  small=$(mktemp -d)
  find "corpus/$target" -type f -size "-$((LARGEST_SEED + 1))c" -exec cp -t "$small" {} +
  mkdir -p "seeds/$target"
  "target/$triple/release/$target" -use_counters=0 -set_cover_merge=1 "seeds/$target" "$small" >/dev/null 2>&1
  rm -rf "$small"
  echo "$target: $(find "seeds/$target" -type f | wc -l) seeds"
}

install_compiler
build
for target in "${targets[@]}"; do
  case $mode in
    short)
      found=$(mktemp -d)
      trap 'rm -rf "$found"' EXIT
      run "$target" "$SHORT_SECONDS" "$found" "seeds/$target"
      rm -rf "$found"
      ;;
    keep) keep "$target" ;;
    *)
      mkdir -p "corpus/$target"
      run "$target" "$mode" "corpus/$target" "seeds/$target"
      ;;
  esac
done
