//! `custos admin disclosure`: a copy of evidence for somebody outside. Each step is signed here,
//! with the key of the person who sits here; the copy is made here too, for the station holds
//! ciphertext alone.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use custos_protocol::{
    api::{DisclosureInfo, DisclosureState, EvidenceInfo, NoteBody},
    disclosure::{DisclosureApproval, DisclosureRefusal, DisclosureRequest, Region},
    id,
    note::Note,
    statement::{self, Statement},
    suite,
    trust::{TrustFile, TrustSet},
    verify::{self, utc},
};
use serde_json::json;

use super::{AdminClient, make_copy, path_segment};
use crate::{failure::Failure, output::Output};

const DAY_MS: i64 = 24 * 3_600_000;

#[derive(Debug, Subcommand)]
pub(crate) enum DisclosureCommand {
    /// Ask for a copy of a clip for somebody outside (role evidence)
    #[command(
        after_help = "Examples:\n  custos admin --key eva.key … disclosure request CLIP --to '某区人民法院' --purpose '(2026)京0105民初815号' --redact 120,80,300x200\n  custos admin --key emil.key … disclosure approve ID\n  custos admin --key eva.key … disclosure make ID --identity agency.key -o copy"
    )]
    Request(Ask),
    /// Let it go, as it was asked for (role approver, another person)
    Approve { id: String },
    /// Do not, or no longer: as long as the copy is not made (role approver)
    Refuse {
        id: String,
        /// Why; stands in the refusal
        #[arg(long)]
        reason: String,
    },
    /// Make the copy, with what shows whose it is (role evidence, not who approved)
    Make(Make),
    /// All disclosures with their states
    List {
        /// Those in this state alone
        #[arg(long, value_parser = STATES)]
        state: Option<String>,
    },
    /// One of them
    Show { id: String },
}

const STATES: [&str; 5] = [
    DisclosureState::Requested.as_str(),
    DisclosureState::Approved.as_str(),
    DisclosureState::Refused.as_str(),
    DisclosureState::Expired.as_str(),
    DisclosureState::Made.as_str(),
];

#[derive(Debug, Args)]
pub(crate) struct Ask {
    clip: String,
    /// Who gets the copy; stands on it
    #[arg(long = "to", value_name = "RECIPIENT")]
    recipient: String,
    /// What for
    #[arg(long)]
    purpose: String,
    /// Part of a photo that nobody is to see, in pixels as it is seen: X,Y,WIDTHxHEIGHT; more than
    /// once if need be
    #[arg(long = "redact", value_name = "REGION", value_parser = region)]
    regions: Vec<Region>,
    /// The copy is made within so many days
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
}

#[derive(Debug, Args)]
pub(crate) struct Make {
    id: String,
    /// The agency's age identity, which opens the original
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    /// Folder to write to
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

fn region(text: &str) -> Result<Region, String> {
    let numbers: Option<Vec<u32>> = text.split([',', 'x']).map(|n| n.parse().ok()).collect();
    match numbers.as_deref() {
        Some([x, y, width, height]) if *width > 0 && *height > 0 => Ok(Region {
            x: *x,
            y: *y,
            width: *width,
            height: *height,
        }),
        _ => Err("X,Y,WIDTHxHEIGHT in pixels, as 120,80,300x200".to_owned()),
    }
}

pub(super) async fn run(
    client: &AdminClient,
    command: &DisclosureCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        DisclosureCommand::Request(args) => request(client, args, output).await,
        DisclosureCommand::Approve { id } => {
            let info = show(client, id).await?;
            let request = as_signed(&info, &client.trust().await?)?;
            let approval = DisclosureApproval::new(&request, &client.person.person, now());
            let approval = signed(client, &approval.map_err(|_| differs())?)?;
            tell(
                &hand_in(client, &step(id, "approve"), &approval).await?,
                output,
            )
        }
        DisclosureCommand::Refuse { id, reason } => {
            let info = show(client, id).await?;
            let request = as_signed(&info, &client.trust().await?)?;
            let refusal = DisclosureRefusal::new(&request, &client.person.person, reason, now());
            let refusal = signed(client, &refusal.map_err(|_| differs())?)?;
            tell(
                &hand_in(client, &step(id, "refuse"), &refusal).await?,
                output,
            )
        }
        DisclosureCommand::Make(args) => make(client, args, output).await,
        DisclosureCommand::List { state } => {
            let all: Vec<DisclosureInfo> = client.get("/v1/admin/disclosures").await?;
            let wanted = |info: &&DisclosureInfo| {
                let state = state.as_deref();
                state.is_none_or(|state| info.state.as_str() == state)
            };
            all.iter().filter(wanted).try_for_each(|d| tell(d, output))
        }
        DisclosureCommand::Show { id } => tell(&show(client, id).await?, output),
    }
}

pub(super) fn now() -> i64 {
    custos_core::clock::wall_ms()
}

pub(super) fn signed(client: &AdminClient, step: &impl Statement) -> Result<Note, Failure> {
    let words = "a term has characters that cannot be signed";
    statement::sign(step, &[&client.person.signer])
        .map_err(|_| Failure::usage("disclosure-terms", words))
}

