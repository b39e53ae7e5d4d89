//! What happens on the terminal: provisioning, duty, recording, confirmation.

use std::cell::Cell;

use custos_core::{DeviceInfo, EvidenceState, Officer, Secret, Terminal};

use super::{
    DemoArgs,
    stage::{CASE, OFFICER, PHOTO, Stage},
    steps::Steps,
};
use crate::{
    failure::{Exit, Failure},
    terminal::{
        feed::{Pace, feed, spec_of},
        key_source,
        record::open,
    },
};

pub(super) const PIN: &str = "246810";

/// A ticket is issued and a terminal provisioned with it.
pub(super) fn provision(stage: &Stage, steps: &mut Steps) -> Result<Terminal, Failure> {
    let title = (
        "A ticket is issued and a terminal provisioned with it",
        "签发凭证并配置终端",
    );
    steps.run("provision", title, |_| {
        let ticket = stage.ticket()?;
        let dir = stage.terminal_dir();
        let device = DeviceInfo { model: "demo".to_owned() };
        let terminal = Terminal::provision(&dir, key_source(&dir), &ticket, &device)?;
        let status = terminal.status()?;
        let lines = vec![
            format!(
                "{}, enrolment {}; trust set {} and policy {} verified under the ticket's root keys",
                status.terminal, status.epoch, status.trust_version, status.policy_version
            ),
            format!("key: {}", status.key_source),
        ];
        Ok((terminal, lines))
    })
}

/// An officer is enrolled, unlocks with a PIN and begins a duty.
pub(super) fn go_on_duty(
    _stage: &Stage,
    terminal: &Terminal,
    steps: &mut Steps,
) -> Result<Officer, Failure> {
    let title = (
        "An officer enrols, unlocks with a PIN and begins a duty",
        "人员登记、PIN 解锁、开始执勤",
    );
    steps.run("duty", title, |_| {
        let pin = Secret::from(PIN.to_owned());
        terminal.enrol_officer(OFFICER, &pin)?;
        let officer = terminal.unlock(OFFICER, &pin)?;
        let duty = officer.begin_duty(CASE)?;
        Ok((
            officer,
            vec![format!("officer {OFFICER}, case {CASE}, {duty}")],
        ))
    })
}

/// Records the media; half-way a mark is set, a photo taken, and what is committed so far is
/// uploaded while recording goes on.
pub(super) fn record(
    stage: &Stage,
    terminal: &Terminal,
    officer: &Officer,
    args: &DemoArgs,
    steps: &mut Steps,
) -> Result<String, Failure> {
    let title = (
        "The camera's samples are recorded, sealed as they come",
        "录制：采样即封存",
    );
    steps.run("record", title, |steps| {
        let camera = open(&stage.media)?;
        let total = camera.samples.unwrap_or(0);
        let recording = officer.start_recording(spec_of(&camera))?;
        let bar = steps.bar(total, "      {bar:40} {pos}/{len} samples");
        let (count, early) = (Cell::new(0_u64), Cell::new(0_u64));
        let pace = Pace {
            realtime: args.realtime,
            repeat: 1,
        };
        let fed = feed(&stage.media, camera, &recording, pace, |_| {
            count.set(count.get() + 1);
            bar.inc(1);
            if count.get() == (total / 2).max(1) {
                recording.mark("demo")?;
                officer.photo(PHOTO)?;
                recording.commit()?;
                early.set(terminal.sync_once()?.uploaded_bytes);
            }
            Ok(())
        });
        bar.finish_and_clear();
        let item = recording.stop()?;
        fed?;
        let bytes = item.length.unwrap_or(0);
        let lines = vec![
            format!(
                "{} samples, {} fragments, {bytes} bytes sealed",
                count.get(),
                item.fragments
            ),
            format!(
                "{} bytes had reached the station before recording ended",
                early.get()
            ),
            format!("{}: marked half-way; a photo was taken", item.clip),
        ];
        Ok((item.clip, lines))
    })
}

/// Uploads the rest; the terminal believes the station only for its verified receipt.
pub(super) fn confirm(
    _stage: &Stage,
    terminal: &Terminal,
    officer: &Officer,
    clip: &str,
    steps: &mut Steps,
) -> Result<(), Failure> {
    let title = (
        "The station stores, countersigns and gives receipts; the terminal verifies them",
        "服务器存储、会签并出具回执；终端核验回执",
    );
    steps.run("confirm", title, |_| {
        let before = officer.evidence()?;
        if before
            .iter()
            .any(|i| i.clip == clip && i.state == EvidenceState::Confirmed)
        {
            return Err(Failure::new(
                Exit::Refused,
                "unexpected",
                "confirmed without a receipt",
            ));
        }
        let report = terminal.sync_once()?;
        let items = officer.end_duty()?;
        if items.len() != 2 || items.iter().any(|i| i.state != EvidenceState::Confirmed) {
            return Err(Failure::new(
                Exit::Refused,
                "unconfirmed",
                "something was not confirmed",
            ));
        }
        let mut lines: Vec<_> = items
            .iter()
            .map(|i| format!("{}  {}  {}", i.clip, i.media, i.state.as_str()))
            .collect();
        lines.push(format!(
            "{} more bytes sent; the duty ends with everything confirmed",
            report.uploaded_bytes
        ));
        Ok(((), lines))
    })
}
