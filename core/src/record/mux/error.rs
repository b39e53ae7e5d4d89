//! What a muxer does not take.

/// Why a sample or a configuration is not taken. The recording can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MuxError {
    #[error("no readable parameter sets of H.264 (SPS, PPS) or H.265 (VPS, SPS, PPS)")]
    BadVideoConfig,
    #[error("the AudioSpecificConfig cannot be read")]
    BadAudioConfig,
    #[error("the audio is not AAC-LC")]
    UnsupportedAudio,
    #[error("the codec configuration cannot change within a recording")]
    ConfigTooLate,
    #[error("a sample arrived before its track's codec configuration")]
    NotConfigured,
    #[error("a sample has more than 16 MiB")]
    SampleTooLarge,
    #[error("a sample is empty, or no Annex-B access unit")]
    BadSample,
    #[error("the recording is too long for its file")]
    TooLong,
}

impl MuxError {
    /// A stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::BadVideoConfig => "bad-video-config",
            Self::BadAudioConfig => "bad-audio-config",
            Self::UnsupportedAudio => "unsupported-audio",
            Self::ConfigTooLate => "config-too-late",
            Self::NotConfigured => "track-not-configured",
            Self::SampleTooLarge => "sample-too-large",
            Self::BadSample => "bad-sample",
            Self::TooLong => "recording-too-long",
        }
    }
}
