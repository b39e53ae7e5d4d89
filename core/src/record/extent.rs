//! What a clip holds so far, by the source's own times.

use super::mux::Track;
use super::samples::Sample;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Extent {
    pub(super) first_us: Option<i64>,
    /// The last picture.
    pub(super) picture_us: Option<i64>,
    /// The first sample of the fragment that is being filled.
    pub(super) fragment_us: Option<i64>,
    pub(super) bytes: u64,
}

impl Extent {
    pub(super) fn add(&mut self, sample: &Sample<'_>, ended: bool) {
        let us = sample.pts_us;
        self.first_us = Some(self.first_us.map_or(us, |first| first.min(us)));
        if sample.track == Track::Video {
            self.picture_us = Some(us);
        }
        self.bytes += sample.data.len() as u64;
        if ended || self.fragment_us.is_none() {
            self.fragment_us = Some(us);
        }
    }
}
