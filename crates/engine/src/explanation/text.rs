//! An explanation as people read it in a terminal.

use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use super::claims::{ClaimTold, ClaimVerdict};
use super::names::{plain, said};
use super::outcome::Outcome;
use super::{Explanation, PolicyTold, RequestTold, RuleTold, Verdict};
use crate::trace::Carrier;

/// How much of a value is shown, in characters.
const VALUE_CHARACTERS: usize = 200;

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.outcome)?;
        writeln!(f, "\n{}", self.request)?;
        for policy in &self.policies {
            write!(f, "\n{policy}")?;
        }
        if self.rules_left_out > 0 {
            writeln!(f, "\n… and {} more rules", self.rules_left_out)?;
        }
        if !self.scopes.is_empty() {
            let width = self.scopes.iter().map(|scope| scope.name.chars().count()).max().unwrap_or_default();
            writeln!(f, "\nscopes")?;
            for scope in &self.scopes {
                writeln!(f, "  {:width$}  {}", plain(&scope.name), scope.text())?;
            }
        }
        for (token, title) in CARRIERS {
            let claims: Vec<&ClaimTold> = self.claims.iter().filter(|claim| claim.token == token).collect();
            if !claims.is_empty() {
                writeln!(f, "\nclaims of {title}")?;
                claims_told(f, &claims, |claim| token == Carrier::Userinfo && self.is_told_before(claim))?;
            }
        }
        Ok(())
    }
}

const CARRIERS: [(Carrier, &str); 3] = [
    (Carrier::AccessToken, "the access token"),
    (Carrier::IdToken, "the ID token"),
    (Carrier::Userinfo, "userinfo"),
];

impl Explanation {
    /// Whether a token has the claim that userinfo repeats.
    fn is_told_before(&self, claim: &ClaimTold) -> bool {
        let mut others = self.claims.iter().filter(|other| other.token != Carrier::Userinfo);
        others.any(|other| other.id == claim.id && other.is_told_at_length())
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted { by, scopes, tokens, access_token_minutes, .. } => {
                write!(f, "granted by {} / {}: {}", by.policy, by.rule, scopes.join(" "))?;
                write!(f, "\n{} for {access_token_minutes} min", tokens.join(", "))
            }
            Self::Refused { reason, text, by, changes, nearest } => {
                write!(f, "refused: {reason}\n{}", plain(text))?;
                if let Some(by) = by {
                    write!(f, "\n{} / {} matches", by.policy, by.rule)?;
                }
                for change in changes {
                    write!(f, "\n→ {change}")?;
                }
                if let Some(nearest) = nearest {
                    write!(f, "\nnearest is {} / {}:", nearest.place.policy, nearest.place.rule)?;
                    for change in &nearest.changes {
                        write!(f, "\n→ {change}")?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Display for RequestTold {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "asked by {} with {}", self.client, self.grant_type)?;
        if let Some(judged) = self.judged_as {
            write!(f, " (judged as {judged})")?;
        }
        match &self.user {
            None => write!(f, "\nfor nobody but itself")?,
            Some(user) if user.groups.is_empty() => write!(f, "\nfor {}, in no group", user.named)?,
            Some(user) => write!(f, "\nfor {}, in {}", user.named, said(&user.groups, "and"))?,
        }
        match &self.scopes {
            None => write!(f, "\nscopes: none named, so the server's default"),
            Some(scopes) => write!(f, "\nscopes: {}", plain(&scopes.join(" "))),
        }
    }
}

impl Display for PolicyTold {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let not_reached = if self.reached { "" } else { " (not reached)" };
        writeln!(f, "policy {}{not_reached}", self.named)?;
        verdicts(f, "  ", &self.conditions)?;
        self.rules.iter().try_for_each(|rule| write!(f, "{rule}"))
    }
}

impl Display for RuleTold {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let standing = match (self.governs, self.reached, self.matches) {
            (true, ..) => ": matches",
            (false, true, _) => "",
            (false, false, true) => " (not reached; its conditions hold)",
            (false, false, false) => " (not reached)",
        };
        writeln!(f, "  rule {}{standing}", self.named)?;
        verdicts(f, "    ", &self.conditions)?;
        self.changes.iter().try_for_each(|change| writeln!(f, "    → {change}"))
    }
}

/// Being active goes without saying.
fn verdicts(f: &mut Formatter<'_>, indent: &str, verdicts: &[Verdict]) -> fmt::Result {
    let said =
        verdicts.iter().filter(|verdict| !(verdict.holds && verdict.condition == super::Asked::Status));
    for Verdict { condition, holds, text, .. } in said {
        let mark = if *holds { '✓' } else { '✗' };
        writeln!(f, "{indent}{mark} {:10}  {text}", condition.word())?;
    }
    Ok(())
}

/// First one by one, then by the reason those of which there is little to say.
fn claims_told(
    f: &mut Formatter<'_>,
    claims: &[&ClaimTold],
    is_told_before: impl Fn(&ClaimTold) -> bool,
) -> fmt::Result {
    let mut at_length = claims.iter().filter(|claim| claim.is_told_at_length());
    at_length.try_for_each(|claim| {
        writeln!(f, "{}", claim.headline())?;
        if is_told_before(claim) { Ok(()) } else { claim.details(f) }
    })?;
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for claim in claims.iter().filter(|claim| !claim.is_told_at_length()) {
        let (reason, name) = (claim.text.as_deref().unwrap_or_default(), plain(&claim.name));
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => reasons.push((reason, vec![name])),
        }
    }
    reasons.iter().try_for_each(|(reason, names)| writeln!(f, "  · {}: {}", names.join(", "), plain(reason)))
}

impl ClaimTold {
    fn is_told_at_length(&self) -> bool {
        use ClaimVerdict as V;
        // Most users have no value for most of the claims that come with a server.
        let goes_without_saying = self.verdict == V::Null && self.system && self.source.is_none();
        !goes_without_saying
            && !matches!(self.verdict, V::Disabled | V::Reserved | V::ScopeNotGranted | V::OnRequestOnly)
    }

    fn headline(&self) -> String {
        let name = plain(&self.name);
        if let Some(value) = &self.value {
            return format!("  ✓ {name} = {}", shown(value));
        }
        let mark = if self.verdict == ClaimVerdict::Failed { '✗' } else { '·' };
        format!("  {mark} {name}: {}", plain(self.text.as_deref().unwrap_or_default()))
    }

    /// What it is made of, and what it read.
    fn details(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            writeln!(f, "      {}", plain(source))?;
        }
        let mut inputs = self.inputs.iter();
        inputs.try_for_each(|input| writeln!(f, "      {} = {}", plain(&input.path), shown(&input.value)))
    }
}

fn shown(value: &Value) -> String {
    // JSON escapes only some of what a terminal obeys.
    let text = plain(&value.to_string());
    if text.chars().count() <= VALUE_CHARACTERS {
        return text;
    }
    text.chars().take(VALUE_CHARACTERS).chain(['…']).collect()
}
