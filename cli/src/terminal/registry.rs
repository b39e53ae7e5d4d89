//! `custos terminal … lookup person`, `vehicle`, `case`, `device`, `waiting`, `answer`.

use std::io::Read as _;

use clap::{Args, Subcommand};
use custos_core::{
    Error, Officer,
    lookup::registry::{Known, Listed, LookUp, LookupFault},
};
use custos_protocol::{
    lookup::{
        ask::Purpose,
        query::{MAX_BATCH, Record, Registry, Subject},
    },
    verify::utc,
};
use serde_json::{Map, Value, json};

use crate::{failure::Failure, output::Output};

#[derive(Debug, Subcommand)]
pub(crate) enum RegistryCommand {
    /// Ask about a person, by resident number
    #[command(
        after_help = "Example:\n  custos terminal … lookup person - --reason \"identity: refuses to say who he is\" < number.txt"
    )]
    Person(AskArgs),
    /// Ask about a vehicle, by number plate
    #[command(
        after_help = "Examples:\n  custos terminal … lookup vehicle 京A12345 --reason traffic\n  custos terminal … lookup vehicle 京A12345 京A54321 --reason \"inquiry: joint inquiry\"   (takes a grant)"
    )]
    Vehicle(AskArgs),
    /// Ask about a case or past records, by number
    Case(AskArgs),
    /// Ask about a device, by number
    Device(AskArgs),
    /// Questions that wait for the station, and answers that came since
    Waiting,
    /// The answer to a question that had to wait
    Answer {
        /// Its name, as `waiting` gives it
        lookup: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    /// Whom or what: one number; up to 20 by a grant for lookup-batch; or, by a grant for
    /// lookup-wildcard, a part of a plate or of a case's number, 4 characters or more, with * and ?.
    /// `-` is standard input, a number a line: other programs can read arguments
    #[arg(required = true, value_name = "NUMBER")]
    numbers: Vec<String>,
    /// What it is for: identity, traffic, inquiry, complaint, rescue, and words after a colon; or
    /// words alone. It goes into the journal, so it does not name whom it is about
    #[arg(long, value_name = "REASON")]
    reason: String,
}

pub(super) fn run(
    officer: &Officer,
    command: &RegistryCommand,
    output: &Output,
) -> Result<(), Failure> {
    let (registry, args) = match command {
        RegistryCommand::Person(args) => (Registry::Person, args),
        RegistryCommand::Vehicle(args) => (Registry::Vehicle, args),
        RegistryCommand::Case(args) => (Registry::Case, args),
        RegistryCommand::Device(args) => (Registry::Device, args),
        RegistryCommand::Waiting => return waiting(officer, output),
        RegistryCommand::Answer { lookup } => return tell(officer.waited(lookup)?, output),
    };
    let purpose = Purpose::parse(&args.reason)
        .map_err(|error| Failure::from(Error::Lookup(LookupFault::Purpose(error))))?;
    let numbers = match args.numbers.as_slice() {
        [one] if one == "-" => lines()?,
        given => given.to_vec(),
    };
    if let [one] = numbers.as_slice() {
        if Subject::means_pattern(one) {
            return tell(officer.look_up_pattern(registry, one, &purpose)?, output);
        }
        return tell(officer.look_up(registry, one, &purpose)?, output);
    }
    several(officer, registry, &numbers, &purpose, output)
}

/// What somebody typed, or standard input for `-`.
pub(crate) fn typed(typed: &str) -> Result<String, Failure> {
    if typed != "-" {
        return Ok(typed.to_owned());
    }
    Ok(standard_input(4 << 10)?.trim().to_owned())
}

/// Standard input, a number a line; at least one, which may be empty.
fn lines() -> Result<Vec<String>, Failure> {
    let text = standard_input(64 << 10)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    Ok(if lines.is_empty() {
        vec![String::new()]
    } else {
        lines
    })
}

fn standard_input(most: u64) -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .take(most)
        .read_to_string(&mut text)
        .map_err(|error| Failure::file(&error, "the number"))?;
    Ok(text)
}

