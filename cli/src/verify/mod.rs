//! `custos verify`: an independent check that needs the `protocol` crate and three files, or a
//! bundle that has them (`bundle`, or `disclosed` for a copy that left the agency; read by `source`).

mod bundle;
mod disclosed;
mod source;

use std::{
    fs::{self, File},
    io::BufReader,
    path::PathBuf,
};

use clap::Args;
use custos_protocol::verify::{NotProved, Proved, Report, utc, verify_clip};
use serde::Serialize;

use crate::{
    failure::{Exit, Failure, FailureLine},
    output::{Lang, Output},
};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  custos verify clip.mp4.age --receipt clip.receipt --trust trust.json --json\n  custos verify bundle.zip\n  custos verify folder --trust trust.json"
)]
pub(crate) struct VerifyArgs {
    /// The evidence file (age), or an exported or disclosed folder or zip: then every file in it
    pub(crate) clip: PathBuf,
    /// Its receipt
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    /// The agency's trust set; for a folder or zip instead of the one in it
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
}

/// The line of the contract.
#[derive(Debug, Serialize)]
struct ReportLine {
    verified: bool,
    proved: Vec<String>,
    not_proved: Vec<String>,
    reason: Option<String>,
    /// The failure's own fields stand in the same line.
    #[serde(flatten)]
    failure: Option<FailureLine>,
}

/// Checks the files of `args` and tells what is proved and what is not.
///
/// # Errors
/// A [`Failure`] where a file cannot be read, or the clip does not verify.
pub(crate) fn run(args: &VerifyArgs, output: &Output) -> Result<(), Failure> {
    if args.receipt.is_none()
        && let Some(source) = source::Source::open(&args.clip)?
    {
        let trust = args.trust.as_deref();
        return match disclosed::named(&source)? {
            Some(name) => disclosed::run(source, &name, trust, output),
            None => bundle::run(source, trust, output),
        };
    }
    let (Some(receipt), Some(trust)) = (&args.receipt, &args.trust) else {
        let message = "a clip needs --receipt and --trust; a folder or zip has them in it";
        return Err(Failure::usage("usage", message));
    };
    let clip = File::open(&args.clip).map_err(|e| Failure::file(&e, "the clip"))?;
    let receipt = read_text(receipt, "the receipt")?;
    let trust = read_text(trust, "the trust set")?;
    let report = verify_clip(BufReader::new(clip), &receipt, &trust);
    tell(&report, output)
}

/// A file that is no text cannot be a receipt or trust set: that is "does not verify", so bytes
/// that are not UTF-8 are passed on as a text that no parser takes.
fn read_text(path: &std::path::Path, what: &str) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(|e| Failure::file(&e, what))?;
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// Prints a report; one that does not verify is a failure that has been told.
pub(crate) fn tell(report: &Report, output: &Output) -> Result<(), Failure> {
    let proved: Vec<_> = report
        .proved
        .iter()
        .map(|p| proved_words(p, output.lang))
        .collect();
    let not_proved: Vec<_> = report
        .not_proved
        .iter()
        .map(|n| not_proved_words(n, output.lang))
        .collect();
    let reason = report.error.as_ref().map(ToString::to_string);
    let sentence = if let Some(reason) = &reason {
        format!("{}\n  {reason}", output.pick("NOT VERIFIED", "核验未通过"))
    } else {
        let mut text = output
            .pick("VERIFIED. Proved:", "核验通过。已证明：")
            .to_owned();
        for line in &proved {
            text += &format!("\n  + {line}");
        }
        text += &format!("\n{}", output.pick("Not proved by this:", "未证明："));
        for line in &not_proved {
            text += &format!("\n  - {line}");
        }
        text
    };
    let failure = reason
        .as_ref()
        .map(|r| Failure::new(Exit::Refused, "not-verified", r.as_str()));
    let line = ReportLine {
        verified: report.verified(),
        proved,
        not_proved,
        reason,
        failure: failure.as_ref().map(|f| f.line(output.lang)),
    };
    output.result(&line, &sentence)?;
    failure.map_or(Ok(()), |f| Err(f.told()))
}

pub(crate) fn proved_words(proved: &Proved, lang: Lang) -> String {
    if lang == Lang::En {
        return proved.to_string();
    }
    match proved {
        Proved::Bytes { clip, length, root } => {
            format!("文件与封存时的 {clip} 逐位一致：{length} 字节，根哈希 {root}")
        }
        Proved::Terminal {
            terminal,
            epoch,
            agency,
        } => {
            format!("由终端 {terminal}（第 {epoch} 次登记）封存，该终端由 {agency} 登记")
        }
        Proved::Entry {
            index,
            officer,
            case,
            began_ms,
            ended_ms,
            ..
        } => format!(
            "终端日志第 {index} 条记载人员 {}、案号 {case}，按其时钟 {} 开始，{} 结束",
            officer.as_deref().unwrap_or("（无）"),
            utc(*began_ms),
            utc(*ended_ms)
        ),
        Proved::ExistedBefore {
            cosigned_s,
            journal_size,
        } => format!(
            "最迟在 {} 已经存在：服务器当时会签了含此条在内共 {journal_size} 条的日志",
            utc(i64::try_from(*cosigned_s).unwrap_or(i64::MAX / 1000) * 1000)
        ),
        Proved::Stored { time_ms } => {
            format!("服务器于 {} 已完整持久保存该文件", utc(*time_ms))
        }
        Proved::Copy {
            id,
            length,
            clip,
            maker,
            time_ms,
        } => format!(
            "文件与 {maker} 于 {} 制作并签署的 {clip} 副本（{id}）逐位一致：{length} 字节",
            utc(*time_ms)
        ),
        Proved::Approved {
            recipient,
            purpose,
            requester,
            approver,
            time_ms,
        } => format!(
            "由 {requester} 申请提供给 {recipient}（{purpose}），{approver} 于 {} 批准",
            utc(*time_ms)
        ),
        Proved::Original { clip, length, root } => {
            format!("以下关于原件 {clip}：密封文件 {length} 字节，根哈希 {root}")
        }
    }
}

pub(crate) fn not_proved_words(not_proved: &NotProved, lang: Lang) -> String {
    if lang == Lang::En {
        return not_proved.to_string();
    }
    match not_proved {
        NotProved::TrustSetOrigin {
            agency,
            fingerprint,
        } => {
            format!("信任集确属 {agency}：请通过其他渠道核对根密钥指纹 {fingerprint}")
        }
        NotProved::Content => "录像内容：文件已加密，本次核验未打开".to_owned(),
        NotProved::Scene => "现场并非摆拍，以及当时由谁持有终端".to_owned(),
        NotProved::ExactTime => "除先后顺序与会签时间以外的准确录制时间".to_owned(),
        NotProved::Completeness => "没有其他未提交的录像".to_owned(),
        NotProved::AfterRecovery => "最后一个已提交片段之后的内容：录制曾中断并已恢复".to_owned(),
        NotProved::Likeness { maker } => {
            format!(
                "除遮挡部分外，副本与原件内容一致：仅由 {maker} 声明；原件密封保存，可由机关出示"
            )
        }
    }
}
