//! `custos terminal mode`.

use clap::{Args, ValueEnum};
use custos_core::{Mode, Officer};
use serde_json::json;

use crate::{failure::Failure, output::Output};

#[derive(Debug, Args)]
pub(crate) struct ModeArgs {
    mode: Which,
    switch: Switch,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Which {
    /// No light, sound or vibration
    Stealth,
    /// No pre-event buffer; ends when an officer unlocks or records
    Sleep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

pub(super) fn run(officer: &Officer, args: &ModeArgs, output: &Output) -> Result<(), Failure> {
    let mode = match args.mode {
        Which::Stealth => Mode::Stealth,
        Which::Sleep => Mode::Sleep,
    };
    let on = args.switch == Switch::On;
    officer.set_mode(mode, on)?;
    let switch = if on {
        output.pick("on", "已开启")
    } else {
        output.pick("off", "已关闭")
    };
    output.result(
        &json!({ "event": "mode-changed", "mode": mode.as_str(), "on": on }),
        &format!("{} {switch}", mode.as_str()),
    )
}