/// Each number's line as soon as its answer is there. The first failure of a number is that of the
/// command, when all were asked.
fn several(
    officer: &Officer,
    registry: Registry,
    numbers: &[String],
    purpose: &Purpose,
    output: &Output,
) -> Result<(), Failure> {
    // Which one was mistyped; nothing is asked then.
    for (position, number) in (1..).zip(numbers.iter().take(MAX_BATCH)) {
        Subject::parse(registry, number).map_err(|error| {
            let failure = Failure::from(Error::Lookup(LookupFault::Subject(error)));
            failure.with_reason(Some(format!("{position}/{}", numbers.len())))
        })?;
    }
    let mut failed = None;
    for one in officer.look_up_batch(registry, numbers, purpose)? {
        let of = Of {
            position: one.position,
            subject: one.subject,
        };
        match one.answer {
            Ok(found) => show(found, Some(&of), output)?,
            Err(error) => {
                let line = of.line(json!({ "state": "failed", "error": error.code() }));
                output.result(&line, &of.sentence(error.code()))?;
                failed.get_or_insert(Failure::from(error));
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Which of several numbers.
struct Of {
    /// From 1.
    position: usize,
    /// Masked.
    subject: String,
}

impl Of {
    fn line(&self, mut line: Value) -> Value {
        line["position"] = self.position.into();
        line["subject"] = self.subject.clone().into();
        line
    }

    fn sentence(&self, words: &str) -> String {
        format!("{}. {}  {words}", self.position, self.subject)
    }
}

fn told(of: Option<&Of>, line: Value, words: &str, output: &Output) -> Result<(), Failure> {
    match of {
        None => output.result(&line, words),
        Some(of) => output.result(&of.line(line), &of.sentence(words)),
    }
}

fn tell(found: LookUp, output: &Output) -> Result<(), Failure> {
    show(found, None, output)
}

fn show(found: LookUp, of: Option<&Of>, output: &Output) -> Result<(), Failure> {
    let (records, time_ms, kept, more) = match found.known {
        Known::Offline { lists, queued } => {
            return offline(&found.lookup, queued, &lists, of, output);
        }
        Known::Records {
            records,
            time_ms,
            kept,
            more,
        } => (records, time_ms, kept, more),
    };
    let mut line = json!({
        "lookup": found.lookup,
        "state": if kept { "kept" } else { "answered" },
        "time_ms": time_ms,
        "records": records.iter().map(fields).collect::<Vec<_>>(),
    });
    let mut words: Vec<String> = records.iter().map(sentence).collect();
    if words.is_empty() {
        words.push(output.pick("Nothing is known.", "未查到记录。").to_owned());
    }
    if more {
        line["more"] = true.into();
        let more = output.pick(
            "There are more; type more of the number.",
            "还有更多结果；请输入更多字符。",
        );
        words.push(more.to_owned());
    }
    if kept {
        let as_of = output.pick("As of", "查询时间");
        words.push(format!("{as_of} {}", utc(time_ms)));
    }
    told(of, line, &words.join("\n"), output)
}

fn offline(
    lookup: &str,
    queued: bool,
    lists: &[Listed],
    of: Option<&Of>,
    output: &Output,
) -> Result<(), Failure> {
    let said = lists
        .iter()
        .map(|said| json!({ "list": said.list, "on_it": said.on_it, "time_ms": said.time_ms }));
    let line = json!({
        "lookup": lookup,
        "state": if queued { "queued" } else { "listed" },
        "lists": said.collect::<Vec<_>>(),
    });
    let mut words: Vec<String> = Vec::new();
    for said in lists {
        let on_it = if said.on_it {
            output.pick("ON the list", "在名单上")
        } else {
            output.pick("not on the list", "不在名单上")
        };
        words.push(format!("{on_it}: {} ({})", said.list, utc(said.time_ms)));
    }
    let away = if queued {
        output.pick(
            "The station cannot be reached. The question waits, and is asked when it can.",
            "无法连接服务器。查询已排队，恢复连接后自动发送。",
        )
    } else {
        output.pick("The station cannot be reached.", "无法连接服务器。")
    };
    words.push(away.to_owned());
    words.push(lookup.to_owned());
    told(of, line, &words.join("\n"), output)
}

fn fields(record: &Record) -> Map<String, Value> {
    let fields = record.fields.iter();
    fields
        .map(|field| (field.name.clone(), Value::from(field.value.clone())))
        .collect()
}

fn sentence(record: &Record) -> String {
    let fields = record.fields.iter();
    let fields: Vec<_> = fields.map(|f| format!("{}: {}", f.name, f.value)).collect();
    fields.join("  ")
}

fn waiting(officer: &Officer, output: &Output) -> Result<(), Failure> {
    officer.waiting()?.iter().try_for_each(|waiting| {
        let state = match (&waiting.refused, waiting.answered) {
            (Some(_), _) => "refused",
            (None, true) => "answered",
            (None, false) => "queued",
        };
        let mut line = json!({
            "lookup": waiting.lookup,
            "state": state,
            "registry": waiting.registry,
            "subject": waiting.subject,
            "asked_ms": waiting.asked_ms,
        });
        let asked = utc(waiting.asked_ms);
        let mut sentence = format!(
            "{}  {asked}  {}  {}  {state}",
            waiting.lookup, waiting.registry, waiting.subject
        );
        if let Some(reason) = &waiting.refused {
            line["reason"] = reason.as_str().into();
            sentence += &format!("  {reason}");
        }
        output.result(&line, &sentence)
    })
}
