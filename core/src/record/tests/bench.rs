//! A vault to record into, and what is found in it afterwards.

use super::*;

pub(super) struct Bench {
    pub(super) test: TestVault,
    pub(super) id: age::x25519::Identity,
}

impl Bench {
    pub(super) fn new() -> Self {
        let test = TestVault::new();
        // The machine's own disk may be near its end, and what is said then is not asked here.
        test.vault.disk.is_of(1 << 50);
        Self {
            test,
            id: age::x25519::Identity::generate(),
        }
    }

    pub(super) fn recipients(&self) -> Vec<Recipient> {
        vec![self.id.to_public().to_string().parse().unwrap()]
    }

    pub(super) fn origin(&self, media: &'static str) -> Origin {
        Origin {
            officer: "o-1".into(),
            duty: "duty-1".into(),
            case: "case 7".into(),
            recording: "rec-1".into(),
            media,
        }
    }

    pub(super) fn plan(&self) -> Plan {
        Plan {
            origin: self.origin("video/mp4"),
            recipients: self.recipients(),
            fragment_us: 1_000_000,
            clip_max_us: 600_000_000,
            clip_max_bytes: 2 << 30,
            reminder: None,
            storage: custos_protocol::policy::StoragePolicy::default(),
            progress: PROGRESS,
            events: None,
        }
    }

    pub(super) fn begin(&self) -> Recorder {
        self.begin_with(self.plan(), setup(SOUND))
    }

    pub(super) fn begin_with(&self, plan: Plan, setup: Arc<Setup>) -> Recorder {
        let recorder = Recorder::new(plan, Queue::new(setup, Pool::new(8)), true);
        recorder.begin(self.test.vault.clone(), 0).unwrap();
        recorder
    }

    pub(super) fn begin_told(&self, mut plan: Plan) -> (Recorder, Receiver<RecordingEvent>) {
        let (sender, events) = mpsc::channel();
        plan.events = Some(sender);
        (self.begin_with(plan, setup(SOUND)), events)
    }

    /// `seconds` of media from second `from` on: 25 pictures of `size` bytes and 47 AAC frames.
    pub(super) fn feed(recorder: &Recorder, from: i64, seconds: i64, size: usize) {
        for number in from * 25..(from + seconds) * 25 {
            recorder.wait_for_room().unwrap();
            let pressure = feed_picture(recorder, number, size).unwrap();
            assert_ne!(pressure, Pressure::Dropped);
        }
        for number in from * 47..(from + seconds) * 47 {
            let _ = feed_frame(recorder, number).unwrap();
        }
    }

    /// Ids of all clips, in the order in which they were begun.
    pub(super) fn clips(&self) -> Vec<String> {
        let began = |event| match event {
            Event::RecordingBegan { clip, .. } => Some(clip),
            _ => None,
        };
        self.events().into_iter().filter_map(began).collect()
    }

    /// What is in a clip: pictures and frames of sound.
    pub(super) fn content(&self, clip: &str) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let (pictures, sound): (Vec<_>, Vec<_>) = demux::demux(&self.open(clip))
            .into_iter()
            .partition(|sample| sample.video);
        let data = |list: Vec<demux::Out>| list.into_iter().map(|s| s.data).collect();
        (data(pictures), data(sound))
    }

    /// All clips together hold these pictures and these frames, each once and in order.
    pub(super) fn check_content(
        &self,
        pictures: impl IntoIterator<Item = i64>,
        size: usize,
        frames: impl IntoIterator<Item = i64>,
    ) {
        let (mut video, mut audio) = (Vec::new(), Vec::new());
        for clip in self.clips() {
            let (pictures, sound) = self.content(&clip);
            video.extend(pictures);
            audio.extend(sound);
        }
        let wanted: Vec<_> = pictures
            .into_iter()
            .map(|n| stored(&picture(n, size)))
            .collect();
        assert!(
            video == wanted,
            "{} pictures, {} wanted",
            video.len(),
            wanted.len()
        );
        let wanted: Vec<_> = frames.into_iter().map(|n| frame(n).to_vec()).collect();
        assert!(
            audio == wanted,
            "{} frames, {} wanted",
            audio.len(),
            wanted.len()
        );
    }

    pub(super) fn sealed(&self, clip: &str) -> Vec<u8> {
        fs::read(self.test.vault.folder().clip(clip)).unwrap()
    }

    pub(super) fn open(&self, clip: &str) -> Vec<u8> {
        let mut plain = Vec::new();
        age::Decryptor::new(self.sealed(clip).as_slice())
            .unwrap()
            .decrypt(std::iter::once(&self.id as &dyn age::Identity))
            .unwrap()
            .read_to_end(&mut plain)
            .unwrap();
        plain
    }

    pub(super) fn row<T: rusqlite::types::FromSql>(&self, clip: &str, column: &str) -> T {
        self.test
            .vault
            .read(|c| {
                let sql = format!("SELECT {column} FROM evidence WHERE clip = ?1");
                Ok(c.query_row(&sql, [clip], |row| row.get(0))?)
            })
            .unwrap()
    }

    pub(super) fn events(&self) -> Vec<Event> {
        let raw = self
            .test
            .vault
            .read(|c| journal::entries(c, 0, 1000, 1 << 20))
            .unwrap();
        raw.iter()
            .map(|raw| Entry::from_raw(raw).unwrap().event().unwrap())
            .collect()
    }

    pub(super) fn kinds(&self) -> Vec<String> {
        self.events()
            .iter()
            .map(|event| event.to_parts().0)
            .collect()
    }

    /// The digest in the journal is that of the file, and the row says the same.
    pub(super) fn check_sealed(&self, clip: &str, recovered: bool) {
        let digest = clip::digest(self.sealed(clip).as_slice()).unwrap();
        let sealed = self
            .events()
            .into_iter()
            .rev()
            .find_map(|event| match event {
                Event::Sealed(sealed) if sealed.clip == clip => Some(sealed),
                _ => None,
            });
        let sealed = sealed.unwrap();
        assert_eq!((sealed.digest, sealed.recovered), (digest, recovered));
        assert_eq!(self.row::<u64>(clip, "length"), digest.length);
        assert_eq!(self.row::<Vec<u8>>(clip, "root"), digest.root.as_bytes());
        for erased in ["payload_key", "tail", "tree"] {
            assert_eq!(self.row::<Option<Vec<u8>>>(clip, erased), None);
        }
    }
}
