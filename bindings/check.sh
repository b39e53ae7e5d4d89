#!/bin/sh
# Everything of Custos that runs on a JVM, from a fresh checkout: the library, its Kotlin face tried against a
# real station, the shell under Robolectric with its pictures (android/target/screenshots).
#
#   bindings/check.sh              cargo first, then Maven
#   bindings/check.sh no-cargo     with what cargo built before
#
# Needs JDK 17, Maven and aapt2. Where Maven finds the central repository is the machine's business.
set -eu
cd "$(dirname "$0")/.."

if [ "${1:-}" != no-cargo ]; then
    # The whole workspace, as CI builds it: a part of it would be another set of features, and all built again.
    cargo build --release --workspace --lib --bins
    cargo build --locked --manifest-path bindings/bindgen/Cargo.toml --target-dir target/bindgen
fi
for file in release/libcustos.so release/custos bindgen/debug/uniffi-bindgen; do
    [ -f "target/$file" ] || { echo "target/$file is missing: run bindings/check.sh" >&2; exit 1; }
done

# Quiet but for what the tests say in the end.
exec mvn -B -ntp -q -Dstyle.color=never -Dkotlin.compiler.daemon=false \
    -Dorg.slf4j.simpleLogger.log.org.apache.maven.plugin.surefire=info \
    -f bindings/pom.xml clean verify
