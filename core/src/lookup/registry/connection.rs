//! The way to the station, kept open between questions: an officer in the street waits for every
//! round trip.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use custos_protocol::{lookup::ask::LookupReply, note::Signer};
use tokio::runtime::Runtime;

use super::{ask, question::Question};
use crate::{
    Error, Result,
    device::state::Device,
    sync::{http::Http, station::Station},
    vault::Vault,
};

/// Cheap to clone; clones share the connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Arc<Mutex<Option<Open>>>);

#[derive(Debug)]
struct Open {
    /// Its one worker keeps connections alive between questions. `None` only while it is dropped.
    runtime: Option<Runtime>,
    station: Station,
    /// What the station was reached by; after a change it is another one.
    address: (String, Option<String>, u32),
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // May happen inside somebody else's async runtime, where waiting is not allowed.
            runtime.shutdown_background();
        }
    }
}

impl Line {
    /// Asks the station. One question at a time; the others wait.
    ///
    /// # Errors
    /// As [`ask::ask`].
    pub(crate) fn ask(&self, vault: &Vault, question: &Question) -> Result<LookupReply> {
        let device = vault.read(Device::load)?;
        let signer = device.signer(vault)?;
        let address = (device.station.clone(), device.pin.clone(), device.epoch);
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = slot.take().filter(|open| open.address == address);
        if let Some(mut open) = kept {
            match open.ask(vault, &signer, question) {
                // Perhaps only the connection broke since the last question.
                Err(Error::Unreachable) => {}
                answer => {
                    *slot = answer.is_ok().then_some(open);
                    return answer;
                }
            }
        }
        let mut open = Open {
            runtime: Some(runtime()?),
            station: Station::new(
                Http::new(&device.station, device.pin.as_deref())?,
                &device.agency,
                &device.terminal,
            ),
            address,
        };
        let answer = open.ask(vault, &signer, question);
        // After a failure the next question begins anew.
        *slot = answer.is_ok().then_some(open);
        answer
    }
}

impl Open {
    fn ask(&mut self, vault: &Vault, signer: &Signer, question: &Question) -> Result<LookupReply> {
        let (station, runtime) = (&mut self.station, self.runtime.as_ref());
        let runtime = runtime.ok_or(Error::Internal("a line that is open has a runtime"))?;
        // A thread of its own, so that it may be called from inside an async runtime, too.
        thread::scope(|scope| {
            let asking = scope.spawn(|| {
                runtime.block_on(async {
                    match ask::ask(vault, station, signer, question).await {
                        // A session ended while nobody asked.
                        Err(Error::StationRefused { status: 401 }) => {
                            ask::ask(vault, station, signer, question).await
                        }
                        answer => answer,
                    }
                })
            });
            asking.join().unwrap_or(Err(Error::Internal(
                "the network thread ends without a panic",
            )))
        })
    }
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("custos-lookup")
        .enable_all()
        .build()?)
}
