//! What a clip is said to hold.

use super::Muxer;

/// How the tracks are coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coding {
    /// RFC 6381, pictures first.
    pub(crate) codecs: String,
    /// Degrees that a player turns the picture, clockwise; none without pictures.
    pub(crate) rotation: Option<u16>,
}

impl Muxer {
    /// As settled with the first fragment.
    pub(crate) fn coding(&self) -> Coding {
        let video = self.video.as_ref();
        let names = [
            video.map(|track| track.config.rfc6381(track.in_band)),
            self.audio.as_ref().map(|track| track.config.rfc6381()),
        ];
        Coding {
            codecs: names.into_iter().flatten().collect::<Vec<_>>().join(","),
            rotation: video.map(|track| track.config.rotation.degrees()),
        }
    }
}
