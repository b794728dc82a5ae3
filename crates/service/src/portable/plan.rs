//! What applying a document does, step by step: for a person before it is done, and for a program. Owns the words; leaves
//! out how the steps are found (`apply`).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What happens to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verb {
    /// It is made.
    Create,
    /// Some of its members change.
    Change,
    /// It is taken away. Of a system scope or claim: its edits are.
    Delete,
    /// It stays as it is and comes to stand elsewhere.
    Move,
}

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum What {
    /// The authorization server.
    Server,
    /// A scope.
    Scope,
    /// A claim.
    Claim,
    /// A policy.
    Policy,
    /// A rule.
    Rule,
}

/// A member that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Its name in the document.
    pub member: String,
    /// What it is; `null` is the default.
    pub from: Value,
    /// What it will be; `null` is the default.
    pub to: Value,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStep {
    /// What happens.
    pub verb: Verb,
    /// To what kind of thing.
    pub what: What,
    /// Its name; of a rule with its policy's, of a claim with its token's.
    pub name: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// What else is worth knowing before it is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What applying a document does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// The steps; none if everything is as the document says.
    pub steps: Vec<PlanStep>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many steps do `verb`.
    pub fn count(&self, verb: Verb) -> usize {
        self.steps.iter().filter(|step| step.verb == verb).count()
    }
}

impl Verb {
    /// The sign before a line.
    const fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Change => '~',
            Self::Delete => '-',
            Self::Move => '>',
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Scope => "scope",
            Self::Claim => "claim",
            Self::Policy => "policy",
            Self::Rule => "rule",
        })
    }
}

impl fmt::Display for PlanStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.verb.sign(), self.what, self.name)?;
        // The name of a claim says its type already.
        let is_said = |member: &str| self.what == What::Claim && member == "claimType";
        for Difference { member, from, to } in self.differences.iter().filter(|one| !is_said(&one.member)) {
            match (self.verb, from, to) {
                (Verb::Create, _, to) => write!(f, "\n    {member}: {}", Shown(to))?,
                (_, from, to) => write!(f, "\n    {member}: {} -> {}", Shown(from), Shown(to))?,
            }
        }
        self.notes.iter().try_for_each(|note| write!(f, "\n    ({note})"))
    }
}

/// A value in a line of the plan.
struct Shown<'a>(&'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("(default)"),
            Value::String(text) if !text.is_empty() && !text.contains(char::is_whitespace) => {
                f.write_str(text)
            }
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| Shown(item).to_string()).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| format!("{name}: {}", Shown(value)));
                write!(f, "{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
            other => write!(f, "{other}"),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("Nothing to do: everything is as the document says.\n");
        }
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))?;
        writeln!(
            f,
            "{} to create, {} to change, {} to move, {} to delete",
            self.count(Verb::Create),
            self.count(Verb::Change),
            self.count(Verb::Move),
            self.count(Verb::Delete)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_claim_says_its_type_once() {
        let difference = |member: &str, to: &str| Difference {
            member: member.to_owned(),
            from: Value::Null,
            to: to.into(),
        };
        let step = PlanStep {
            verb: Verb::Create,
            what: What::Claim,
            name: "company (RESOURCE)".to_owned(),
            differences: vec![difference("claimType", "RESOURCE"), difference("value", "user.company")],
            notes: Vec::new(),
        };
        assert_eq!(step.to_string(), "+ claim company (RESOURCE)\n    value: user.company");
    }
}
