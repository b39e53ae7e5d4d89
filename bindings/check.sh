#!/bin/sh
# Everything of Custos that runs on a JVM, from a fresh checkout: the library, the Kotlin face of it tried
# against a real station, the shell under Robolectric with its screenshots.
#
#   bindings/check.sh              builds with cargo first
#   bindings/check.sh no-cargo     takes libcustos.so, custos and uniffi-bindgen as they are in target/release
#
# Needs a JDK 17, Maven, aapt2 and ffmpeg's sample in tests/media. Maven's own settings are the machine's.
set -eu
cd "$(dirname "$0")/.."

if [ "${1:-}" != no-cargo ]; then
    # The library last: the generator's build leaves one with the generator's features in it.
    cargo build --release -p custos-cli
    cargo build --release -p custos-bindings --features bindgen
    cargo build --release -p custos-bindings
fi

exec mvn -B -ntp -q -Dkotlin.compiler.daemon=false -f bindings/pom.xml verify
