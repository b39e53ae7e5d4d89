//! Decisions as a table, written by who writes rules: a line a decision, columns between tabs.
//!
//! ```text
//! roles  action  resource  circumstances  allow|deny  rules (allow) or reason (deny)
//! ```
//!
//! The person who asks is called `me`. Words stand between spaces; `NAME=VALUE` has none in it.
//! Empty columns are `-`; lines that begin with `#` are remarks.
//!
//! - roles: `officer,manager`
//! - resource: its kind and what is known of it: `evidence officer=me department=north case=c1
//!   began=5000 marked held requester=bo`, `journal officer=bo`, `registry person`,
//!   `grant applicant=me grantee=bo approver=cy`, `terminal cam-01`, `agency`
//! - circumstances: `duty` (or `duty=CASE`), `purpose=WORD`, `now=MS`, `clock=none`,
//!   `terminal=cam-02`; by default the time is 1000000 by the station's clock, on cam-01, off duty.
//!   `grant` begins a grant, whose terms follow with a dot: `grant .actions=evidence-play
//!   .cases=c1,c2 .officers=bo .departments=north .from=0 .to=9 .not-before=0 .expires=2000000
//!   .terminals=cam-01 .grantee=me .revoked`

use custos_protocol::grant::{GrantAction, GrantTerms};

use crate::{Circumstances, Clock, Decision, Granted, Request, Resource, Rules, Who};

/// Who asks in every line.
pub const ME: &str = "me";

/// A line that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the table: {what}")]
pub struct BadTable {
    /// From 1; 0: it is not from a file.
    pub line: usize,
    pub what: String,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// From 1.
    pub line: usize,
    pub request: Request,
    pub allowed: bool,
    /// Rules of an allowed one, between commas; the reason of one that is denied.
    pub why: String,
}

/// A line that the rules decide otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    pub line: usize,
    pub expected: String,
    pub decision: Decision,
}

impl Row {
    /// Whether a decision is what the line says, with the rules or reason that it says.
    pub fn is_met_by(&self, decision: &Decision) -> bool {
        let why = if decision.is_allowed() {
            decision.rules.join(",")
        } else {
            decision.reason.clone()
        };
        self.allowed == decision.is_allowed() && self.why == why
    }

    /// As the line has it.
    pub fn expected(&self) -> String {
        let decision = if self.allowed { "allow" } else { "deny" };
        format!("{decision} {}", self.why)
    }
}

/// Reads a table.
///
/// # Errors
/// [`BadTable`] with the first line that is not understood.
pub fn parse(text: &str) -> Result<Vec<Row>, BadTable> {
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let line_number = number + 1;
        let bad = |what: String| BadTable {
            line: line_number,
            what,
        };
        rows.push(row(line_number, line).map_err(bad)?);
    }
    Ok(rows)
}

/// The lines that these rules decide otherwise.
pub fn run(rules: &Rules, rows: &[Row]) -> Vec<Mismatch> {
    let decided = rows.iter().map(|row| (row, rules.decide(&row.request)));
    decided
        .filter(|(row, decision)| !row.is_met_by(decision))
        .map(|(row, decision)| Mismatch {
            line: row.line,
            expected: row.expected(),
            decision,
        })
        .collect()
}

/// A request of the first four columns.
///
/// # Errors
/// [`BadTable`].
pub fn request(
    roles: &str,
    action: &str,
    resource: &str,
    circumstances: &str,
) -> Result<Request, BadTable> {
    let bad = |what| BadTable { line: 0, what };
    columns(roles, action, resource, circumstances).map_err(bad)
}

fn row(line: usize, text: &str) -> Result<Row, String> {
    let columns_of: Vec<_> = text.split('\t').map(str::trim).collect();
    let [roles, action, resource, circumstances, decision, why] = columns_of[..] else {
        return Err("it needs six columns between tabs".to_owned());
    };
    let allowed = match decision {
        "allow" => true,
        "deny" => false,
        _ => return Err("the fifth column is allow or deny".to_owned()),
    };
    Ok(Row {
        line,
        request: columns(roles, action, resource, circumstances)?,
        allowed,
        why: why.to_owned(),
    })
}

fn columns(roles: &str, action: &str, what: &str, given: &str) -> Result<Request, String> {
    let (circumstances, grants) = circumstances(given)?;
    Ok(Request {
        who: Who {
            name: ME.to_owned(),
            roles: if roles == "-" {
                Vec::new()
            } else {
                list(roles)
            },
        },
        action: action
            .parse()
            .map_err(|()| format!("there is no action {action}"))?,
        resource: resource(what)?,
        circumstances,
        grants,
    })
}

