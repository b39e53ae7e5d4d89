//! From the order in which the pictures of a raw stream are coded to that in which they are shown.
//!
//! [`Counter`] reads each picture's place in output order out of its first slice. [`Line`] holds
//! pictures back until no later one can be shown before them: then they have a time.

use std::collections::VecDeque;

use custos_core::record::sps::FrameTime;
use custos_core::record::{Track, VideoCodec};

use super::CameraSample;

mod h264;
mod h265;

/// A picture buffer holds no more frames than these (H.264 §A.3.1, H.265 §A.4.2), and so many
/// pictures at most are decoded before one that is shown before them.
const MOST_REORDERED: usize = 16;

/// Broken streams do not fill the memory.
const MOST_WAITING: usize = 512;

/// Where a picture is in output order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// Rises in output order …
    order: i64,
    /// … from here on: everything before this picture is shown before it.
    restarts: bool,
    /// The other field of the frame before.
    second_field: bool,
}

/// Reads the places of pictures.
#[derive(Debug)]
enum Counter {
    H264(h264::Counter),
    H265(h265::Counter),
}

/// Pictures in decoding order, on their way to having a time.
#[derive(Debug)]
pub(super) struct Line {
    counter: Counter,
    frame_time: FrameTime,
    waiting: VecDeque<Waiting>,
    /// Pictures whose time is known.
    shown: u64,
    last_order: i64,
}

#[derive(Debug)]
struct Waiting {
    key: bool,
    data: Vec<u8>,
    order: i64,
    number: Option<u64>,
}

impl Line {
    pub(super) fn new(codec: VideoCodec, frame_time: FrameTime) -> Self {
        Self {
            counter: match codec {
                VideoCodec::H264 => Counter::H264(h264::Counter::default()),
                VideoCodec::H265 => Counter::H265(h265::Counter::default()),
            },
            frame_time,
            waiting: VecDeque::new(),
            shown: 0,
            last_order: 0,
        }
    }

    /// Takes the next access unit.
    pub(super) fn push(&mut self, data: Vec<u8>, key: bool) {
        let place = match &mut self.counter {
            Counter::H264(counter) => counter.place(&data),
            Counter::H265(counter) => counter.place(&data),
        };
        // What cannot be read is shown where it stands.
        let place = place.unwrap_or(Place {
            order: self.last_order.saturating_add(1),
            restarts: false,
            second_field: false,
        });
        if place.second_field
            && let Some(frame) = self.waiting.back_mut()
        {
            frame.data.extend_from_slice(&data);
            frame.order = frame.order.min(place.order);
            return;
        }
        if place.restarts {
            while self.show_next() {}
        }
        self.last_order = place.order;
        self.waiting.push_back(Waiting {
            key,
            data,
            order: place.order,
            number: None,
        });
        // The newest may still be half a frame.
        let unnumbered = |line: &Self| line.waiting.iter().filter(|w| w.number.is_none()).count();
        while unnumbered(self) > MOST_REORDERED + 1 {
            self.show_next();
        }
        if self.waiting.len() > MOST_WAITING {
            while self.show_next() {}
        }
    }

    /// The next picture with its time, once that is certain.
    pub(super) fn pop(&mut self) -> Option<CameraSample> {
        let whole = self.waiting.len() > 1;
        let number = self.waiting.front()?.number.filter(|_| whole)?;
        self.take(number)
    }

    /// The next picture when there are no more to come.
    pub(super) fn drain(&mut self) -> Option<CameraSample> {
        while self.waiting.front()?.number.is_none() {
            self.show_next();
        }
        let number = self.waiting.front()?.number?;
        self.take(number)
    }

    fn take(&mut self, number: u64) -> Option<CameraSample> {
        let Waiting { key, data, .. } = self.waiting.pop_front()?;
        let pts_us = self.frame_time.after_us(number);
        Some(CameraSample {
            track: Track::Video,
            pts_us: i64::try_from(pts_us).unwrap_or(i64::MAX),
            key,
            data,
        })
    }

    /// Numbers the picture that is shown next of those that wait; `false` if none does.
    fn show_next(&mut self) -> bool {
        let waiting = self.waiting.iter_mut().filter(|w| w.number.is_none());
        let Some(next) = waiting.min_by_key(|w| w.order) else {
            return false;
        };
        next.number = Some(self.shown);
        self.shown += 1;
        true
    }
}
