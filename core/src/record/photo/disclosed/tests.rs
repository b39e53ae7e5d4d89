//! What a disclosed copy shows, and above all what it does not.

use custos_protocol::disclosure::Region;
use image::{GenericImageView as _, Rgb, RgbImage};

use super::super::tests::{difference, held, jpeg_of, read, scene, with_orientation};
use super::DisclosedPhoto;
use crate::Error;

const fn region(x: u32, y: u32, width: u32, height: u32) -> Region {
    Region {
        x,
        y,
        width,
        height,
    }
}

fn to<'a>(recipient: &'a str, regions: &'a [Region]) -> DisclosedPhoto<'a> {
    DisclosedPhoto {
        id: "disclosure-01jz8w7q5g7h9j1k3m5n7p9r1s",
        original: "clip-01jz8w3c5x0f3c1m6q2v9r4t7y",
        recipient,
        time_ms: 1_795_313_909_000,
        utc_offset_min: 480,
        regions,
    }
}

fn filled(mut picture: RgbImage, region: Region, colour: impl Fn(u32, u32) -> u8) -> RgbImage {
    for y in region.y..region.y + region.height {
        for x in region.x..region.x + region.width {
            picture.put_pixel(x, y, Rgb([colour(x, y), colour(y, x), colour(x, x)]));
        }
    }
    picture
}

/// Whatever was in the regions, the copy is the same, byte for byte: it cannot be undone.
#[test]
fn nothing_of_a_region_is_left() {
    let regions = [
        region(31, 40, 50, 21),
        region(150, 3, 1, 1),
        region(0, 99, 7, 13),
    ];
    let one = |colour: fn(u32, u32) -> u8| {
        let pictures = regions.iter();
        pictures.fold(scene(161, 117), |all, r| filled(all, *r, colour))
    };
    let flat = one(|_, _| 255);
    let noise = one(|x, y| (x * 73 + y * 151 + x * y * 7).to_le_bytes()[0]);
    for orientation in 1..=8 {
        let copy = |picture: &RgbImage| {
            let photo = with_orientation(&jpeg_of(&held(picture, orientation)), orientation);
            to("court", &regions).copy(&photo).unwrap()
        };
        assert_eq!(copy(&flat), copy(&noise), "orientation {orientation}");
        // The test would notice: one region forgotten, and they differ.
        let fewer = |picture: &RgbImage| {
            let photo = with_orientation(&jpeg_of(&held(picture, orientation)), orientation);
            to("court", &regions[..2]).copy(&photo).unwrap()
        };
        assert_ne!(fewer(&flat), fewer(&noise), "orientation {orientation}");
    }
}

/// As cameras store colours: fewer of them, in larger blocks, smoothed over block borders.
#[test]
fn nothing_is_left_in_subsampled_colours() {
    let part = [region(32, 20, 16, 10)];
    let photos: [[&[u8]; 2]; 2] = [
        [
            include_bytes!("../testdata/sampled-420-a.jpg"),
            include_bytes!("../testdata/sampled-420-b.jpg"),
        ],
        [
            include_bytes!("../testdata/sampled-422-a.jpg"),
            include_bytes!("../testdata/sampled-422-b.jpg"),
        ],
    ];
    for [a, b] in photos {
        let copy = |photo: &[u8], regions: &[Region]| to("court", regions).copy(photo).unwrap();
        assert_eq!(copy(a, &part), copy(b, &part));
        assert_ne!(copy(a, &[]), copy(b, &[]));
        // What is in the part has left traces outside of it, and one that covers half of its
        // blocks is not enough.
        let (one, other) = (read(a), read(b));
        let mut pixels = one.enumerate_pixels();
        let within = |x: u32, y: u32| (32..48).contains(&x) && (20..30).contains(&y);
        assert!(pixels.any(|(x, y, p)| p != other.get_pixel(x, y) && !within(x, y)));
        let half = [region(32, 0, 16, 8)];
        assert_ne!(copy(a, &half), copy(b, &half));
    }
}

#[test]
fn what_is_taken_out_is_black_where_it_was_seen() {
    let white = RgbImage::from_pixel(640, 480, Rgb([255; 3]));
    let part = [region(200, 100, 64, 48)];
    for orientation in 1..=8 {
        let photo = with_orientation(&jpeg_of(&held(&white, orientation)), orientation);
        let copy = read(&to("x", &part).copy(&photo).unwrap());
        let dark = |x: u32, y: u32| copy.get_pixel(x, y).0.iter().all(|c| *c < 150);
        let light = |x: u32, y: u32| copy.get_pixel(x, y).0.iter().all(|c| *c > 120);
        let mut inside = (200..264).flat_map(|x| (100..148).map(move |y| (x, y)));
        assert!(inside.all(|(x, y)| dark(x, y)), "orientation {orientation}");
        // No more than the blocks around.
        for (x, y) in [(180, 120), (284, 120), (230, 80), (230, 168)] {
            assert!(light(x, y), "orientation {orientation}: {x},{y}");
        }
    }
}

