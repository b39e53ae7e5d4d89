//! Secrets come from a file, standard input or a prompt, never from the command line.

use std::{
    io::{IsTerminal as _, Read as _},
    path::Path,
};

use custos_core::Secret;

use crate::failure::Failure;

/// The PIN: the first line of `file`, of standard input for `-`, or asked for without echo.
///
/// # Errors
/// Usage, where there is no file and nobody to ask.
pub(crate) fn pin(file: Option<&Path>, prompt: &str) -> Result<Secret, Failure> {
    let text = match file {
        Some(path) if path.as_os_str() == "-" => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|e| Failure::file(&e, "the PIN on standard input"))?;
            text
        }
        Some(path) => {
            std::fs::read_to_string(path).map_err(|e| Failure::file(&e, "the PIN file"))?
        }
        None if std::io::stdin().is_terminal() => {
            rpassword::prompt_password(prompt).map_err(|e| Failure::file(&e, "the terminal"))?
        }
        None => {
            return Err(Failure::usage(
                "missing-argument",
                "--pin-file FILE is needed",
            ));
        }
    };
    let pin = text.lines().next().unwrap_or_default().to_owned();
    Ok(Secret::from(pin))
}
