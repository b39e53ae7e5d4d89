//! `custos policy`: access rules for those who write them. Nothing here is installed anywhere.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use custos_access::{
    Decision, REGISTRIES, ROLE_OFFICER, Request, Resource, Rules, RulesError, table,
};
use custos_protocol::trust::ROLES;
use serde::Serialize;
use serde_json::json;

use crate::{
    failure::{Exit, Failure},
    output::{Lang, Output},
};

const WORDS: &str = "\
Words of tables and of explain; who asks is called `me`:
  roles          officer, or those of the trust set; several between commas
  resource       evidence officer=me department=D case=C began=MS marked held requester=WHO
                 journal [officer=WHO] | registry law|person|vehicle|case|device
                 grant applicant=WHO grantee=WHO [approver=WHO] | terminal ID | agency
  circumstances  duty[=CASE] purpose=P now=MS clock=station|carried|none terminal=ID
                 grant .actions=A,… .grantee=me .departments=D,… .cases=C,… .officers=WHO,…
                       .from=MS .to=MS .not-before=MS .expires=MS .terminals=ID,… .revoked

Examples:
  custos policy check rules.cedar
  custos policy test decisions.tsv --rules rules.cedar
  custos policy explain --role officer --action evidence-play --resource 'evidence officer=me'";

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Whether rules are well-formed, fit the schema, and each has its id and clause
    #[command(after_help = WORDS)]
    Check(CheckRules),
    /// Whether rules decide as a table says
    #[command(after_help = WORDS)]
    Test(TestRules),
    /// What rules decide, and by which of them
    #[command(after_help = WORDS)]
    Explain(ExplainRules),
}

