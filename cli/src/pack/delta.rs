//! `custos pack delta`.

use std::path::{Path, PathBuf};

use clap::Args;
use custos_core::lookup::law;
use serde_json::json;

use super::{file_failure, signer};
use crate::{
    failure::{Exit, Failure},
    output::{Lang, Output},
};

#[derive(Debug, Args)]
pub(crate) struct DeltaArgs {
    /// The pack that terminals have
    old: PathBuf,
    /// The newer one
    new: PathBuf,
    /// File to write; nothing is overwritten
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Key file of a person with the role `pack`
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

pub(super) fn run(args: &DeltaArgs, output: &Output) -> Result<(), Failure> {
    let signer = signer(args.key.as_deref(), output)?;
    let manifest = |pack: &Path| law::manifest(pack).map_err(|e| file_failure(e, pack));
    let (old, new) = (manifest(&args.old)?, manifest(&args.new)?);
    if old.pack != new.pack {
        let message = "the two packs have different names";
        return Err(Failure::new(Exit::Refused, "pack-other-name", message));
    }
    if new.version <= old.version {
        let message = "the second pack is not newer than the first";
        return Err(Failure::new(Exit::Refused, "pack-not-newer", message));
    }
    let (time_ms, _) = law::now();
    let (delta, bytes) = law::make_delta(&args.old, &args.new, &args.output, time_ms, &signer)?;
    let ratio = bytes as f64 / delta.result_length.max(1) as f64;
    let line = json!({
        "event": "built",
        "file": args.output,
        "pack": delta.pack,
        "from_version": delta.from_version,
        "version": delta.version,
        "bytes": bytes,
        "pack_bytes": delta.result_length,
        "ratio": ratio,
        "signed_by": signer.verifier().name(),
    });
    let (from, to) = (delta.from_version, delta.version);
    let part = ratio * 100.0;
    let sentence = match output.lang {
        Lang::En => format!(
            "{}: from version {from} to {to}, {bytes} bytes, {part:.1}% of the pack",
            delta.pack
        ),
        Lang::Zh => format!(
            "{}：版本 {from} 至 {to}，{bytes} 字节，为法规包的 {part:.1}%",
            delta.pack
        ),
    };
    output.result(&line, &sentence)
}