#[test]
fn whose_copy_it_is_stands_all_over_it() {
    for shade in [0, 128, 255] {
        let plain = RgbImage::from_pixel(800, 600, Rgb([shade; 3]));
        let photo = jpeg_of(&plain);
        let copy = to("某区人民法院", &[]).copy(&photo).unwrap();
        let copy = read(&copy);
        let (width, height) = copy.dimensions();
        assert!(width == 800 && height > 600, "{width}x{height}");
        // In every ninth of the picture something is read, and most of it is as it was.
        for (column, row) in (0..9).map(|n| (n % 3, n / 3)) {
            let ninth = image::imageops::crop_imm(&copy, column * 266, row * 200, 266, 200);
            let seen = ninth
                .pixels()
                .filter(|p| p.2.0[0].abs_diff(shade) > 40)
                .count();
            assert!(
                (200..266 * 200 / 2).contains(&seen),
                "{shade}: {column},{row}: {seen}"
            );
        }
        let other = to("某区人民检察院", &[]).copy(&photo).unwrap();
        assert!(difference(&read(&other), &copy) > 0);
    }
}

/// Neither EXIF nor profile, comment, preview or what a phone puts after the picture.
#[test]
fn nothing_of_the_original_file_but_its_pixels() {
    let photo = with_orientation(&jpeg_of(&scene(160, 120)), 6);
    let secret = b"GPS 39.905489 116.391297 SECRET";
    let segment = |marker: u8| {
        let length = u16::try_from(secret.len() + 2).unwrap().to_be_bytes();
        [&[0xFF, marker], &length[..], secret].concat()
    };
    let mut told = photo[..2].to_vec();
    for marker in [0xE1, 0xE2, 0xED, 0xEF, 0xFE] {
        told.extend(segment(marker));
    }
    told.extend(&photo[2..]);
    told.extend(secret);
    let copy = to("court", &[]).copy(&told).unwrap();
    assert!(!copy.windows(6).any(|w| w == b"SECRET" || w == b"Exif\0\0"));
    assert_eq!(copy, to("court", &[]).copy(&photo).unwrap());
    // Its markers: picture, tables, scan; JFIF is the one application segment.
    let (mut at, mut kinds) = (2, Vec::new());
    while copy[at + 1] != 0xDA {
        kinds.push(copy[at + 1]);
        at += 2 + usize::from(u16::from_be_bytes([copy[at + 2], copy[at + 3]]));
    }
    assert!(
        kinds.iter().all(|k| [0xE0, 0xC0, 0xC4, 0xDB].contains(k)),
        "{kinds:x?}"
    );
}

#[test]
fn regions_that_are_not_within_the_photo() {
    let photo = jpeg_of(&scene(100, 60));
    let turned = with_orientation(&photo, 6);
    let copy = |photo: &[u8], part| to("x", &[part]).copy(photo).map(drop);
    assert_eq!(copy(&photo, region(99, 59, 1, 1)), Ok(()));
    assert_eq!(copy(&photo, region(0, 0, 100, 60)), Ok(()));
    assert_eq!(copy(&turned, region(0, 0, 60, 100)), Ok(()));
    let outside = Err(Error::Media("region-outside"));
    for part in [
        region(100, 0, 1, 1),
        region(0, 60, 1, 1),
        region(99, 0, 2, 1),
        region(0, 0, 101, 1),
        region(u32::MAX, 0, 2, 1),
        region(0, 0, 0, 1),
    ] {
        assert_eq!(copy(&photo, part), outside);
    }
    assert_eq!(copy(&turned, region(0, 0, 100, 60)), outside);
    assert_eq!(
        copy(b"no photo", region(0, 0, 1, 1)),
        Err(Error::Media("not-a-jpeg"))
    );
}

/// Whatever is written, however long, for whatever picture.
#[test]
fn any_recipient_and_any_shape() {
    for (width, height) in [(1, 1), (16, 16), (100, 3_000), (3_000, 40)] {
        let photo = jpeg_of(&scene(width, height));
        for name in ["x", "\u{202e}\u{0}abc", &"法".repeat(170), "😀🚓"] {
            let copy = read(&to(name, &[]).copy(&photo).unwrap());
            assert!(copy.height() > height && copy.width() >= width);
        }
    }
}
