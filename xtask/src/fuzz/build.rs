//! Building the targets: the flags that cargo-fuzz uses, on any compiler.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::step::{Result, cargo, root, run};

/// The coverage that libFuzzer goes by. No AddressSanitizer: there is no unsafe code of ours that it
/// could watch, and the targets are several times as fast without it. `cargo fuzz run` has it.
const FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Builds all targets and gives the folder of the programs.
pub(super) fn build() -> Result<PathBuf> {
    let host = host()?;
    let mut command = cargo(&[
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        "fuzz/Cargo.toml",
        "--target",
        &host,
    ]);
    // The flags are unstable ones; the crates are told by a variable that they may be used.
    command
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", FLAGS.join(" "))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR");
    match openssl() {
        Some(folder) => {
            command
                .env("OPENSSL_NO_VENDOR", "1")
                .env("OPENSSL_STATIC", "1")
                .env("OPENSSL_DIR", folder);
        }
        None => eprintln!("no OpenSSL of the release build: it is built once more"),
    }
    run(&mut command)?;
    Ok(root().join("fuzz/target").join(host).join("release"))
}

/// The OpenSSL that the product's own build made: it takes minutes, and has no coverage to give.
fn openssl() -> Option<PathBuf> {
    let builds = root().join("target/release/build").read_dir().ok()?;
    let mut folders: Vec<PathBuf> = builds
        .filter_map(|entry| Some(entry.ok()?.path().join("out/openssl-build/install")))
        .filter(|folder| is_whole(folder))
        .collect();
    // The same one each time: another path would build everything above it again.
    folders.sort();
    folders.into_iter().next()
}

fn is_whole(folder: &Path) -> bool {
    let library = ["lib", "lib64"]
        .iter()
        .any(|lib| folder.join(lib).join("libcrypto.a").is_file());
    library && folder.join("include/openssl/opensslconf.h").is_file()
}

/// The machine's own triple. It is named, so that build scripts and macros are built without
/// the flags.
fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .arg("-vV")
        .output()
        .map_err(|e| format!("rustc: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| "rustc does not say what it builds for".to_owned())
}
