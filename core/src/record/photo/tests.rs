//! Photos of every orientation, colour and shape; and what is no photo.

use custos_protocol::journal::ClockTrust;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GenericImageView, GrayImage, ImageReader, Luma, Rgb, RgbImage};

use super::frame::{self, Frame};
use super::text::Pen;
use super::{Picture, Watermark, picture};
use crate::{Error, Result};

/// Four fields of different colours, none of which is the other's mirror image.
pub(super) fn scene(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        match (x * 2 < width, y * 3 < height) {
            (true, true) => Rgb([220, 30, 30]),
            (false, true) => Rgb([30, 200, 30]),
            (true, false) => Rgb([30, 30, 220]),
            (false, false) => Rgb([230, 230, 230]),
        }
    })
}

pub(super) fn jpeg_of(image: &RgbImage) -> Vec<u8> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 95)
        .encode_image(image)
        .unwrap();
    jpeg
}

/// With an EXIF segment that holds nothing but an orientation (Exif 2.32, 4.6.4, tag 274).
pub(super) fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat()
}

/// As a camera that is held that way stores it.
pub(super) fn held(image: &RgbImage, orientation: u8) -> RgbImage {
    let image = DynamicImage::from(image.clone());
    match orientation {
        2 => image.fliph(),
        3 => image.rotate180(),
        4 => image.flipv(),
        5 => image.rotate90().fliph(),
        6 => image.rotate270(),
        7 => image.rotate270().fliph(),
        8 => image.rotate90(),
        _ => image,
    }
    .into_rgb8()
}

fn upright(jpeg: &[u8]) -> Result<RgbImage> {
    picture::with(jpeg, |picture| {
        let (width, height) = picture.dimensions();
        Ok(RgbImage::from_fn(width, height, |x, y| {
            picture.get_pixel(x, y)
        }))
    })
}

pub(super) fn read(jpeg: &[u8]) -> RgbImage {
    ImageReader::with_format(std::io::Cursor::new(jpeg), image::ImageFormat::Jpeg)
        .decode()
        .unwrap()
        .into_rgb8()
}

/// The largest mean difference of a pixel's colours in any of 8 by 8 fields.
pub(super) fn difference(a: &RgbImage, b: &RgbImage) -> u64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let mut fields = [(0_u64, 0_u64); 64];
    for (x, y, pixel) in a.enumerate_pixels() {
        let field = &mut fields[(y * 8 / a.height() * 8 + x * 8 / a.width()) as usize];
        for (one, other) in pixel.0.iter().zip(b.get_pixel(x, y).0) {
            field.0 += u64::from(one.abs_diff(other));
            field.1 += 1;
        }
    }
    fields
        .iter()
        .map(|(sum, count)| sum / count.max(&1))
        .max()
        .unwrap()
}

#[test]
fn all_orientations_look_the_same() {
    let scene = scene(640, 480);
    for orientation in 1..=8 {
        let photo = with_orientation(&jpeg_of(&held(&scene, orientation)), orientation);
        let seen = upright(&photo).unwrap();
        assert!(difference(&seen, &scene) < 6, "orientation {orientation}");
        let small = picture::with(&photo, Picture::thumbnail).unwrap();
        let expected = image::imageops::thumbnail(&scene, 320, 240);
        assert!(
            difference(&read(&small), &expected) < 12,
            "orientation {orientation}"
        );
        let copy = picture::with(&photo, |p| mark("2026-1").copy(p)).unwrap();
        let above = image::imageops::crop_imm(&read(&copy), 0, 0, 640, 480).to_image();
        assert!(difference(&above, &scene) < 8, "orientation {orientation}");
        for made in [small, copy] {
            assert!(!made.windows(4).any(|w| w == b"Exif"), "no metadata");
        }
    }
    // No such orientation: shown as it is stored.
    let odd = with_orientation(&jpeg_of(&scene), 9);
    assert!(difference(&upright(&odd).unwrap(), &scene) < 6);
}

#[test]
fn thumbnails_have_at_most_320_pixels_on_a_side() {
    for (width, height, expected) in [
        (1600, 1200, (320, 240)),
        (1200, 1600, (240, 320)),
        (2000, 3, (320, 1)),
        (320, 200, (320, 200)),
        (16, 16, (16, 16)),
        (1, 1, (1, 1)),
    ] {
        let photo = jpeg_of(&scene(width, height));
        let small = picture::with(&photo, Picture::thumbnail).unwrap();
        assert_eq!(read(&small).dimensions(), expected);
    }
}

#[test]
fn grey_photos() {
    let grey = GrayImage::from_fn(64, 48, |x, _| Luma([if x < 32 { 40 } else { 200 }]));
    let mut photo = Vec::new();
    JpegEncoder::new(&mut photo).encode_image(&grey).unwrap();
    let seen = upright(&with_orientation(&photo, 6)).unwrap();
    assert_eq!(seen.dimensions(), (48, 64));
    assert!(seen.get_pixel(10, 5).0[0] < 60 && seen.get_pixel(10, 60).0[0] > 180);
}

#[test]
fn what_a_jpeg_claims_to_be() {
    let photo = jpeg_of(&scene(33, 17));
    let expected = Frame {
        width: 33,
        height: 17,
        progressive: false,
        block: (8, 8),
    };
    assert_eq!(frame::read(&photo), Ok(expected));
    // What follows the picture, as in a phone's motion photo, does not matter.
    assert_eq!(
        frame::read(&[&photo, &b"trailer"[..]].concat()),
        Ok(expected)
    );
    // Cut anywhere, it is not whole: nothing of it decodes, however lenient the decoder is.
    for length in 2..photo.len() {
        assert_eq!(
            frame::read(&photo[..length]),
            Err(Error::Media("photo-truncated")),
            "{length}"
        );
    }
    for other in [
        &b""[..],
        b"not a picture",
        b"\x89PNG\r\n\x1a\n",
        b"\xFF\xD8\xFF\xD9",
    ] {
        assert!(picture::with(other, |_| Ok(())).is_err());
    }
}