fn list(value: &str) -> Vec<String> {
    let words = value.split(',').filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

fn number(value: &str) -> Result<i64, String> {
    value.parse().map_err(|_| format!("{value} is no number"))
}

fn resource(column: &str) -> Result<Resource, String> {
    let mut words = column.split(' ').filter(|word| !word.is_empty());
    let kind = words.next().unwrap_or_default();
    let mut resource = match kind {
        "evidence" => Resource::Evidence {
            officer: String::new(),
            department: String::new(),
            case: String::new(),
            began_ms: 0,
            marked: false,
            held: false,
            requester: None,
        },
        "journal" => Resource::Journal { officer: None },
        "registry" => Resource::Registry {
            registry: words.next().unwrap_or_default().to_owned(),
        },
        "grant" => Resource::Grant {
            applicant: String::new(),
            grantee: String::new(),
            approver: None,
        },
        "terminal" => Resource::Terminal {
            terminal: words.next().unwrap_or_default().to_owned(),
        },
        "agency" => Resource::Agency {},
        _ => return Err(format!("there is no resource {kind}")),
    };
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        attribute(&mut resource, name, value)?;
    }
    Ok(resource)
}

fn attribute(resource: &mut Resource, name: &str, value: &str) -> Result<(), String> {
    let owned = value.to_owned();
    match (resource, name) {
        (Resource::Evidence { officer, .. }, "officer") => *officer = owned,
        (Resource::Evidence { department, .. }, "department") => *department = owned,
        (Resource::Evidence { case, .. }, "case") => *case = owned,
        (Resource::Evidence { began_ms, .. }, "began") => *began_ms = number(value)?,
        (Resource::Evidence { marked, .. }, "marked") => *marked = true,
        (Resource::Evidence { held, .. }, "held") => *held = true,
        (Resource::Evidence { requester, .. }, "requester") => *requester = Some(owned),
        (Resource::Journal { officer }, "officer") => *officer = Some(owned),
        (Resource::Grant { applicant, .. }, "applicant") => *applicant = owned,
        (Resource::Grant { grantee, .. }, "grantee") => *grantee = owned,
        (Resource::Grant { approver, .. }, "approver") => *approver = Some(owned),
        _ => return Err(format!("the resource has no {name}")),
    }
    Ok(())
}

fn circumstances(column: &str) -> Result<(Circumstances, Vec<Granted>), String> {
    let mut given = Circumstances {
        now_ms: 1_000_000,
        clock: Clock::Station,
        terminal: "cam-01".to_owned(),
        ..Circumstances::default()
    };
    let mut grants: Vec<Granted> = Vec::new();
    let words = column.split(' ').filter(|word| !matches!(*word, "" | "-"));
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        if let Some(term) = name.strip_prefix('.') {
            let grant = grants.last_mut();
            term_of(grant.ok_or("a term before its grant")?, term, value)?;
            continue;
        }
        match name {
            "duty" => {
                given.on_duty = true;
                given.duty_case = value.to_owned();
            }
            "purpose" => given.purpose = value.to_owned(),
            "now" => given.now_ms = number(value)?,
            "terminal" => given.terminal = value.to_owned(),
            "clock" => given.clock = clock(value)?,
            "grant" => grants.push(grant(grants.len())),
            _ => return Err(format!("there is no circumstance {name}")),
        }
    }
    Ok((given, grants))
}

fn clock(value: &str) -> Result<Clock, String> {
    let all = [Clock::Station, Clock::Carried, Clock::None];
    let found = all.into_iter().find(|clock| clock.as_str() == value);
    found.ok_or_else(|| "clock is station, carried or none".to_owned())
}

fn grant(place: usize) -> Granted {
    Granted {
        id: format!("grant-{}", place + 1),
        terms: GrantTerms {
            grantee: ME.to_owned(),
            actions: GrantAction::ALL.to_vec(),
            departments: Vec::new(),
            cases: Vec::new(),
            officers: Vec::new(),
            from_ms: None,
            to_ms: None,
            purpose: "inquiry".to_owned(),
            not_before_ms: 0,
            expires_ms: 2_000_000,
            terminals: Vec::new(),
        },
        revoked: false,
    }
}

fn term_of(grant: &mut Granted, name: &str, value: &str) -> Result<(), String> {
    let terms = &mut grant.terms;
    match name {
        "grantee" => terms.grantee = value.to_owned(),
        "actions" => terms.actions = actions(value)?,
        "departments" => terms.departments = list(value),
        "cases" => terms.cases = list(value),
        "officers" => terms.officers = list(value),
        "from" => terms.from_ms = Some(number(value)?),
        "to" => terms.to_ms = Some(number(value)?),
        "not-before" => terms.not_before_ms = number(value)?,
        "expires" => terms.expires_ms = number(value)?,
        "terminals" => terms.terminals = list(value),
        "revoked" => grant.revoked = true,
        _ => return Err(format!("a grant has no {name}")),
    }
    Ok(())
}

fn actions(value: &str) -> Result<Vec<GrantAction>, String> {
    let one = |word: String| {
        let found = GrantAction::ALL.into_iter().find(|a| a.as_str() == word);
        found.ok_or_else(|| format!("no grant gives {word}"))
    };
    list(value).into_iter().map(one).collect()
}
