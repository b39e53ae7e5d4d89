//! `custos admin evidence` and `trust`: what the station holds, as ciphertext, with its proofs.

use std::{fs::File, io::Write as _, path::PathBuf};

use clap::{Args, Subcommand};
use custos_protocol::{api::EvidenceInfo, trust::TrustFile, verify::utc};
use serde_json::json;

use super::{AdminClient, path_segment};
use crate::{failure::Failure, output::Output};

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// All stored evidence
    List,
    /// Fetch a clip, its receipt and the trust set into a folder
    Get {
        clip: String,
        /// Folder to write to
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) async fn run(
    client: &AdminClient,
    command: &EvidenceCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        EvidenceCommand::List => {
            let all: Vec<EvidenceInfo> = client.get("/v1/admin/evidence").await?;
            all.iter().try_for_each(|info| tell(info, output))
        }
        EvidenceCommand::Get {
            clip,
            output: folder,
        } => {
            let clip = path_segment(clip)?;
            let info: EvidenceInfo = client.get(&format!("/v1/admin/evidence/{clip}")).await?;
            let receipt = client
                .get_text(&format!("/v1/admin/evidence/{clip}/receipt"))
                .await?;
            let trust = client.get_text("/v1/trust").await?;
            let failed = |e: std::io::Error| Failure::file(&e, "the output folder");
            std::fs::create_dir_all(folder).map_err(failed)?;
            let mut file = File::create_new(folder.join(format!("{clip}.age"))).map_err(failed)?;
            let mut body = client
                .download(&format!("/v1/admin/evidence/{clip}/file"))
                .await?;
            while let Some(piece) = body
                .chunk()
                .await
                .map_err(|_| Failure::from(custos_core::Error::Unreachable))?
            {
                file.write_all(&piece).map_err(failed)?;
            }
            std::fs::write(folder.join(format!("{clip}.receipt")), receipt).map_err(failed)?;
            let trust = TrustFile::new(&trust).to_text();
            std::fs::write(folder.join("trust.json"), trust).map_err(failed)?;
            tell(&info, output)
        }
    }
}

pub(super) async fn trust(
    client: &AdminClient,
    args: &TrustArgs,
    output: &Output,
) -> Result<(), Failure> {
    let trust = TrustFile::new(&client.get_text("/v1/trust").await?).to_text();
    std::fs::write(&args.output, trust).map_err(|e| Failure::file(&e, "the trust file"))?;
    let file = args.output.display().to_string();
    output.result(&json!({ "id": "trust", "file": file }), &file)
}

fn tell(info: &EvidenceInfo, output: &Output) -> Result<(), Failure> {
    let sentence = format!(
        "{}  {}  {}  {} bytes  case {}  officer {}  recorded {}  stored {}",
        info.id,
        info.terminal,
        info.media,
        info.length,
        info.case,
        info.officer.as_deref().unwrap_or("-"),
        utc(info.began_ms),
        utc(info.stored_ms)
    );
    output.result(info, &sentence)
}
