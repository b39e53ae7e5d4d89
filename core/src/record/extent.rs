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
    /// The first picture that could have begun the next clip, but begins an open GOP.
    pub(super) open_gop_us: Option<i64>,
}

/// So long a cut waits for a closed GOP. An encoder that makes none would never end a clip.
const CLOSED_GOP_US: i64 = 10_000_000;

impl Extent {
    /// Whether the cut can wait for a closed GOP, where an open one begins at `us`.
    pub(super) fn can_wait(&mut self, us: i64) -> bool {
        us.saturating_sub(*self.open_gop_us.get_or_insert(us)) < CLOSED_GOP_US
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_of_open_gops_is_cut_all_the_same() {
        let mut extent = Extent::default();
        assert!(extent.can_wait(5_000_000));
        assert!(extent.can_wait(5_000_000 + CLOSED_GOP_US - 1));
        assert!(!extent.can_wait(5_000_000 + CLOSED_GOP_US));
    }
}
