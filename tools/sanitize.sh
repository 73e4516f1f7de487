#!/usr/bin/env bash
# Runs the tests of the engine, which has all unsafe code, under checkers of memory and threads.
#
#   tools/sanitize.sh [memory|address|thread...]  all three if none is named
#
# memory    valgrind: octets that were never written, also in what is handed to a system call
# address   AddressSanitizer: what is beyond the end of an object or already freed, also what a system call writes there
# thread    ThreadSanitizer: the publication of zones against their readers. Its standard library comes compiled without it,
#           so that a mutex or a condition that somebody waited for is not seen: the tests of the service are left out.
#
# The sanitizers belong to the compiler and come with rustup's toolchains; a stable one must be asked for them by
# RUSTC_BOOTSTRAP. Miri and a standard library of our own would need a nightly toolchain and its sources.
set -eu
cd "$(dirname "$0")/.."

checkers=("$@")
[ "${#checkers[@]}" -gt 0 ] || checkers=(memory address thread)
triple=$(rustc -vV | sed -n 's/^host: //p')

install_valgrind() {
  command -v valgrind >/dev/null && return
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "the memory checker is missing: apt-get install valgrind"
    return 1
  fi
  echo "installing valgrind"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends valgrind libc6-dbg >/dev/null
}

check_memory() {
  install_valgrind
  local built tests test
  built=$(cargo test --package understudy-engine --lib --test service --test batches --no-run --message-format=json --quiet)
  mapfile -t tests < <(sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' <<<"$built")
  [ "${#tests[@]}" -eq 3 ] || { echo "there should be three programs of tests: ${tests[*]}"; return 1; }
  for test in "${tests[@]}"; do
    # Some tests have a thread panic, and whoever waits for its answer has not the seconds that valgrind takes to name a stack.
    RUST_BACKTRACE=0 valgrind --quiet --error-exitcode=9 "$test" --quiet --test-threads=1
  done
}

# sanitized NAME RUSTFLAGS TEST-OPTION...
sanitized() {
  local runtime
  runtime=$(rustc --print target-libdir)/librustc-stable_rt.$1.a
  if ! compgen -G "$(rustc --print target-libdir)/librustc-*_rt.$1.a" >/dev/null; then
    echo "this toolchain has no $(basename "$runtime"): use rustup's"
    return 1
  fi
  local flags=$2 name=$1
  shift 2
  RUSTC_BOOTSTRAP=1 RUSTFLAGS=$flags cargo test --package understudy-engine --target "$triple" \
    --target-dir "target/$name" "$@" --quiet -- --test-threads=1
}

for checker in "${checkers[@]}"; do
  echo "checking the engine: $checker"
  case $checker in
    memory) check_memory ;;
    address) sanitized asan -Zsanitizer=address --tests ;;
    thread)
      TSAN_OPTIONS="suppressions=$PWD/tools/sanitize-thread.txt halt_on_error=1" \
        sanitized tsan "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" --lib --test flips
      ;;
    *)
      echo "$checker is none of memory, address, thread"
      exit 1
      ;;
  esac
done
