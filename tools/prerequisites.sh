#!/usr/bin/env bash
# Names what is missing on this machine, with the command that installs it.
set -u
missing=()
note() { missing+=("$1"); }

python=${PYTHON:-python3}
"$python" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null \
  || note "Python 3.11 or later      apt-get install python3"
"$python" -c 'import venv, ensurepip' 2>/dev/null \
  || note "Python's venv             apt-get install python3-venv"
command -v cc >/dev/null || note "a C linker                apt-get install gcc libc6-dev"
if command -v cargo >/dev/null; then
  version=$(cargo --version | awk '{print $2}')
  if [ "$(printf '%s\n1.88\n' "$version" | sort -V | head -1)" != 1.88 ]; then
    note "Rust 1.88 or later        here is $version: rustup update, or your distribution's newer rustc"
  fi
else
  note "Rust 1.88 or later        rustup toolchain install stable"
fi

if [ ${#missing[@]} -gt 0 ]; then
  echo "Understudy cannot be set up yet. Missing:"
  printf '  %s\n' "${missing[@]}"
  exit 1
fi
