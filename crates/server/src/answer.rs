//! The answer of Token Preview: as JSON, whose schema is stable, and as a text for people. Owns both shapes; leaves out what
//! the answer is (`service::preview`) and the words of errors (`oauth/error`).

use std::fmt::Write as _;

use engine::Grant;
use model::Timestamp;
use serde_json::{Map, Value, json};
use service::preview::{Preview, Token, Tokens};
use service::token::Refusal;

use crate::oauth::error::OAuthError;

/// The number of the JSON's schema. It changes when a member goes or changes its meaning, not when one is added.
pub const SCHEMA: u32 = 1;

/// A preview, and what it was made on.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The preview.
    pub preview: &'a Preview,
    /// The revision of the configuration; none if that was read from a file.
    pub revision: Option<u64>,
    /// Whether something was tried that is not saved.
    pub draft: bool,
    /// When it was.
    pub at: Timestamp,
}

impl Answer<'_> {
    /// For programs.
    pub fn to_json(&self) -> Value {
        let mut shown = Map::new();
        let mut put = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
        put("schema", SCHEMA.into());
        put("at", self.at.to_string().into());
        put("configuration", json!({"revision": self.revision, "draft": self.draft}));
        match &self.preview.outcome {
            Err(refusal) => put("error", refused(refusal)),
            Ok(tokens) => granted(tokens, put),
        }
        let trace = self.preview.explanation.as_ref();
        shown.insert("trace".to_owned(), json!(trace));
        shown.into()
    }

    /// For people.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        match &self.preview.outcome {
            Err(refusal) => text.push_str(&refused_in_words(refusal)),
            Ok(tokens) => granted_in_words(tokens, &mut text),
        }
        if let Some(explanation) = &self.preview.explanation {
            let _ = write!(text, "\n{explanation}");
        }
        text.truncate(text.trim_end().len());
        text + "\n"
    }
}

/// The very error that the flow gives.
pub fn refused(refusal: &Refusal) -> Value {
    let error = OAuthError::from(refusal.clone());
    json!({
        "status": error.status.as_u16(),
        "error": error.error,
        "error_description": error.description,
        "reason": refusal.name(),
    })
}

fn refused_in_words(refusal: &Refusal) -> String {
    let error = OAuthError::from(refusal.clone());
    let (status, code, description) = (error.status.as_u16(), error.error, error.description);
    format!("Refused: {status} {code} ({})\n  {description}\n", refusal.name())
}

/// A decision that gives something out.
pub fn grant(grant: &Grant) -> Value {
    json!({
        "policy": {"id": grant.policy, "name": grant.policy_name},
        "rule": {"id": grant.rule, "name": grant.rule_name},
        "scopes": grant.scopes,
        "lifetimes": {
            "accessTokenMinutes": grant.lifetimes.access_token_minutes,
            "refreshTokenMinutes": grant.lifetimes.refresh_token_minutes,
            "refreshTokenWindowMinutes": grant.lifetimes.refresh_token_window_minutes,
        },
    })
}

fn granted(tokens: &Tokens, mut put: impl FnMut(&str, Value)) {
    let mut shown = grant(&tokens.grant);
    if let Some(minutes) = tokens.id_token.as_ref().and_then(|token| lasts_minutes(&token.claims)) {
        shown["lifetimes"]["idTokenMinutes"] = minutes.into();
    }
    put("grant", shown);
    let token = |token: &Token| json!({"header": token.header, "claims": token.claims});
    if let Some(access_token) = &tokens.access_token {
        put("accessToken", token(access_token));
    }
    if let Some(id_token) = &tokens.id_token {
        put("idToken", token(id_token));
    }
    if tokens.refresh_token {
        let lifetimes = &tokens.grant.lifetimes;
        let (minutes, window) = (lifetimes.refresh_token_minutes, lifetimes.refresh_token_window_minutes);
        put("refreshToken", json!({"lifetimeMinutes": minutes, "windowMinutes": window}));
    }
    match &tokens.userinfo {
        Ok(Some(claims)) => put("userinfo", claims.clone().into()),
        Ok(None) => {}
        Err(refusal) => put("userinfoError", refused(refusal)),
    }
}

fn lasts_minutes(claims: &Map<String, Value>) -> Option<i64> {
    let seconds = |name: &str| claims.get(name).and_then(Value::as_i64);
    Some((seconds("exp")? - seconds("iat")?) / 60)
}

fn granted_in_words(tokens: &Tokens, text: &mut String) {
    let grant = &tokens.grant;
    let _ = writeln!(text, "Granted by the rule `{}` of the policy `{}`", grant.rule_name, grant.policy_name);
    let _ = writeln!(text, "  scopes: {}", grant.scopes.join(" "));
    let shown = [("Access token", &tokens.access_token), ("ID token", &tokens.id_token)];
    for (title, token) in shown {
        if let Some(token) = token {
            let _ = writeln!(text, "\n{title}\n{:#}", Value::from(token.claims.clone()));
        }
    }
    if tokens.refresh_token {
        text.push_str("\nA refresh token\n");
    }
    match &tokens.userinfo {
        Ok(Some(claims)) => drop(writeln!(text, "\nUserinfo\n{:#}", Value::from(claims.clone()))),
        Ok(None) => {}
        Err(refusal) => drop(write!(text, "\nUserinfo\n{}", refused_in_words(refusal))),
    }
}
