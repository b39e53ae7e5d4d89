//! Telling what happens: a numbered line a step for people, an object a step for programs.

use std::{path::Path, time::Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::{failure::Failure, output::Output};

/// The steps so far.
#[derive(Debug)]
pub(super) struct Steps {
    pub(super) output: Output,
    number: u32,
    begun: Instant,
}

impl Steps {
    pub(super) fn new(output: Output) -> Self {
        Self {
            output,
            number: 0,
            begun: Instant::now(),
        }
    }

    /// Runs a step: `name` for programs, `title` in both languages for people. What the step
    /// returns beside its value is told indented below it.
    pub(super) fn run<T>(
        &mut self,
        name: &str,
        title: (&str, &str),
        work: impl FnOnce(&Self) -> Result<(T, Vec<String>), Failure>,
    ) -> Result<T, Failure> {
        self.number += 1;
        if !self.output.json {
            self.output.say(&format!(
                "{:>2}  {}",
                self.number,
                self.output.pick(title.0, title.1)
            ));
        }
        let start = Instant::now();
        let result = work(self);
        let ms = start.elapsed().as_millis();
        let ok = result.is_ok();
        self.output
            .event(&json!({ "step": name, "ok": ok, "ms": ms }))?;
        let (value, lines) = result?;
        if !self.output.json {
            for line in lines {
                self.output.say(&format!("      {line}"));
            }
        }
        Ok(value)
    }

    /// A bar over `total`; invisible where there is no terminal.
    pub(super) fn bar(&self, total: u64, template: &str) -> ProgressBar {
        if !self.output.shows_progress() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template(template).expect("a fixed template");
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        bar.with_style(style.progress_chars("█▌ "))
    }

    pub(super) fn finish(&self, dir: &Path) -> Result<(), Failure> {
        let seconds = self.begun.elapsed().as_secs_f64();
        let dir = dir.display();
        if !self.output.json {
            self.output.say(&match self.output.lang {
                crate::output::Lang::En => format!(
                    "\nAll {} steps verified in {seconds:.1} s. Everything is in {dir}",
                    self.number
                ),
                crate::output::Lang::Zh => format!(
                    "\n{} 个步骤全部通过，用时 {seconds:.1} 秒。全部文件位于 {dir}",
                    self.number
                ),
            });
        }
        Ok(())
    }
}
