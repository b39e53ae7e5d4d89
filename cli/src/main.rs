//! The `custos` program. Everything it does is in the library beside it.

fn main() -> std::process::ExitCode {
    custos_cli::run(std::env::args_os())
}
