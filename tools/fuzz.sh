#!/usr/bin/env bash
# Fuzzing with libFuzzer on stable Rust: tools/fuzz.sh SECONDS [TARGET...]
#
# Each target first replays its seeds and what earlier runs found (fuzz/corpus), then mutates them for SECONDS.
# A panic, an input that takes longer than ten seconds or more than a gigabyte ends the run with an error and leaves
# the input in fuzz/artifacts, together with the command that replays it.
set -eu
cd "$(dirname "$0")/../fuzz"

seconds=${1:?how many seconds for each target}
shift
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || mapfile -t targets < <(basename -s .rs fuzz_targets/*.rs)

if ! command -v c++ >/dev/null; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "libFuzzer is built with a C++ compiler: apt-get install g++"
    exit 1
  fi
  echo "installing g++"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends g++ >/dev/null
fi

# What cargo-fuzz gives to a nightly compiler without a sanitizer. A target is named so that build scripts are not instrumented.
triple=$(rustc -vV | sed -n 's/^host: //p')
flags="--cfg fuzzing -C passes=sancov-module -C codegen-units=1"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
  flags+=" -C llvm-args=-sanitizer-coverage-$option"
done
RUSTFLAGS=$flags cargo build --release --target "$triple"

for target in "${targets[@]}"; do
  mkdir -p "corpus/$target" "artifacts/$target"
  options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=4096 -artifact_prefix="artifacts/$target/")
  [ -f "dictionaries/$target.dict" ] && options+=(-dict="dictionaries/$target.dict")
  echo "fuzzing $target for $seconds s"
  log=artifacts/$target/log
  if ! "target/$triple/release/$target" "${options[@]}" "corpus/$target" "seeds/$target" >"$log" 2>&1; then
    tail -n 60 "$log"
    echo "replay: fuzz/target/$triple/release/$target fuzz/artifacts/$target/FILE"
    exit 1
  fi
  tail -n 1 "$log"
done
