//! `tokenmint api-token`: a token for an operator who has the machine and lost the last token. Owns the three commands in
//! the program and in the server; leaves out what a token is (`service::admin::api_token`).

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use model::event::Origin;
use model::{Actor, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::Tenant;
use service::admin::api_token::{self as use_case, Metadata, WINDOW_DAYS};
use service::admin::{PAGE_MAX, Refusal};
use service::configuration::Asked;
use service::{Failure, Fault};

use crate::access::BoxFuture;
use crate::clock;
use crate::control::{self, Command, Commands};
use crate::operator::terminal::{self, plain};

const CREATE: &str = "api-token.create";
const LIST: &str = "api-token.list";
const REVOKE: &str = "api-token.revoke";

/// A token as the socket carries it and `--json` shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct View {
    id: String,
    name: String,
    user_id: String,
    login: Option<String>,
    created: String,
    last_used: Option<String>,
    expires_at: String,
}

#[derive(Serialize, Deserialize)]
struct Wanted {
    name: String,
    user: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Made {
    value: String,
    token: View,
}

#[derive(Default, Serialize, Deserialize)]
struct After {
    after: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Listed {
    tokens: Vec<View>,
    next: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Chosen {
    id: String,
}

/// Makes a token: its value alone goes to stdout, for scripts; what it is goes to stderr.
pub fn create(data: &Path, name: &str, user: Option<&str>) -> Result<(), String> {
    let wanted = Wanted { name: name.to_owned(), user: user.map(str::to_owned) };
    let Made { value, token } = ask(data, CREATE, &wanted)?;
    let mut out = std::io::stdout();
    writeln!(out, "{value}").and_then(|()| out.flush()).map_err(|error| {
        let id = &token.id;
        format!("the token could not be shown ({error}); revoke it: tokenmint api-token revoke {id}")
    })?;
    terminal::say(&format!(
        "API token `{}` of {}, id {}. It is not shown again. It ends after {WINDOW_DAYS} days without use: unused, on {}",
        plain(&token.name),
        plain(token.login.as_deref().unwrap_or(&token.user_id)),
        token.id,
        token.expires_at,
    ));
    Ok(())
}

/// Shows every token, as a table or as JSON.
pub fn list(data: &Path, as_json: bool) -> Result<(), String> {
    let mut tokens = Vec::new();
    let mut after = After::default();
    loop {
        let page: Listed = ask(data, LIST, &after)?;
        tokens.extend(page.tokens);
        after.after = page.next;
        if after.after.is_none() {
            break;
        }
    }
    let text = if as_json { terminal::json_text(&json!(tokens)) } else { table(&tokens) };
    terminal::show(&text);
    Ok(())
}

/// Ends a token at once.
pub fn revoke(data: &Path, id: &str) -> Result<(), String> {
    let token: View = ask(data, REVOKE, &Chosen { id: id.to_owned() })?;
    terminal::say(&format!("API token `{}`, id {}, is revoked", plain(&token.name), token.id));
    Ok(())
}

fn ask<T: for<'de> Deserialize<'de>>(
    data: &Path,
    command: &str,
    arguments: &impl Serialize,
) -> Result<T, String> {
    let arguments = serde_json::to_value(arguments).map_err(|error| error.to_string())?;
    let answer = control::call(data, command, arguments)?;
    serde_json::from_value(answer)
        .map_err(|_| "the server is of another release; use the program that it was started from".to_owned())
}

/// Columns as wide as their widest text.
fn table(tokens: &[View]) -> String {
    let head = ["ID", "NAME", "USER", "CREATED", "LAST USE", "EXPIRES"].map(str::to_owned);
    let rows = tokens.iter().map(|token| {
        let user = token.login.as_deref().unwrap_or(&token.user_id);
        let last = token.last_used.as_deref().unwrap_or("-");
        [&token.id, &token.name, user, &token.created, last, &token.expires_at].map(plain)
    });
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}

/// The halves of the server.
pub fn commands(commands: Commands, tenant: &Arc<Tenant>) -> Commands {
    commands
        .with(CREATE, Create(Arc::clone(tenant)))
        .with(LIST, List(Arc::clone(tenant)))
        .with(REVOKE, Revoke(Arc::clone(tenant)))
}

struct Create(Arc<Tenant>);
struct List(Arc<Tenant>);
struct Revoke(Arc<Tenant>);

impl Command for Create {
    fn run(&self, arguments: Value) -> BoxFuture<'_, Result<Value, String>> {
        Box::pin(async move {
            let Wanted { name, user } = read(arguments)?;
            let created = use_case::create(&self.0, asked(), name, user.as_deref()).await;
            let created = created.map_err(|failure| match failure {
                Failure::Refused(refusal) => match refusal {
                    use_case::CreateRefusal::Name(_) => refusal.to_string(),
                    _ => format!("{refusal} (--user LOGIN)"),
                },
                Failure::Fault(fault) => failed(&fault),
            })?;
            let token = view(created.token, Some(created.user.login().to_owned()));
            Ok(json!(Made { value: created.value, token }))
        })
    }
}

impl Command for List {
    fn run(&self, arguments: Value) -> BoxFuture<'_, Result<Value, String>> {
        Box::pin(async move {
            let After { after } = read(arguments)?;
            let page = use_case::list(&self.0, after.as_deref(), PAGE_MAX).await.map_err(told)?;
            let mut tokens = Vec::with_capacity(page.items.len());
            for token in page.items {
                let login = login(&self.0, token.user).await?;
                tokens.push(view(token, login));
            }
            Ok(json!(Listed { tokens, next: page.next }))
        })
    }
}

impl Command for Revoke {
    fn run(&self, arguments: Value) -> BoxFuture<'_, Result<Value, String>> {
        Box::pin(async move {
            let Chosen { id } = read(arguments)?;
            let token = use_case::get(&self.0, &id).await.map_err(told)?;
            use_case::revoke(&self.0, asked(), &id).await.map_err(told)?;
            Ok(json!(view(token, None)))
        })
    }
}

