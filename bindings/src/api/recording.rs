//! One recording while it grows. Its samples come by the fast path, under a token.

use std::sync::Arc;

use custos_core::record::{Pressure as CorePressure, Rotation, Track};

use super::records::EvidenceItem;
use crate::{
    error::{ApiError, ApiResult},
    sample::{Kind, Pressure, Refusal},
    tokens::Tokens,
};

static RUNNING: Tokens<custos_core::Recording> = Tokens::new();

/// What is known of a recording before its first sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct RecordingSpec {
    /// No pictures: a note in sound.
    pub audio_only: bool,
    /// How a player turns the picture, clockwise: a multiple of 90.
    pub rotation_degrees: i32,
}

impl TryFrom<RecordingSpec> for custos_core::RecordingSpec {
    type Error = ApiError;

    fn try_from(spec: RecordingSpec) -> ApiResult<Self> {
        let rotation = Rotation::from_degrees(spec.rotation_degrees).ok_or(ApiError::Media)?;
        Ok(Self {
            audio_only: spec.audio_only,
            rotation,
            events: None,
        })
    }
}

/// What a camera does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum RecordingPhase {
    /// The last seconds are in memory, and nowhere else.
    Standby,
    Recording,
    /// It was stopped and goes on for the policy's post-event time.
    Ending,
    /// An error ended the recording.
    Failed,
    /// It takes no more samples.
    Ended,
}

impl From<custos_core::RecordingPhase> for RecordingPhase {
    fn from(phase: custos_core::RecordingPhase) -> Self {
        match phase {
            custos_core::RecordingPhase::Standby => Self::Standby,
            custos_core::RecordingPhase::Recording => Self::Recording,
            custos_core::RecordingPhase::Ending => Self::Ending,
            custos_core::RecordingPhase::Failed => Self::Failed,
            custos_core::RecordingPhase::Ended => Self::Ended,
        }
    }
}

/// A running recording.
#[derive(Debug, uniffi::Object)]
pub struct Recording {
    pub(super) recording: Arc<custos_core::Recording>,
    token: i64,
}

impl Recording {
    pub(super) fn new(recording: custos_core::Recording) -> Arc<Self> {
        let recording = Arc::new(recording);
        let token = RUNNING.insert(Arc::clone(&recording));
        Arc::new(Self { recording, token })
    }
}

#[uniffi::export]
impl Recording {
    /// What `FastPath.append` wants. It ends with a recording that is made only once, and with closing this object.
    pub fn token(&self) -> i64 {
        self.token
    }

    /// A mark at the time of the last sample.
    pub fn mark(&self, label: String) -> ApiResult<()> {
        self.recording.mark(&label)?;
        Ok(())
    }

    /// Makes everything up to the last whole access unit durable now.
    pub fn commit(&self) -> ApiResult<()> {
        self.recording.commit()?;
        Ok(())
    }

    /// The press of the button, of a camera on standby: what is in its buffer is recorded, and
    /// everything from now on.
    pub fn begin(&self) -> ApiResult<()> {
        Ok(self.recording.begin()?)
    }

    /// What the camera does now.
    pub fn phase(&self) -> RecordingPhase {
        self.recording.phase().into()
    }

    /// The officer ends the recording. Where the policy has a post-event time it goes on for so
    /// long, and samples are still wanted: the item says that it is recording.
    pub fn stop(&self) -> ApiResult<EvidenceItem> {
        let item = self.recording.stop();
        self.close_if_over();
        Ok(item?.into())
    }

    /// Ends the recording now: seals its last clip.
    pub fn finish(&self) -> ApiResult<EvidenceItem> {
        let item = self.recording.finish();
        self.close_if_over();
        Ok(item?.into())
    }

    /// From here on no sound is kept, or it is kept again.
    pub fn mute(&self, muted: bool) -> ApiResult<()> {
        Ok(self.recording.mute(muted)?)
    }
}

impl Recording {
    fn close_if_over(&self) {
        if self.recording.phase() == custos_core::RecordingPhase::Ended {
            RUNNING.remove(self.token);
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        RUNNING.remove(self.token);
    }
}

/// One sample of the recording of `token`.
pub(crate) fn append(
    token: i64,
    kind: Kind,
    pts_us: i64,
    data: &[u8],
) -> Result<Pressure, Refusal> {
    let recording = RUNNING.get(token).ok_or(Refusal::Closed)?;
    let appended = match kind {
        Kind::VideoConfig => recording.configure_video(data).map(|()| CorePressure::Low),
        Kind::AudioConfig => recording.configure_audio(data).map(|()| CorePressure::Low),
        Kind::Video { key } => recording.append(Track::Video, pts_us, key, data),
        Kind::Audio => recording.append(Track::Audio, pts_us, true, data),
    };
    match appended {
        Ok(CorePressure::Low) => Ok(Pressure::Low),
        Ok(CorePressure::High) => Ok(Pressure::High),
        Ok(CorePressure::Dropped) => Ok(Pressure::Dropped),
        Err(custos_core::Error::RecordingEnded) => Err(Refusal::Closed),
        Err(error) => Err(Refusal::Recorder(error.code())),
    }
}
