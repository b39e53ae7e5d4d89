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
    let mut queue = filled(&[BLOCK / 2; 9]);
    queue.drop_first(5);
    assert_eq!(queue.bytes(), 4 * BLOCK / 2);
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
