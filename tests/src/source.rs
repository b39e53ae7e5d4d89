//! A media file's samples in memory, given out again and again with times that go on: a camera
//! for benchmarks, whose own cost is small and does not grow.

use std::path::Path;

use custos_cli::camera::{Camera, CameraError, CameraSample};
use custos_core::record::Track;

/// See the module.
#[derive(Debug)]
pub struct Source {
    pub camera: Camera,
    samples: Vec<CameraSample>,
    length_us: i64,
    at: usize,
    round: i64,
}

/// One sample of a [`Source`].
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    pub track: Track,
    /// From the source's beginning, in µs.
    pub pts_us: i64,
    pub key: bool,
    pub data: &'a [u8],
}

impl Source {
    /// # Errors
    /// A file that is no media, or has no samples.
    pub fn open(media: &Path) -> Result<Self, CameraError> {
        let mut camera = Camera::open(media)?;
        let mut samples = Vec::new();
        while let Some(sample) = camera.next_sample()? {
            samples.push(sample);
        }
        let times = samples.iter().map(|s| s.pts_us);
        let (first, last) = (times.clone().min(), times.max());
        let (Some(first), Some(last)) = (first, last) else {
            return Err(CameraError::Empty);
        };
        for sample in &mut samples {
            sample.pts_us -= first;
        }
        Ok(Self {
            camera,
            samples,
            // A picture lasts 33 ms in the media that benchmarks use.
            length_us: last - first + 33_333,
            at: 0,
            round: 0,
        })
    }

    /// The next sample; it never ends.
    pub fn give(&mut self) -> Given<'_> {
        if self.at == self.samples.len() {
            self.at = 0;
            self.round += 1;
        }
        let sample = &self.samples[self.at];
        self.at += 1;
        Given {
            track: sample.track,
            pts_us: sample.pts_us + self.round * self.length_us,
            key: sample.key,
            data: &sample.data,
        }
    }

    /// Bytes of media a second.
    pub fn bytes_per_second(&self) -> f64 {
        let bytes: usize = self.samples.iter().map(|s| s.data.len()).sum();
        bytes as f64 * 1e6 / self.length_us as f64
    }
}