fn view(token: Metadata, login: Option<String>) -> View {
    View {
        id: token.id.to_string(),
        name: token.name,
        user_id: token.user.to_string(),
        login,
        created: token.created.to_string(),
        last_used: token.used.map(|used| used.to_string()),
        expires_at: token.expires.to_string(),
    }
}

async fn login(tenant: &Tenant, user: UserId) -> Result<Option<String>, String> {
    let found = tenant.find_user(user.as_str()).await.map_err(|fault| failed(&fault))?;
    Ok(found.map(|user| user.login().to_owned()))
}

fn read<T: for<'de> Deserialize<'de>>(arguments: Value) -> Result<T, String> {
    serde_json::from_value(arguments).map_err(|error| format!("the request is not readable: {error}"))
}

/// Whoever may open the socket acts as the system: the log knows no name for them.
fn asked() -> Asked {
    Asked { actor: Actor::system(), origin: Origin::default(), now: clock::now() }
}

fn told(failure: Failure<Refusal>) -> String {
    match failure {
        Failure::Refused(Refusal::NotFound { id, .. }) => {
            format!("there is no API token `{id}`; tokenmint api-token list shows those that there are")
        }
        Failure::Refused(refusal) => format!("the server refused: {refusal:?}"),
        Failure::Fault(fault) => failed(&fault),
    }
}

fn failed(fault: &Fault) -> String {
    format!("the server failed: {fault}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_even_columns_and_nothing_that_a_terminal_obeys() {
        let token = |id: &str, name: &str, used: Option<&str>| View {
            id: id.to_owned(),
            name: name.to_owned(),
            user_id: "00u1".to_owned(),
            login: Some("ana@example.com".to_owned()),
            created: "2026-01-01".to_owned(),
            last_used: used.map(str::to_owned),
            expires_at: "2026-01-31".to_owned(),
        };
        let tokens = [token("00T1", "deploy\u{1b}[2J\n", None), token("00T22", "é", Some("2026-01-02"))];
        assert_eq!(
            table(&tokens),
            "ID     NAME         USER             CREATED     LAST USE    EXPIRES\n\
             00T1   deploy [2J   ana@example.com  2026-01-01  -           2026-01-31\n\
             00T22  é            ana@example.com  2026-01-01  2026-01-02  2026-01-31\n"
        );
    }
}
