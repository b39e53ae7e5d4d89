//! The process in which the tests' disks live (`custos_tests::disk`).

fn main() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    custos_tests::disk::serve(std::io::stdin().lock(), std::io::stdout().lock())?;
    Ok(())
}
