//! What the doctor says: findings, each with its mark. Leaves out what is found.

use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Nothing is wrong.
    Ok,
    /// It works, and should be mended.
    Warning,
    /// It does not work, or is not safe.
    Error,
}

/// One line of the answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub mark: Mark,
    /// What it is, and how to mend it.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.mark {
            Mark::Ok => "ok",
            Mark::Warning => "warning",
            Mark::Error => "error",
        };
        write!(f, "{mark:<8} {}", self.text.replace('\n', " "))
    }
}

/// What was found so far.
#[derive(Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// Nothing is wrong with this.
    pub fn ok(&mut self, text: impl Into<String>) {
        self.0.push(Finding { mark: Mark::Ok, text: text.into() });
    }

    /// This should be mended.
    pub fn warning(&mut self, text: impl Into<String>) {
        self.0.push(Finding { mark: Mark::Warning, text: text.into() });
    }

    /// This is wrong.
    pub fn error(&mut self, text: impl Into<String>) {
        self.0.push(Finding { mark: Mark::Error, text: text.into() });
    }
}
