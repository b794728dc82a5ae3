//! `GET /api/v1/logs/{uuid}/explain`: why a token request was granted or refused, by its event's UUID or by its request id.
//! (Okta has nothing like it.)

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde_json::{Value, json};
use service::admin::log::Within;
use service::explain::{Decided, Explained, Gone, explain_event};

use crate::access::Admins;
use crate::answer;
use crate::api::App;
use crate::api::log::time;
use crate::api::readable::{Readable, Wanted};
use crate::error::ApiError;
use crate::front::Now;
use crate::origin::Here;
use crate::path::Path;
use crate::query::Query;
use crate::routes::{Produces, Route, Routes};

/// The number of the JSON's schema. It changes when a member goes or changes its meaning, not when one is added.
const SCHEMA: u32 = 1;

pub(super) fn routes() -> Routes<App> {
    const EXPLAIN: &str = "/api/v1/logs/{event}/explain";
    // It shows policies, rules and claims, which not everybody may read who reads the log.
    let route = Route::guarded(Method::GET, EXPLAIN, "okta.logs.read", Admins::ServerReaders);
    Routes::new().route(route.produces(Produces::Anything), explain)
}

async fn explain(
    State(app): State<App>,
    Now(now): Now,
    here: Here,
    Path(name): Path<String>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let wanted = Wanted::of(&headers)?;
    if name.trim().is_empty() {
        let cause = "event: is empty; say the UUID of an event or the id of a request";
        return Err(ApiError::invalid("event", cause));
    }
    let within = Within { since: time(&query, "since")?, until: time(&query, "until")? };
    let explained = explain_event(&app, &name, &within, &here.issuers(), now).await?;
    Ok(wanted.reply(Readable { json: &|| to_json(&explained), text: &|| to_text(&explained) }))
}

fn to_json(explained: &Explained) -> Value {
    let event = &explained.logged.event;
    let mut shown = json!({
        "schema": SCHEMA,
        "event": {
            "uuid": explained.logged.uuid,
            "published": explained.logged.published.to_string(),
            "eventType": event.event_type,
            "outcome": {"result": event.result, "reason": event.reason},
            "requestId": event.origin.request_id,
        },
        "explained": explained.decision.is_ok(),
    });
    match &explained.decision {
        Ok(decided) => add_decision(&mut shown, decided),
        Err(gone) => shown["missing"] = json!({"input": gone.name(), "message": gone.message()}),
    }
    shown
}

fn add_decision(shown: &mut Value, decided: &Decided) {
    shown["configuration"] = json!({"revision": decided.revision});
    let differences = decided.differences.iter().map(
        |difference| json!({"what": difference.what, "event": difference.then, "decision": difference.now}),
    );
    shown["agrees"] = decided.differences.is_empty().into();
    shown["differences"] = differences.collect();
    match &decided.outcome {
        Ok(grant) => shown["grant"] = answer::grant(grant),
        Err(refusal) => shown["error"] = answer::refused(refusal),
    }
    shown["trace"] = json!(decided.explanation);
}

fn to_text(explained: &Explained) -> String {
    let event = &explained.logged.event;
    let (published, request) = (explained.logged.published, event.origin.request_id.as_deref());
    let mut text = format!("{} at {published}, request {}\n", event.event_type, request.unwrap_or("unknown"));
    let reason = event.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let _ = writeln!(text, "The log says: {}{reason}", event.result);
    match &explained.decision {
        Err(gone) => not_explained(&mut text, gone),
        Ok(decided) => {
            let _ = writeln!(text, "Decided again on revision {} of the configuration", decided.revision);
            for difference in &decided.differences {
                let (what, then, now) = (difference.what, &difference.then, &difference.now);
                let _ = writeln!(
                    text,
                    "This does not give what the log says: {what} was `{then}` and is `{now}`"
                );
            }
            let _ = write!(text, "\n{}", decided.explanation);
        }
    }
    text
}

fn not_explained(text: &mut String, gone: &Gone) {
    let _ = writeln!(text, "It cannot be explained: {}", gone.message());
}
