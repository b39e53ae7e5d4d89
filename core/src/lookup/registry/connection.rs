//! The connection to the station that look-ups go over, kept open between them: an officer in the
//! street waits for every round trip, and not for ever.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
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

/// An answer that comes later is none: the officer goes by the lists, and the question waits. Longer
/// than a registry is given by default, with its retry; and a long journal that did not get through
/// in time is shorter the next time.
const DEADLINE: Duration = Duration::from_secs(8);

/// Cheap to clone; clones share the connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct LookupConnection(Arc<Mutex<Option<Open>>>);

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

impl LookupConnection {
    /// Asks the station. One question at a time; the others wait.
    ///
    /// # Errors
    /// As [`ask::ask`]; [`Error::Unreachable`] also where the answer takes too long.
    pub(crate) fn ask(&self, vault: &Vault, question: &Question) -> Result<LookupReply> {
        let device = vault.read(Device::load)?;
        let signer = device.signer(vault)?;
        let address = (device.station.clone(), device.pin.clone(), device.epoch);
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = Instant::now() + DEADLINE;
        let kept = slot.take().filter(|open| open.address == address);
        if let Some(mut open) = kept {
            match open.ask(vault, &signer, question, deadline) {
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
        let answer = open.ask(vault, &signer, question, deadline);
        // After a failure the next question begins anew.
        *slot = answer.is_ok().then_some(open);
        answer
    }
}

impl Open {
    fn ask(
        &mut self,
        vault: &Vault,
        signer: &Signer,
        question: &Question,
        deadline: Instant,
    ) -> Result<LookupReply> {
        let (station, runtime) = (&mut self.station, self.runtime.as_ref());
        let runtime = runtime.ok_or(Error::Internal("what is open has a runtime"))?;
        // A thread of its own, so that it may be called from inside an async runtime, too.
        thread::scope(|scope| {
            let asking = scope.spawn(|| {
                runtime.block_on(async {
                    let asking = async {
                        match ask::ask(vault, station, signer, question).await {
                            // A session ended while nobody asked.
                            Err(Error::StationRefused { status: 401 }) => {
                                ask::ask(vault, station, signer, question).await
                            }
                            answer => answer,
                        }
                    };
                    let answer = tokio::time::timeout_at(deadline.into(), asking).await;
                    answer.unwrap_or(Err(Error::Unreachable))
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
