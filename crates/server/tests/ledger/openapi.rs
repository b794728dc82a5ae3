//! Each route of the management API is one of Okta's, with Okta's scope. Compared with Okta's published description
//! where a copy of it lies beside this repository (`TOKENMINT_OPENAPI` names its folder); it is not part of ours.

use std::collections::HashMap;
use std::path::PathBuf;

use server::access::Access;

use crate::site::Site;

/// Routes for which Okta names no scope, and why ours does.
const WITHOUT_SCOPE: &[(&str, &str)] =
    &[("/api/v1/api-tokens/current", "only API tokens call it; a guarded route names a scope all the same")];

/// Routes that Okta does not have, and why we do.
const BEYOND_OKTA: &[(&str, &str)] = &[
    (
        "/api/v1/authorizationServers/{server}/credentials/keys/{key}/lifecycle/revoke",
        "a key that was lost must go at once; a rotation leaves it published for a day",
    ),
    ("/api/v1/authorizationServers/{server}/preview", "Okta's Token Preview is a screen without an API"),
    (
        "/api/v1/authorizationServers/{server}/expressions/test",
        "what an expression comes to is known before it is saved",
    ),
    ("/api/v1/logs/{event}/explain", "nobody should have to guess why a token was refused"),
    (
        "/api/v1/authorizationServers/{server}/configuration",
        "a server's configuration is one document, which is kept in version control and applied whole",
    ),
    ("/api/v1/authorizationServers/configuration", "likewise, where the document's name says which server"),
];

fn description() -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/okta-openapi");
    let folder = std::env::var_os("TOKENMINT_OPENAPI").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    std::fs::read_to_string(folder.join("management.yaml")).ok()
}

/// `GET /api/v1/apps/{}` and its scopes, read by indentation: a path has two spaces before it, a method four, what
/// belongs to the method six.
fn scopes_by_operation(description: &str) -> HashMap<String, Vec<String>> {
    let (mut path, mut operation, mut secured) = (String::new(), String::new(), false);
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for line in description.lines() {
        let indent = line.len() - line.trim_start().len();
        let text = line.trim();
        match indent {
            0 if !text.is_empty() => path.clear(),
            2 if text.starts_with('/') => path = without_names(text.trim_end_matches(':')),
            4 if !path.is_empty() && text.ends_with(':') => {
                operation = format!("{} {path}", text.trim_end_matches(':').to_uppercase());
                found.entry(operation.clone()).or_default();
                secured = false;
            }
            6 if !text.starts_with('-') => secured = text == "security:",
            _ if secured => {
                if let Some(scope) = text.strip_prefix("- ").filter(|scope| scope.starts_with("okta.")) {
                    found.entry(operation.clone()).or_default().push(scope.to_owned());
                }
            }
            _ => {}
        }
    }
    found
}

/// A path without the names of its parameters, which are ours to choose.
fn without_names(path: &str) -> String {
    let blank = |segment: &str| if segment.starts_with('{') { "{}".to_owned() } else { segment.to_owned() };
    path.split('/').map(blank).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn each_management_route_is_oktas_with_oktas_scope() {
    let Some(description) = description() else { return };
    let known = scopes_by_operation(&description);
    assert!(known.len() > 400, "only {} operations were read", known.len());
    let site = Site::new().await;
    let mut wrong = Vec::new();
    for route in &site.table {
        let Access::Guarded { scope, .. } = route.access else { continue };
        if BEYOND_OKTA.iter().any(|(path, _)| *path == route.path) {
            continue;
        }
        let operation = format!("{} {}", route.method, without_names(route.path));
        match known.get(&operation) {
            Some(scopes) if scopes.iter().any(|known| known == scope) => {}
            Some(scopes)
                if scopes.is_empty() && WITHOUT_SCOPE.iter().any(|(path, _)| *path == route.path) => {}
            Some(scopes) => wrong.push(format!("{operation}: ours is {scope}, Okta's are {scopes:?}")),
            None => wrong.push(format!("{operation}: Okta has no such route")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
