//! Checking the result without the terminal, and opening it.

use std::{fs, io, path::Path};

use custos_core::Officer;
use custos_protocol::verify::{Report, verify_clip};

use super::{stage::Stage, steps::Steps};
use crate::{
    agency::Agency,
    failure::{Exit, Failure},
    verify::{not_proved_words, proved_words},
};

/// Puts clip, receipt, trust set and the agency's key into `out/`.
pub(super) fn export(
    stage: &Stage,
    officer: &Officer,
    clip: &str,
    steps: &mut Steps,
) -> Result<(), Failure> {
    let title = (
        "The clip, its receipt and the trust set are exported",
        "导出证据、回执与信任集",
    );
    steps.run("export", title, |_| {
        let bundle = stage.dir.join("bundle");
        let export = officer.export(clip, &bundle)?;
        let receipt = export.receipt.ok_or(custos_core::Error::NotConfirmed)?;
        let failed = |e: io::Error| Failure::file(&e, "the exported files");
        for (from, to) in [
            (export.clip, "clip.mp4.age"),
            (receipt, "clip.receipt"),
            (export.trust, "trust.json"),
        ] {
            fs::rename(from, stage.out(to)).map_err(failed)?;
        }
        fs::remove_file(export.manifest).map_err(failed)?;
        fs::remove_dir(&bundle).map_err(failed)?;
        let key = stage.station_dir().join("keys/agency.key");
        fs::copy(key, stage.out("agency.key")).map_err(failed)?;
        Ok(((), vec![format!("{}", stage.dir.join("out").display())]))
    })
}

/// What `custos verify` does, and that it refuses a file with one bit changed.
pub(super) fn verify(stage: &Stage, steps: &mut Steps) -> Result<(), Failure> {
    let title = (
        "An independent verifier checks clip, receipt and trust set",
        "独立核验证据、回执与信任集",
    );
    steps.run("verify", title, |steps| {
        let failed = |e: io::Error| Failure::file(&e, "the exported files");
        let clip = fs::read(stage.out("clip.mp4.age")).map_err(failed)?;
        let receipt = fs::read_to_string(stage.out("clip.receipt")).map_err(failed)?;
        let trust = fs::read_to_string(stage.out("trust.json")).map_err(failed)?;
        let Report {
            proved,
            not_proved,
            error,
        } = verify_clip(clip.as_slice(), &receipt, &trust);
        if let Some(error) = error {
            return Err(Failure::new(
                Exit::Refused,
                "not-verified",
                error.to_string(),
            ));
        }
        let mut forged = clip;
        let middle = forged.len() / 2;
        forged[middle] ^= 1;
        if verify_clip(forged.as_slice(), &receipt, &trust).verified() {
            return Err(Failure::new(
                Exit::Refused,
                "forgery-accepted",
                "a changed file verified",
            ));
        }
        let (lang, not) = (
            steps.output.lang,
            steps.output.pick("not proved: ", "未证明："),
        );
        let mut lines: Vec<_> = proved
            .iter()
            .map(|p| format!("+ {}", proved_words(p, lang)))
            .collect();
        lines.extend(
            not_proved
                .iter()
                .map(|n| format!("- {not}{}", not_proved_words(n, lang))),
        );
        lines.push(
            steps
                .output
                .pick(
                    "+ the same file with one bit changed does not verify",
                    "+ 改动一位的同一文件核验不通过",
                )
                .to_owned(),
        );
        Ok(((), lines))
    })
}

/// Opens the clip with the agency's key, and says how others do.
pub(super) fn open(stage: &Stage, steps: &mut Steps) -> Result<(), Failure> {
    let title = ("The agency's key opens it", "用机关密钥打开");
    steps.run("open", title, |_| {
        let bytes = decrypt(
            &stage.out("clip.mp4.age"),
            &stage.out("agency.key"),
            &stage.out("clip.mp4"),
        )?;
        let show = |name| stage.out(name).display().to_string();
        let (key, age, mp4) = (show("agency.key"), show("clip.mp4.age"), show("clip.mp4"));
        let lines = vec![
            format!("{mp4}  {bytes} bytes"),
            "with other people's programs:".to_owned(),
            format!("  age -d -i {key} {age} > clip.mp4"),
            format!("  ffprobe {mp4}"),
            format!(
                "  custos verify {age} --receipt {} --trust {}",
                show("clip.receipt"),
                show("trust.json")
            ),
        ];
        Ok(((), lines))
    })
}

fn decrypt(clip: &Path, key: &Path, to: &Path) -> Result<u64, Failure> {
    let agency = Agency::read(key)?;
    let mut plain = agency.open(clip)?;
    let failed = |e: io::Error| Failure::file(&e, "the decrypted clip");
    let mut out = fs::File::create_new(to).map_err(failed)?;
    io::copy(&mut plain, &mut out).map_err(failed)
}