#[derive(Debug, Args)]
pub(crate) struct CheckRules {
    /// Rules (Cedar)
    #[arg(required_unless_present_any = ["shipped", "schema"])]
    file: Option<PathBuf>,
    /// Print the rules that this program ships with
    #[arg(long, conflicts_with = "file")]
    shipped: bool,
    /// Print the schema that rules have to fit
    #[arg(long, conflicts_with_all = ["file", "shipped"])]
    schema: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TestRules {
    /// Decisions: six columns between tabs
    table: PathBuf,
    /// Rules (Cedar) [default: those of this program]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainRules {
    /// What the asker is; several times for several
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// What is to be done: a word of the schema, `policy check --schema`
    #[arg(long, required_unless_present = "request")]
    action: Option<String>,
    /// Its kind, and what is known of it
    #[arg(long, required_unless_present = "request")]
    resource: Option<String>,
    /// Circumstances and grants
    #[arg(long, default_value = "-")]
    given: String,
    /// The whole request as JSON
    #[arg(long, value_name = "FILE", conflicts_with_all = ["roles", "action", "resource"])]
    request: Option<PathBuf>,
    /// Rules (Cedar) [default: those of this program]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

pub(crate) fn run(command: &RulesCommand, output: &Output) -> Result<(), Failure> {
    match command {
        RulesCommand::Check(args) => check(args, output),
        RulesCommand::Test(args) => test(args, output),
        RulesCommand::Explain(args) => explain(args, output),
    }
}

impl From<RulesError> for Failure {
    fn from(error: RulesError) -> Self {
        Self::new(Exit::Refused, error.code(), error.to_string())
    }
}

fn load(file: Option<&Path>) -> Result<Rules, Failure> {
    match file {
        Some(file) => Ok(Rules::parse(&read(file)?)?),
        None => Ok(Rules::shipped()?),
    }
}

/// The text of rules, whatever it says.
pub(crate) fn read(file: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(file).map_err(|e| Failure::file(&e, "the rules"))?;
    String::from_utf8(bytes)
        .map_err(|_| Failure::new(Exit::Refused, "rules-syntax", "the rules are not UTF-8"))
}

fn check(args: &CheckRules, output: &Output) -> Result<(), Failure> {
    let text = match (args.shipped, args.schema) {
        (true, _) => Some(Rules::shipped_text()),
        (_, true) => Some(Rules::schema_text()),
        _ => None,
    };
    if let Some(text) = text {
        return output.result(&json!({ "text": text }), text.trim_end());
    }
    let rules = load(args.file.as_deref())?;
    let effect = |forbids: bool| if forbids { "forbid" } else { "permit" };
    let listed: Vec<_> = rules
        .rules()
        .iter()
        .map(|rule| json!({ "id": rule.id, "clause": rule.clause, "effect": effect(rule.forbids) }))
        .collect();
    let mut lines: Vec<_> = rules
        .rules()
        .iter()
        .map(|rule| format!("{:<7} {:<7} {}", effect(rule.forbids), rule.clause, rule.id))
        .collect();
    lines.push(match output.lang {
        Lang::Zh => format!("规则有效，共 {} 条。", lines.len()),
        Lang::En => format!("The rules hold: {} of them.", lines.len()),
    });
    output.result(&json!({ "ok": true, "rules": listed }), &lines.join("\n"))
}

/// A line of a table that the rules decide otherwise.
#[derive(Debug, Serialize)]
struct Otherwise<'a> {
    line: usize,
    expected: &'a str,
    #[serde(flatten)]
    decision: &'a Decision,
}

fn test(args: &TestRules, output: &Output) -> Result<(), Failure> {
    let rules = load(args.rules.as_deref())?;
    let text = std::fs::read_to_string(&args.table).map_err(|e| Failure::file(&e, "the table"))?;
    let rows = table::parse(&text)
        .map_err(|bad| Failure::new(Exit::Refused, "bad-table", bad.to_string()))?;
    let otherwise = table::run(&rules, &rows);
    for mismatch in &otherwise {
        let (line, expected, decision) = (mismatch.line, &mismatch.expected, &mismatch.decision);
        let line_json = Otherwise {
            line,
            expected,
            decision,
        };
        let sentence = match output.lang {
            Lang::Zh => format!("第 {line} 行：应为 {expected}，实为 {}", told(decision)),
            Lang::En => format!(
                "line {line}: {expected} was expected, it is {}",
                told(decision)
            ),
        };
        output.result(&line_json, &sentence)?;
    }
    let (lines, count) = (rows.len(), otherwise.len());
    let sentence = match output.lang {
        Lang::Zh => format!("共 {lines} 行，{count} 行不一致。"),
        Lang::En => format!("{lines} decisions, {count} of them otherwise."),
    };
    output.result(&json!({ "lines": lines, "otherwise": count }), &sentence)?;
    if count == 0 {
        return Ok(());
    }
    let message = format!("{count} of {lines} decisions are not those of the table");
    Err(Failure::new(Exit::Refused, "decides-otherwise", message))
}

fn told(decision: &Decision) -> String {
    if decision.is_allowed() {
        format!("allow {}", decision.rules.join(","))
    } else {
        format!("deny {}", decision.reason)
    }
}

fn explain(args: &ExplainRules, output: &Output) -> Result<(), Failure> {
    let rules = load(args.rules.as_deref())?;
    let bad = |message: String| Failure::usage("bad-request", message);
    let request: Request = match (&args.request, &args.action, &args.resource) {
        (Some(file), ..) => {
            let text =
                std::fs::read_to_string(file).map_err(|e| Failure::file(&e, "the request"))?;
            serde_json::from_str(&text)
                .map_err(|e| bad(format!("the request is no request: {e}")))?
        }
        (None, Some(action), Some(resource)) => {
            let roles = args.roles.join(",");
            table::request(&roles, action, resource, &args.given).map_err(|b| bad(b.what))?
        }
        _ => return Err(bad("--action and --resource, or --request".to_owned())),
    };
    known(&request).map_err(bad)?;
    let decision = rules.decide(&request);
    output.result(&decision, &sentence(&rules, &decision, output))
}

/// Refuses words that no role and no registry has: what is mistyped is denied by every rule, and
/// whoever reads that learns nothing.
fn known(request: &Request) -> Result<(), String> {
    let roles = || ROLES.into_iter().chain([ROLE_OFFICER]);
    if let Some(role) = request
        .who
        .roles
        .iter()
        .find(|r| !roles().any(|known| known == **r))
    {
        let all: Vec<_> = roles().collect();
        return Err(format!(
            "there is no role {role}; there are {}",
            all.join(", ")
        ));
    }
    match &request.resource {
        Resource::Registry { registry } if !REGISTRIES.contains(&registry.as_str()) => {
            let all = REGISTRIES.join(", ");
            Err(format!("there is no registry {registry}; there are {all}"))
        }
        _ => Ok(()),
    }
}

/// The decision, and the rules that made it with their clauses.
fn sentence(rules: &Rules, decision: &Decision, output: &Output) -> String {
    let mut text = if decision.is_allowed() {
        output.pick("ALLOWED", "允许").to_owned()
    } else {
        format!("{} ({})", output.pick("DENIED", "拒绝"), decision.reason)
    };
    if let Some(grant) = &decision.grant {
        text += &format!(" {} {grant}", output.pick("by the grant", "依据授权"));
    }
    let made = rules
        .rules()
        .iter()
        .filter(|rule| decision.rules.contains(&rule.id));
    for rule in made {
        text += &format!("\n  {} {}", rule.clause, rule.id);
        if let Some(quote) = &rule.quote {
            text += &format!("  {quote}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

    use super::*;

    const OUTPUT: Output = Output {
        json: true,
        lang: Lang::En,
    };

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    fn tested(table: &str, rules: Option<&Path>) -> Result<(), Failure> {
        let table = file(table);
        let args = TestRules {
            table: table.path().to_owned(),
            rules: rules.map(Path::to_owned),
        };
        test(&args, &OUTPUT)
    }

    #[test]
    fn a_table_is_met_or_it_is_not() {
        let good = "officer\tevidence-play\tevidence officer=me\t-\tallow\town-evidence\n";
        tested(good, None).unwrap();
        let wrong = tested(&good.replace("own-evidence", "own-export"), None).unwrap_err();
        assert_eq!(
            (wrong.code.as_str(), wrong.exit),
            ("decides-otherwise", Exit::Refused)
        );
        let bad = tested("officer\n", None).unwrap_err();
        assert_eq!((bad.code.as_str(), bad.exit), ("bad-table", Exit::Refused));
        let closed = file(r#"@id("closed") @clause("T7.1") forbid (principal, action, resource);"#);
        let other = tested(good, Some(closed.path())).unwrap_err();
        assert_eq!(other.code, "decides-otherwise");
    }

    /// A word that is mistyped is no denial.
    #[test]
    fn what_nobody_knows_is_not_explained() {
        let explained = |role: &str, resource: &str| {
            let args = ExplainRules {
                roles: vec![role.to_owned()],
                action: Some("lookup".to_owned()),
                resource: Some(resource.to_owned()),
                given: "-".to_owned(),
                request: None,
                rules: None,
            };
            explain(&args, &OUTPUT).map_err(|failure| failure.code)
        };
        assert_eq!(explained("officer", "registry person"), Ok(()));
        let refused = Err("bad-request".to_owned());
        assert_eq!(explained("offcer", "registry person"), refused);
        assert_eq!(explained("officer", "registry registry=person"), refused);
    }

    #[test]
    fn rules_that_do_not_hold_are_refused() {
        let shipped = file(Rules::shipped_text());
        assert!(load(Some(shipped.path())).is_ok());
        let unnamed = file("permit (principal, action, resource);");
        let refused = load(Some(unnamed.path())).unwrap_err();
        assert_eq!(
            (refused.code.as_str(), refused.exit),
            ("rules-no-id", Exit::Refused)
        );
        let missing = load(Some(Path::new("no such file"))).unwrap_err();
        assert_eq!(
            (missing.code.as_str(), missing.exit),
            ("file-not-found", Exit::Usage)
        );
    }
}
