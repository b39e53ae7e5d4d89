use super::super::Track;
use super::*;

fn sample(number: usize, data: &[u8]) -> Sample<'_> {
    Sample {
        track: Track::Video,
        pts_us: number as i64,
        key: false,
        data,
    }
}

fn filled(lengths: &[usize]) -> Queue {
    let mut queue = Queue::new(Arc::default(), Pool::new(4));
    for (number, length) in lengths.iter().enumerate() {
        queue.push(&sample(number, &vec![number as u8; *length]));
    }
    queue
}

#[test]
fn samples_come_out_as_they_went_in() {
    let lengths = [1, BLOCK, BLOCK - 1, 1, 1, 3 * BLOCK, 0, 7];
    let queue = filled(&lengths);
    assert_eq!(queue.bytes(), lengths.iter().sum::<usize>());
    let mut seen = 0;
    for (number, sample) in queue.samples().enumerate() {
        assert_eq!(sample.pts_us, number as i64);
        assert_eq!(sample.data.len(), lengths[number]);
        assert!(sample.data.iter().all(|byte| *byte == number as u8));
        seen += 1;
    }
    assert_eq!(seen, lengths.len());
}

#[test]
fn the_first_go_and_their_memory_is_used_again() {
    const HALF: usize = BLOCK / 2 - span(0);
    let mut queue = filled(&[HALF; 9]);
    queue.drop_first(5);
    assert_eq!(queue.bytes(), 4 * HALF);
    assert_eq!(queue.samples().next().map(|s| s.pts_us), Some(5));
    assert_eq!(queue.pool.lock().blocks.len(), 2);
    queue.clear();
    assert!(queue.is_empty());
    assert_eq!(queue.pool.lock().blocks.len(), 4, "no more than it keeps");
    queue.push(&sample(0, &[1]));
    assert_eq!(queue.pool.lock().blocks.len(), 3);
    queue.drop_first(7);
    assert!(queue.is_empty() && queue.bytes() == 0);
}

/// A large sample's memory is not kept.
#[test]
fn a_large_block_is_not_kept() {
    let mut queue = filled(&[BLOCK + 1]);
    queue.clear();
    assert!(queue.pool.lock().blocks.is_empty());
}

#[test]
fn another_configuration_begins_another_block() {
    let mut queue = filled(&[1, 1]);
    let setup = Arc::new(Setup::default());
    queue.configure(Arc::clone(&setup));
    queue.push(&sample(2, &[2]));
    let blocks = queue.take();
    assert_eq!(blocks.len(), 2);
    assert!(Arc::ptr_eq(blocks[1].setup(), &setup));
    assert!(!Arc::ptr_eq(blocks[0].setup(), &setup));
}

/// As a list of samples would do it: from both ends, with some let go in the middle.
#[test]
fn they_are_walked_from_both_ends() {
    let lengths: Vec<usize> = (0..50).map(|n| n * n * 37 % 70_000).collect();
    let mut queue = filled(&lengths);
    let mut expected: Vec<usize> = (0..lengths.len()).collect();
    let check = |queue: &Queue, expected: &[usize]| {
        let numbers: Vec<usize> = queue.samples().map(|s| s.pts_us as usize).collect();
        assert_eq!(numbers, expected);
        let mut backwards: Vec<usize> = queue.samples().rev().map(|s| s.data.len()).collect();
        backwards.reverse();
        let whole: Vec<usize> = expected.iter().map(|n| lengths[*n]).collect();
        assert_eq!(backwards, whole);
        assert_eq!(queue.bytes(), whole.iter().sum::<usize>());
        let mut both = queue.samples();
        let (_, _) = (both.next(), both.next_back());
        let third = both.nth(2).map(|s| s.pts_us as usize);
        assert_eq!(third, expected.get(3).copied());
    };
    check(&queue, &expected);
    queue.retain(|_, pts_us| pts_us % 3 != 0);
    expected.retain(|n| n % 3 != 0);
    check(&queue, &expected);
    queue.retain(|_, pts_us| pts_us % 5 != 1);
    expected.retain(|n| n % 5 != 1);
    check(&queue, &expected);
    queue.drop_first(7);
    expected.drain(..7);
    check(&queue, &expected);
    let blocks = queue.take();
    assert_eq!(blocks.iter().map(Block::len).sum::<usize>(), expected.len());
}

/// What is written before a sample says all of it, for every track and flag.
#[test]
fn heads_are_read_as_they_were_written() {
    for (at, pts_us) in [i64::MIN, -1, 0, i64::MAX].into_iter().enumerate() {
        for (track, key) in [
            (Track::Video, true),
            (Track::Audio, false),
            (Track::Audio, true),
        ] {
            let mut queue = Queue::new(Arc::default(), Pool::new(1));
            queue.push(&Sample {
                track,
                pts_us,
                key,
                data: &vec![at as u8; at],
            });
            let back = queue.samples().next().unwrap();
            assert_eq!((back.track, back.pts_us, back.key), (track, pts_us, key));
            assert_eq!(back.data, vec![at as u8; at]);
        }
    }
}
