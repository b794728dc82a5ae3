//! The table of routes as it is meant to be, one line each: a change of it is a change of this list.

use server::access::Access;
use server::routes::Route;

use crate::site::Site;

fn line(route: &Route) -> String {
    match route.access {
        Access::Guarded { scope, admins } => format!("{} {} {scope} {admins:?}", route.method, route.path),
        Access::Open => {
            let body = route.body_bytes.map(|bytes| format!(" body {bytes}")).unwrap_or_default();
            format!("{} {} open {:?}{body}", route.method, route.path, route.cors)
        }
    }
}

#[tokio::test]
async fn the_table_is_what_this_list_says() {
    let site = Site::new().await;
    let lines: Vec<String> = site.table.iter().map(line).collect();
    let expected: Vec<&str> = EXPECTED.trim().lines().collect();
    let missing: Vec<&&str> =
        expected.iter().filter(|line| !lines.iter().any(|other| other == **line)).collect();
    let new: Vec<&String> = lines.iter().filter(|line| !expected.contains(&line.as_str())).collect();
    assert!(missing.is_empty() && new.is_empty(), "gone: {missing:#?}\nnew: {new:#?}");
    assert_eq!(lines.len(), expected.len(), "a line stands twice");
}

const EXPECTED: &str = "
GET /health/live open Closed body 0
GET /health/ready open Closed body 0
GET /.well-known/okta-organization open Public body 0
GET /api/v1/org okta.orgs.read OrgReaders
GET /api/v1/users/{user} okta.users.read Anyone
GET /api/v1/groups okta.groups.read DirectoryReaders
POST /api/v1/groups okta.groups.manage GroupManagers
GET /api/v1/groups/{group} okta.groups.read DirectoryReaders
PUT /api/v1/groups/{group} okta.groups.manage GroupManagers
DELETE /api/v1/groups/{group} okta.groups.manage GroupManagers
GET /api/v1/authorizationServers okta.authorizationServers.read ServerReaders
POST /api/v1/authorizationServers okta.authorizationServers.manage ServerManagers
GET /api/v1/authorizationServers/{server} okta.authorizationServers.read ServerReaders
PUT /api/v1/authorizationServers/{server} okta.authorizationServers.manage ServerManagers
DELETE /api/v1/authorizationServers/{server} okta.authorizationServers.manage ServerManagers
POST /api/v1/authorizationServers/{server}/lifecycle/activate okta.authorizationServers.manage ServerManagers
POST /api/v1/authorizationServers/{server}/lifecycle/deactivate okta.authorizationServers.manage ServerManagers
POST /api/v1/authorizationServers/{server}/expressions/test okta.authorizationServers.read ServerReaders
POST /api/v1/authorizationServers/{server}/preview okta.authorizationServers.read ServerReaders
GET /api/v1/authorizationServers/{server}/configuration okta.authorizationServers.read ServerReaders
PUT /api/v1/authorizationServers/{server}/configuration okta.authorizationServers.manage ServerManagers
POST /api/v1/authorizationServers/configuration okta.authorizationServers.manage ServerManagers
GET /api/v1/authorizationServers/{server}/associatedServers okta.authorizationServers.read ServerReaders
POST /api/v1/authorizationServers/{server}/associatedServers okta.authorizationServers.manage ServerManagers
DELETE /api/v1/authorizationServers/{server}/associatedServers/{trusted} okta.authorizationServers.manage ServerManagers
GET /api/v1/authorizationServers/{server}/policies okta.authorizationServers.read ServerReaders
POST /api/v1/authorizationServers/{server}/policies okta.authorizationServers.manage ServerManagers
GET /api/v1/authorizationServers/{server}/policies/{policy} okta.authorizationServers.read ServerReaders
PUT /api/v1/authorizationServers/{server}/policies/{policy} okta.authorizationServers.manage ServerManagers
DELETE /api/v1/authorizationServers/{server}/policies/{policy} okta.authorizationServers.manage ServerManagers
POST /api/v1/authorizationServers/{server}/policies/{policy}/lifecycle/activate okta.authorizationServers.manage ServerManagers
POST /api/v1/authorizationServers/{server}/policies/{policy}/lifecycle/deactivate okta.authorizationServers.manage ServerManagers
GET /api/v1/authorizationServers/{server}/policies/{policy}/rules okta.authorizationServers.read ServerReaders
POST /api/v1/authorizationServers/{server}/policies/{policy}/rules okta.authorizationServers.manage ServerManagers
GET /api/v1/authorizationServers/{server}/policies/{policy}/rules/{rule} okta.authorizationServers.read ServerReaders
PUT /api/v1/authorizationServers/{server}/policies/{policy}/rules/{rule} okta.authorizationServers.manage ServerManagers
DELETE /api/v1/authorizationServers/{server}/policies/{policy}/rules/{rule} okta.authorizationServers.manage ServerManagers
POST /api/v1/authorizationServers/{server}/policies/{policy}/rules/{rule}/lifecycle/activate okta.authorizationServers.manage ServerManagers
POST /api/v1/authorizationServers/{server}/policies/{policy}/rules/{rule}/lifecycle/deactivate okta.authorizationServers.manage ServerManagers
GET /api/v1/authorizationServers/{server}/scopes okta.authorizationServers.read ServerReaders
POST /api/v1/authorizationServers/{server}/scopes okta.authorizationServers.manage ServerManagers
GET /api/v1/authorizationServers/{server}/scopes/{scope} okta.authorizationServers.read ServerReaders
PUT /api/v1/authorizationServers/{server}/scopes/{scope} okta.authorizationServers.manage ServerManagers
DELETE /api/v1/authorizationServers/{server}/scopes/{scope} okta.authorizationServers.manage ServerManagers
GET /api/v1/authorizationServers/{server}/claims okta.authorizationServers.read ServerReaders
POST /api/v1/authorizationServers/{server}/claims okta.authorizationServers.manage ServerManagers
GET /api/v1/authorizationServers/{server}/claims/{claim} okta.authorizationServers.read ServerReaders
PUT /api/v1/authorizationServers/{server}/claims/{claim} okta.authorizationServers.manage ServerManagers
DELETE /api/v1/authorizationServers/{server}/claims/{claim} okta.authorizationServers.manage ServerManagers
GET /api/v1/authorizationServers/{server}/credentials/keys okta.authorizationServers.read ServerReaders
GET /api/v1/authorizationServers/{server}/credentials/keys/{key} okta.authorizationServers.read ServerReaders
POST /api/v1/authorizationServers/{server}/credentials/lifecycle/keyRotate okta.authorizationServers.manage ServerManagers
GET /api/v1/authorizationServers/{server}/clients okta.authorizationServers.read ServerReaders
GET /api/v1/authorizationServers/{server}/clients/{client}/tokens okta.authorizationServers.read ServerReaders
DELETE /api/v1/authorizationServers/{server}/clients/{client}/tokens okta.authorizationServers.manage ServerManagers
GET /api/v1/authorizationServers/{server}/clients/{client}/tokens/{token} okta.authorizationServers.read ServerReaders
DELETE /api/v1/authorizationServers/{server}/clients/{client}/tokens/{token} okta.authorizationServers.manage ServerManagers
POST /api/v1/authorizationServers/{server}/credentials/keys/{key}/lifecycle/revoke okta.authorizationServers.manage ServerManagers
GET /api/v1/apps okta.apps.read AppReaders
POST /api/v1/apps okta.apps.manage AppManagers
GET /api/v1/apps/{app} okta.apps.read AppReaders
PUT /api/v1/apps/{app} okta.apps.manage AppManagers
DELETE /api/v1/apps/{app} okta.apps.manage AppManagers
POST /api/v1/apps/{app}/lifecycle/activate okta.apps.manage AppManagers
POST /api/v1/apps/{app}/lifecycle/deactivate okta.apps.manage AppManagers
GET /api/v1/apps/{app}/credentials/secrets okta.apps.read AppManagers
POST /api/v1/apps/{app}/credentials/secrets okta.apps.manage AppManagers
GET /api/v1/apps/{app}/credentials/secrets/{secret} okta.apps.read AppManagers
DELETE /api/v1/apps/{app}/credentials/secrets/{secret} okta.apps.manage AppManagers
POST /api/v1/apps/{app}/credentials/secrets/{secret}/lifecycle/activate okta.apps.manage AppManagers
POST /api/v1/apps/{app}/credentials/secrets/{secret}/lifecycle/deactivate okta.apps.manage AppManagers
GET /api/v1/apps/{app}/credentials/jwks okta.apps.read AppReaders
POST /api/v1/apps/{app}/credentials/jwks okta.apps.manage AppManagers
GET /api/v1/apps/{app}/credentials/jwks/{key} okta.apps.read AppReaders
DELETE /api/v1/apps/{app}/credentials/jwks/{key} okta.apps.manage AppManagers
POST /api/v1/apps/{app}/credentials/jwks/{key}/lifecycle/activate okta.apps.manage AppManagers
POST /api/v1/apps/{app}/credentials/jwks/{key}/lifecycle/deactivate okta.apps.manage AppManagers
GET /api/v1/api-tokens okta.apiTokens.read Super
GET /api/v1/api-tokens/{token} okta.apiTokens.read Super
PUT /api/v1/api-tokens/{token} okta.apiTokens.manage Super
DELETE /api/v1/api-tokens/{token} okta.apiTokens.manage Super
DELETE /api/v1/api-tokens/current okta.apiTokens.manage Anyone
GET /api/v1/logs okta.logs.read LogReaders
GET /api/v1/logs/{event}/explain okta.logs.read ServerReaders
POST /oauth2/{server}/v1/token open Client body 65536
POST /oauth2/{server}/v1/introspect open Client body 65536
POST /oauth2/{server}/v1/revoke open Client body 65536
GET /oauth2/{server}/v1/keys open Public body 0
GET /oauth2/{server}/.well-known/openid-configuration open Public body 0
GET /oauth2/{server}/.well-known/oauth-authorization-server open Public body 0
GET /.well-known/oauth-authorization-server/oauth2/{server} open Public body 0
";
