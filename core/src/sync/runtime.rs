//! Where the network's futures run: a thread of their own, so that the façade's calls block and
//! may be made from anywhere, from inside somebody else's async runtime too.

use std::{future::Future, thread};

use crate::{Error, Result};

/// A runtime for one thread.
///
/// # Errors
/// [`Error::Io`] when the system gives no more handles.
pub(crate) fn new() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

/// Runs a future to its end on a thread of its own.
///
/// # Errors
/// What the future returned.
pub(crate) fn run<T: Send>(future: impl Future<Output = Result<T>> + Send) -> Result<T> {
    thread::scope(|scope| {
        scope
            .spawn(|| new()?.block_on(future))
            .join()
            .unwrap_or(Err(Error::Internal(
                "the network thread ends without a panic",
            )))
    })
}
