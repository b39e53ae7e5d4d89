//! `custos terminal play`: what an officer may see, decrypted, as a file that any player opens.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use custos_core::{ClipRange, ClipReader, Officer};
use serde_json::json;

use crate::{failure::Failure, output::Output};

/// Bytes decrypted and written at once.
const PIECE: usize = 256 * 1024;

#[derive(Debug, Args)]
#[command(
    after_help = "What is written is not encrypted any more, and nothing of Custos protects it from then on.\nIt holds whole fragments: a little more than the range, beginning where decoding can begin.\n\nExamples:\n  custos terminal … play CLIP --from 60 --to 75.5 -o part.mp4\n  custos terminal … play CLIP -o - | ffplay -"
)]
pub(crate) struct PlayArgs {
    clip: String,
    /// From this second of the clip on
    #[arg(long, value_name = "S", value_parser = seconds)]
    from: Option<i64>,
    /// To this second
    #[arg(long, value_name = "S", value_parser = seconds)]
    to: Option<i64>,
    /// File to write, in the clear; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Seconds as a person writes them, to microseconds.
fn seconds(text: &str) -> Result<i64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    // Some thirty years: far from where a float loses a microsecond.
    if (0.0..=1e9).contains(&value) {
        Ok((value * 1e6).round() as i64)
    } else {
        Err("not a time within a clip".to_owned())
    }
}

pub(super) fn run(officer: &Officer, args: &PlayArgs, output: &Output) -> Result<(), Failure> {
    let to_stdout = args.output == Path::new("-");
    if to_stdout && output.json {
        let message = "standard output cannot carry both the media and --json";
        return Err(Failure::usage("output-taken", message));
    }
    if let (Some(from), Some(to)) = (args.from, args.to)
        && to <= from
    {
        return Err(Failure::usage("empty-range", "--to is not after --from"));
    }
    let range = ClipRange {
        from_us: args.from.unwrap_or(0),
        to_us: args.to,
    };
    let reader = if to_stdout {
        let reader = officer.open_clip(&args.clip, range)?;
        copy(&reader, &mut io::stdout().lock(), |_| {
            Failure::output_closed()
        })?;
        reader
    } else {
        to_file(&args.output, || Ok(officer.open_clip(&args.clip, range)?))?
    };
    tell(args, &reader, to_stdout, output)
}

/// Writes a new file that only its owner may read. Nothing is overwritten, and where the media
/// does not come to its end, no part of it stays behind.
fn to_file(
    path: &Path,
    open: impl FnOnce() -> Result<ClipReader, Failure>,
) -> Result<ClipReader, Failure> {
    let failed = |error: &io::Error| Failure::file(error, "the output");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    // First: where nothing can be written, nothing is opened, and the journal says nothing.
    let mut file = options.open(path).map_err(|error| failed(&error))?;
    let written = open().and_then(|reader| {
        copy(&reader, &mut file, |error| failed(&error))?;
        file.sync_all().map_err(|error| failed(&error))?;
        Ok(reader)
    });
    if written.is_err() {
        // What made it fail is what there is to say.
        let _ = fs::remove_file(path);
    }
    written
}

fn copy(
    reader: &ClipReader,
    to: &mut impl Write,
    failed: impl Fn(io::Error) -> Failure,
) -> Result<(), Failure> {
    let mut piece = vec![0; PIECE];
    let mut position = 0;
    loop {
        let read = reader.read_at(position, &mut piece)?;
        if read == 0 {
            return to.flush().map_err(failed);
        }
        to.write_all(&piece[..read]).map_err(&failed)?;
        position += read as u64;
    }
}

fn tell(
    args: &PlayArgs,
    reader: &ClipReader,
    to_stdout: bool,
    output: &Output,
) -> Result<(), Failure> {
    let span = reader.span();
    let line = json!({
        "event": "played",
        "clip": args.clip,
        "file": args.output.display().to_string(),
        "media": reader.media(),
        "bytes": reader.size(),
        "from_us": span.map(|s| s.from_us),
        "to_us": span.map(|s| s.to_us),
    });
    let what = match span {
        Some(span) => format!(
            "{:.3} s – {:.3} s",
            span.from_us as f64 / 1e6,
            span.to_us as f64 / 1e6
        ),
        None => reader.media().to_owned(),
    };
    let plain = output.pick(
        "NOT ENCRYPTED: delete it when it has been seen; the journal says that it was opened.",
        "未加密：看完请删除；日志已记录本次查看。",
    );
    let sentence = format!(
        "{}  {what}  {} bytes\n{plain}",
        args.output.display(),
        reader.size()
    );
    if to_stdout {
        output.complain(&[&format!("{what}  {} bytes", reader.size()), plain]);
        return Ok(());
    }
    output.result(&line, &sentence)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn seconds_are_microseconds() {
        assert_eq!(seconds("0"), Ok(0));
        assert_eq!(seconds("1.5"), Ok(1_500_000));
        assert_eq!(seconds("600.000001"), Ok(600_000_001));
        for wrong in ["", "-1", "x", "nan", "inf", "1e10"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
