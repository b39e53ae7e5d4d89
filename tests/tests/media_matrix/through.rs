//! The way of a media file: demuxed as a camera would hand it over, muxed, sealed, opened with
//! the `age` program.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use age::secrecy::ExposeSecret as _;
use custos_cli::camera::{Camera, CameraError, CameraSample};
use custos_core::record::seal::{self, Recipient};
use custos_core::record::{AudioConfig, Fragment, Muxer, VideoConfig};

/// A file of `tests/media`.
pub(crate) fn ours(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("media")
        .join(name)
}

/// The large set; says so where it is missing.
pub(crate) fn large_set() -> Option<PathBuf> {
    let shared = std::env::var_os("CUSTOS_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"));
    let media = shared.join("data/media");
    if media.is_dir() {
        return Some(media);
    }
    eprintln!("skipped: the large media set is not here (set CUSTOS_SHARED)");
    None
}

/// Whether the programs are installed; says which one is not.
pub(crate) fn have(programs: &[&str]) -> bool {
    programs.iter().all(|program| {
        // Most want two dashes, ffmpeg one.
        let argument = if program.starts_with("ff") {
            "-version"
        } else {
            "--version"
        };
        // MediaInfo says its version and that this was an error.
        let there = Command::new(program)
            .arg(argument)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok();
        if !there {
            eprintln!("skipped: {program} is not installed");
        }
        there
    })
}

pub(crate) struct Recorded {
    pub(crate) samples: u64,
    pub(crate) repaired: u64,
    /// What ended the file early.
    pub(crate) fault: Option<CameraError>,
}

/// A muxer that knows what the camera will give.
pub(crate) fn muxer_for(camera: &Camera) -> Muxer {
    let mut muxer = Muxer::new(1_000_000);
    if let Some(video) = &camera.video {
        muxer
            .configure_video(VideoConfig::new(&video.config, video.rotation).unwrap())
            .unwrap();
    }
    if let Some(audio) = &camera.audio {
        muxer
            .configure_audio(AudioConfig::new(&audio.config).unwrap())
            .unwrap();
    }
    muxer
}

/// All samples of a file, and a muxer for them.
pub(crate) fn samples_of(media: &Path) -> (Muxer, Vec<CameraSample>) {
    let mut camera = Camera::open(media).unwrap();
    let muxer = muxer_for(&camera);
    let samples = std::iter::from_fn(|| camera.next_sample().unwrap()).collect();
    (muxer, samples)
}

/// Muxes samples into a plain file; how many times had to be moved.
pub(crate) fn mux(mut muxer: Muxer, samples: &[CameraSample], to: &Path) -> u64 {
    let mut file = Vec::new();
    let mut put = |fragment: Option<Fragment>| {
        for part in fragment.iter().flat_map(Fragment::parts) {
            file.extend_from_slice(part);
        }
    };
    for s in samples {
        put(muxer.push(s.track, s.pts_us, s.key, &s.data).unwrap());
    }
    put(muxer.finish().unwrap());
    fs::write(to, &file).unwrap();
    muxer.repaired()
}

/// Media file to age file, as the recorder does it.
pub(crate) fn record(
    media: &Path,
    to: &Path,
    recipient: Recipient,
) -> Result<Recorded, CameraError> {
    let mut camera = Camera::open(media)?;
    let mut muxer = muxer_for(&camera);
    let mut out = BufWriter::new(File::create(to).unwrap());
    let seal::Begun {
        header, mut sealer, ..
    } = seal::begin(&[recipient]).unwrap();
    out.write_all(&header).unwrap();
    let mut put = |fragment: Option<Fragment>| {
        for part in fragment.iter().flat_map(Fragment::parts) {
            sealer.push(part, &mut out).unwrap();
        }
    };
    let mut recorded = Recorded {
        samples: 0,
        repaired: 0,
        fault: None,
    };
    loop {
        match camera.next_sample() {
            Ok(Some(s)) => {
                recorded.samples += 1;
                put(muxer.push(s.track, s.pts_us, s.key, &s.data).unwrap());
            }
            Ok(None) => break,
            Err(fault) => recorded.fault = Some(fault),
        }
    }
    put(muxer.finish().unwrap());
    recorded.repaired = muxer.repaired();
    let digest = sealer.close().complete(&mut out).unwrap();
    out.flush().unwrap();
    assert_eq!(
        digest,
        custos_protocol::clip::digest(File::open(to).unwrap()).unwrap()
    );
    Ok(recorded)
}

/// A folder and a key.
pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) recipient: Recipient,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let id = age::x25519::Identity::generate();
        fs::write(dir.path().join("key"), id.to_string().expose_secret()).unwrap();
        Self {
            dir,
            recipient: id.to_public().to_string().parse().unwrap(),
        }
    }

    /// Records a file and opens the result with the `age` program.
    pub(crate) fn through(&self, media: &Path) -> (Recorded, PathBuf) {
        let (sealed, opened) = (self.dir.path().join("x.age"), self.dir.path().join("x.mp4"));
        let recorded = record(media, &sealed, self.recipient)
            .unwrap_or_else(|error| panic!("{}: {error}", media.display()));
        let status = Command::new("age")
            .arg("-d")
            .arg("-i")
            .arg(self.dir.path().join("key"))
            .arg("-o")
            .arg(&opened)
            .arg(&sealed)
            .status()
            .unwrap();
        assert!(status.success(), "age opens {}", media.display());
        (recorded, opened)
    }
}