pub(super) fn step(id: &str, step: &str) -> String {
    format!("/v1/admin/disclosures/{id}/{step}")
}

pub(super) async fn hand_in(
    client: &AdminClient,
    path: &str,
    note: &Note,
) -> Result<DisclosureInfo, Failure> {
    let body = NoteBody {
        note: note.to_string(),
    };
    client.post(path, &body).await
}

async fn show(client: &AdminClient, id: &str) -> Result<DisclosureInfo, Failure> {
    let path = format!("/v1/admin/disclosures/{}", path_segment(id)?);
    let info: DisclosureInfo = client.get(&path).await?;
    if info.id != id {
        return Err(differs());
    }
    Ok(info)
}

/// The request, if what the station tells of it is what was signed.
fn as_signed(info: &DisclosureInfo, trust: &TrustSet) -> Result<Note, Failure> {
    let asked = DisclosureRequest::open(&info.request, trust).map_err(|_| differs())?;
    let told = (&info.id, &info.clip, &info.recipient, &info.purpose);
    let meant = (&asked.id, &asked.clip, &asked.recipient, &asked.purpose);
    if told != meant || info.regions != asked.regions || info.media != asked.media {
        return Err(differs());
    }
    info.request.parse().map_err(|_| differs())
}

pub(super) fn differs() -> Failure {
    Failure::new(
        crate::failure::Exit::Refused,
        "disclosure-differs",
        "what the station holds is not what people signed",
    )
}

async fn request(client: &AdminClient, args: &Ask, output: &Output) -> Result<(), Failure> {
    let clip = path_segment(&args.clip)?;
    let path = format!("/v1/admin/evidence/{clip}");
    let info: EvidenceInfo = client.get(&path).await?;
    let receipt = client.get_text(&format!("{path}/receipt")).await?;
    let receipt = verify::verify_receipt(&receipt, &client.trust().await?);
    let receipt = receipt.map_err(|_| differs())?;
    if receipt.sealed.clip != clip || receipt.sealed.media != info.media {
        return Err(differs());
    }
    let time_ms = now();
    let request = DisclosureRequest {
        suite: suite::CURRENT,
        id: id::fresh("disclosure").map_err(|_| Failure::internal())?,
        requester: client.person.person.clone(),
        clip: clip.to_owned(),
        digest: receipt.sealed.digest,
        media: info.media,
        recipient: args.recipient.clone(),
        purpose: args.purpose.clone(),
        regions: args.regions.clone(),
        expires_ms: time_ms + i64::from(args.days) * DAY_MS,
        time_ms,
    };
    let note = signed(client, &request)?;
    tell(
        &hand_in(client, "/v1/admin/disclosures", &note).await?,
        output,
    )
}

async fn make(client: &AdminClient, args: &Make, output: &Output) -> Result<(), Failure> {
    let info = show(client, &args.id).await?;
    let set = client.get_text("/v1/trust").await?;
    let trust = TrustSet::open(&set).map_err(|_| custos_core::Error::TrustInvalid)?;
    as_signed(&info, &trust)?;
    let offset = client.utc_offset(&trust).await?;
    let order = make_copy::Order {
        client,
        info: &info,
        trust: &trust,
        trust_file: TrustFile::new(&set).to_text(),
        utc_offset_min: offset,
        identity: &args.identity,
        folder: &args.output,
    };
    let made = order.make().await?;
    let file = made.file.display().to_string();
    let line = json!({
        "id": made.info.id,
        "state": made.info.state,
        "file": file,
        "length": made.copy.length,
        "sha256": made.copy.sha256,
    });
    let sentence = format!(
        "{file}\n{}",
        output.pick(
            "Hand over the whole folder: `custos verify` on it shows whose copy it is.",
            "请交付整个文件夹：对其运行 `custos verify` 即可核验副本来源。",
        )
    );
    output.result(&line, &sentence)
}

fn tell(info: &DisclosureInfo, output: &Output) -> Result<(), Failure> {
    let mut sentence = format!(
        "{}  {}  {}  {}  {}",
        info.id,
        info.state.as_str(),
        info.clip,
        info.recipient,
        info.purpose
    );
    for region in &info.regions {
        let Region {
            x,
            y,
            width,
            height,
        } = region;
        let word = output.pick("without", "遮挡");
        sentence += &format!("  {word} {x},{y},{width}x{height}");
    }
    if info.media != "image/jpeg" {
        let whole = output.pick("goes out whole, without a watermark", "整体提供，不加水印");
        sentence += &format!("  ({}: {whole})", info.media);
    }
    let until = output.pick("until", "有效至");
    sentence += &format!("  {until} {}", utc(info.expires_ms));
    let people = [
        (output.pick("asked", "申请"), Some(&info.requester)),
        (output.pick("approved", "批准"), info.approver.as_ref()),
        (output.pick("refused", "拒绝"), info.refused_by.as_ref()),
        (output.pick("made", "制作"), info.maker.as_ref()),
    ];
    for (step, person) in people {
        if let Some(person) = person {
            sentence += &format!("\n  {step} {person}");
        }
    }
    if let Some(reason) = &info.refuse_reason {
        sentence += &format!(": {reason}");
    }
    output.result(info, &sentence)
}
