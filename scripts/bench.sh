#!/bin/sh
# What `make bench` runs: bench.sh [BUILD_FOLDER]. All of it is in bench/run.py.
exec python3 "$(dirname "$0")/../bench/run.py" "$@"