/// A few hundred bytes that claim to be thousands of megabytes are refused by their claim.
#[test]
fn bombs_are_not_decoded() {
    let photo = jpeg_of(&scene(16, 16));
    let at = photo.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    let claims = |kind: u8, width: u16, height: u16| {
        let mut photo = photo.clone();
        photo[at + 1] = kind;
        photo[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
        photo[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
        photo
    };
    let refused =
        |kind, width, height| picture::with(&claims(kind, width, height), |_| Ok(())).unwrap_err();
    let too_large = Error::Media("photo-too-large");
    assert_eq!(refused(0xC0, 65_535, 65_535), too_large);
    assert_eq!(refused(0xC0, 20_001, 1), too_large);
    assert_eq!(refused(0xC0, 1, 20_001), too_large);
    assert_eq!(refused(0xC0, 8_193, 8_193), too_large);
    assert_eq!(refused(0xC2, 5_100, 5_100), too_large);
    assert_eq!(refused(0xC0, 0, 16), Error::Media("not-a-jpeg"));
    assert_eq!(refused(0xC0, 16, 0), Error::Media("not-a-jpeg"));
    assert_eq!(refused(0xC3, 16, 16), Error::Media("not-a-jpeg"));
    assert!(frame::read(&claims(0xC0, 8_192, 8_192)).is_ok());
    // Scans without end cost time, not memory.
    let scan = photo.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
    let (head, scan) = photo[..photo.len() - 2].split_at(scan);
    let many = [head, &scan.repeat(101), &[0xFF, 0xD9]].concat();
    assert_eq!(frame::read(&many), Err(Error::Media("not-a-jpeg")));
    let large = vec![0; super::MAX_PHOTO + 1];
    assert_eq!(frame::read(&large), Err(too_large));
}

fn mark(case: &str) -> Watermark<'_> {
    Watermark {
        time_ms: 1_795_313_909_999,
        utc_offset_min: 480,
        clock: ClockTrust::Station,
        officer: "100234",
        terminal: "cam-07",
        case,
        original: "clip-01jz8w3c5x0f3c1m6q2v9r4t7y",
    }
}

/// The bar of a copy, and what of it is lit.
fn bar(photo: &[u8], mark: &Watermark<'_>) -> (u32, u32, usize) {
    picture::with(photo, |picture| {
        let (_, below) = picture.dimensions();
        let framed = mark.framed(picture)?;
        let (width, height) = framed.dimensions();
        let lit = (below..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .filter(|(x, y)| framed.get_pixel(*x, *y).0[0] > 128)
            .count();
        Ok((width, height - below, lit))
    })
    .unwrap()
}

#[test]
fn every_shape_of_photo_gets_a_legible_bar() {
    for (width, height) in [(1, 1), (16, 16), (100, 3_000), (3_000, 40), (1_600, 1_200)] {
        let photo = jpeg_of(&scene(width, height));
        let (wide, high, lit) = bar(&photo, &mark("京公（刑）立字〔2026〕0815号"));
        assert!(wide >= width.max(280), "{width}x{height}: {wide}");
        assert!((20..=1_000).contains(&high), "{width}x{height}: {high}");
        assert!(lit > 500, "{width}x{height}: {lit}");
        let copy = picture::with(&photo, |p| mark("x").copy(p)).unwrap();
        assert!(read(&copy).height() > height);
    }
}

/// A case number without end takes no more than its place, and nothing in it breaks the drawing.
#[test]
fn any_case_number_is_drawn() {
    let photo = jpeg_of(&scene(400, 300));
    let long = "案".repeat(100_000);
    let (_, high, _) = bar(&photo, &mark(&long));
    let (_, usual, _) = bar(&photo, &mark("2026-1"));
    assert!(high <= usual * 4, "{high} {usual}");
    for odd in [
        "",
        "\0\n\t\r",
        "\u{202e}abc",
        "😀🚓",
        "\u{10ffff}",
        "ﷺ",
        "a\u{301}",
    ] {
        bar(&photo, &mark(odd));
    }
}

#[test]
fn the_font_has_what_is_written_here_and_a_box_for_the_rest() {
    let pen = Pen::new(20.0).unwrap();
    let drawn = |text: &str| {
        let mut on = GrayImage::new(200, 40);
        pen.draw(text, 4.0, 4.0, &mut on);
        on
    };
    let ink = |text: &str| drawn(text).pixels().filter(|p| p.0[0] > 128).count();
    let missing = drawn("\u{10fffd}");
    assert!(ink("\u{10fffd}") > 30, "a box");
    for c in "人员终端案件原件重启后未再校时钟准（）〔〕…　京粤鑫0123456789:+-_.".chars()
    {
        assert_ne!(drawn(&c.to_string()), missing, "{c}");
    }
    assert_eq!(ink("　"), 0, "a gap is no box");
    assert_eq!(drawn("😀"), missing);
    // Beyond the edges nothing is drawn, and nothing breaks.
    pen.draw("边界", -30.0, -20.0, &mut GrayImage::new(5, 5));
    assert_eq!(pen.fitting("甲乙丙", 0.0), ("甲", "乙丙"));
    assert_eq!(pen.fitting("", 10.0), ("", ""));
}
