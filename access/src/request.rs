//! A question to the rules: who wants to do what with what, and under which circumstances.

use custos_protocol::{
    grant::{Grant, GrantTerms},
    journal::ClockTrust,
};
use serde::{Deserialize, Serialize};

/// The role of who has a slot on a terminal. The others are those of the trust set.
pub const ROLE_OFFICER: &str = "officer";

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub who: Who,
    pub action: Action,
    pub resource: Resource,
    #[serde(default)]
    pub circumstances: Circumstances,
    /// Those that might serve, verified. Each is tried by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Granted>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    pub name: String,
    pub roles: Vec<String>,
}

impl Who {
    /// An officer of a terminal.
    pub fn officer(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            roles: vec![ROLE_OFFICER.to_owned()],
        }
    }
}

/// What is asked about. People by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Resource {
    Evidence {
        officer: String,
        #[serde(default)]
        department: String,
        #[serde(default)]
        case: String,
        #[serde(default)]
        began_ms: i64,
        #[serde(default)]
        marked: bool,
        #[serde(default)]
        held: bool,
        /// Who asks for a disclosure of it.
        #[serde(default)]
        requester: Option<String>,
    },
    Journal {
        #[serde(default)]
        officer: Option<String>,
    },
    Registry {
        /// One of [`REGISTRIES`].
        registry: String,
    },
    Grant {
        applicant: String,
        grantee: String,
        #[serde(default)]
        approver: Option<String>,
    },
    Terminal {
        terminal: String,
    },
    Agency {},
}

/// What [`Resource::Registry`] can name.
pub const REGISTRIES: [&str; 5] = ["law", "person", "vehicle", "case", "device"];

/// The kind of a [`Resource`]: the entity type of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Evidence,
    Journal,
    Registry,
    Grant,
    Terminal,
    Agency,
}

impl Resource {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Evidence { .. } => Kind::Evidence,
            Self::Journal { .. } => Kind::Journal,
            Self::Registry { .. } => Kind::Registry,
            Self::Grant { .. } => Kind::Grant,
            Self::Terminal { .. } => Kind::Terminal,
            Self::Agency {} => Kind::Agency,
        }
    }
}

/// Under which circumstances. By default nothing speaks for the request: no duty, no purpose, a
/// clock that nobody compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Circumstances {
    pub now_ms: i64,
    pub clock: Clock,
    pub on_duty: bool,
    pub duty_case: String,
    /// What it is asked for.
    pub purpose: String,
    /// Where it is asked: a terminal, or `station`.
    pub terminal: String,
}

/// How far the time can be trusted; as in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    Station,
    Carried,
    #[default]
    None,
}

impl Clock {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Station => "station",
            Self::Carried => "carried",
            Self::None => "none",
        }
    }
}

impl From<ClockTrust> for Clock {
    fn from(trust: ClockTrust) -> Self {
        match trust {
            ClockTrust::Station => Self::Station,
            ClockTrust::Carried => Self::Carried,
            ClockTrust::None => Self::None,
        }
    }
}

/// A grant as far as the rules look at it. Make it from a [`Grant`], which has verified;
/// elsewhere than in tables of decisions nothing else will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Granted {
    pub id: String,
    pub terms: GrantTerms,
    #[serde(default)]
    pub revoked: bool,
}

impl Granted {
    pub fn new(grant: &Grant, revoked: bool) -> Self {
        Self {
            id: grant.id.clone(),
            terms: grant.terms.clone(),
            revoked,
        }
    }

    /// Whether its terms have anything to do with an action: the others need not be asked about.
    pub fn speaks_of(&self, action: Action) -> bool {
        let mut granted = self.terms.actions.iter();
        granted.any(|one| one.as_str() == action.as_str())
    }
}

macro_rules! actions {
    ($($variant:ident $word:literal $kind:ident,)*) => {
        /// What somebody wants to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Action {
            $(#[serde(rename = $word)] $variant,)*
        }

        impl Action {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The action's name in schema and rules.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// What it can be done with.
            pub fn kind(self) -> Kind {
                match self {
                    $(Self::$variant => Kind::$kind,)*
                }
            }
        }
    };
}

actions! {
    EvidenceList "evidence-list" Evidence,
    EvidenceMetadata "evidence-metadata" Evidence,
    EvidencePreview "evidence-preview" Evidence,
    EvidencePlay "evidence-play" Evidence,
    EvidenceExport "evidence-export" Evidence,
    EvidenceFetch "evidence-fetch" Evidence,
    EvidenceMark "evidence-mark" Evidence,
    EvidenceDescribe "evidence-describe" Evidence,
    EvidenceHold "evidence-hold" Evidence,
    EvidenceClear "evidence-clear" Evidence,
    DisclosureRequest "disclosure-request" Evidence,
    DisclosureApprove "disclosure-approve" Evidence,
    DisclosureMake "disclosure-make" Evidence,
    JournalRead "journal-read" Journal,
    LookupAudit "lookup-audit" Journal,
    Lookup "lookup" Registry,
    LookupBatch "lookup-batch" Registry,
    LookupWildcard "lookup-wildcard" Registry,
    GrantApply "grant-apply" Grant,
    GrantApprove "grant-approve" Grant,
    GrantSet "grant-set" Grant,
    GrantRevoke "grant-revoke" Grant,
    TerminalView "terminal-view" Terminal,
    TerminalMaintain "terminal-maintain" Terminal,
    TerminalProvision "terminal-provision" Terminal,
    TerminalLock "terminal-lock" Terminal,
    TerminalUnlock "terminal-unlock" Terminal,
    TerminalWipe "terminal-wipe" Terminal,
    TerminalSeal "terminal-seal" Terminal,
    RegisterRead "register-read" Agency,
    PersonRegister "person-register" Agency,
    SettingsPublish "settings-publish" Agency,
    RulesPublish "rules-publish" Agency,
}

impl std::str::FromStr for Action {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        let mut all = Self::ALL.iter();
        all.find(|a| a.as_str() == word).copied().ok_or(())
    }
}
