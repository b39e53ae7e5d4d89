//! `custos terminal photo`, `thumbnail`.

use std::{fs, path::PathBuf};

use clap::Args;
use custos_core::{Officer, PhotoSpec};
use serde_json::json;

use super::evidence::tell;
use crate::{
    failure::{Exit, Failure},
    output::Output,
};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  custos terminal … photo --media photo.jpg --watermark")]
pub(crate) struct PhotoArgs {
    /// A JPEG
    #[arg(long, value_name = "FILE")]
    media: PathBuf,
    /// Make a copy with a watermark too, whatever the policy says
    #[arg(long)]
    watermark: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ThumbnailArgs {
    clip: String,
    /// File to write to: plain, where it was sealed before
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn photo(officer: &Officer, args: &PhotoArgs, output: &Output) -> Result<(), Failure> {
    let jpeg = fs::read(&args.media).map_err(|e| Failure::file(&e, "the photo"))?;
    let spec = PhotoSpec {
        watermark: args.watermark.then_some(true),
    };
    let photo = officer.photo_with(&jpeg, spec)?;
    tell(&photo.item, output)?;
    // The original is safe: a copy that failed is said after it.
    match photo.copy {
        Some(copy) => tell(&copy?, output),
        None => Ok(()),
    }
}

pub(super) fn thumbnail(
    officer: &Officer,
    args: &ThumbnailArgs,
    output: &Output,
) -> Result<(), Failure> {
    let none = || {
        Failure::new(
            Exit::Refused,
            "no-thumbnail",
            "there is no small picture of it",
        )
    };
    let jpeg = officer.thumbnail(&args.clip)?.ok_or_else(none)?;
    fs::write(&args.output, &jpeg).map_err(|e| Failure::file(&e, "the thumbnail"))?;
    let file = args.output.display().to_string();
    let line =
        json!({ "event": "thumbnail", "clip": args.clip, "file": file, "bytes": jpeg.len() });
    output.result(&line, &file)
}
