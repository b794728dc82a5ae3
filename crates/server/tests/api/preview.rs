//! Token Preview over HTTP: the answer's shape, drafts, and what a question may not say.

use axum::http::Method;
use serde_json::{Value, json};

use crate::site::{ADMIN, Site};

const PREVIEW: &str = "/api/v1/authorizationServers/default/preview";

/// A portal whose users sign in.
pub fn portal() -> Value {
    json!({
        "name": "oidc_client", "label": "Portal", "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": {
            "application_type": "web", "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"], "redirect_uris": ["https://portal.example.com/cb"],
        }},
    })
}

async fn ask(site: &Site, question: Value) -> Value {
    let reply = site.admin(Method::POST, PREVIEW, Some(&question)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// What is remembered: the log, and the server as it is.
async fn remembered(site: &Site) -> (Value, Value) {
    let log = site.admin(Method::GET, "/api/v1/logs?limit=1000", None).await.json();
    let server = site.admin(Method::GET, "/api/v1/authorizationServers/default/policies", None).await.json();
    (log, server)
}

#[tokio::test]
async fn a_user_who_need_not_exist_gets_every_token_decoded_and_nothing_is_remembered() {
    let site = Site::new().await;
    let app = site.create("/api/v1/apps", portal()).await;
    let before = remembered(&site).await;
    let answer = ask(
        &site,
        json!({
            "client": "Portal", "grantType": "authorization_code", "at": "2026-01-31T12:00:00Z",
            "scopes": ["openid", "email", "offline_access"], "nonce": "n-1",
            "user": {"profile": {"login": "ana@example.com", "email": "ana@example.com"}},
        }),
    )
    .await;
    assert_eq!((&answer["schema"], &answer["at"]), (&json!(1), &json!("2026-01-31T12:00:00.000Z")));
    assert_eq!(answer["configuration"]["draft"], false);
    assert_eq!(answer["grant"]["rule"]["name"], "Default Policy Rule");
    let access = &answer["accessToken"];
    assert_eq!(access["header"]["alg"], "RS256");
    assert_eq!(
        (&access["claims"]["sub"], &access["claims"]["uid"]),
        (&json!("ana@example.com"), &json!("00u00000000000000000"))
    );
    assert_eq!(access["claims"]["iat"], 1_769_860_800);
    let id = &answer["idToken"]["claims"];
    assert_eq!(
        (&id["nonce"], &id["email"], &id["amr"]),
        (&json!("n-1"), &json!("ana@example.com"), &json!(["pwd"]))
    );
    assert_eq!(id["aud"], app["credentials"]["oauthClient"]["client_id"]);
    assert_eq!(answer["userinfo"]["email"], "ana@example.com");
    assert_eq!(answer["refreshToken"], json!({"lifetimeMinutes": 0, "windowMinutes": 10_080}));
    assert_eq!(answer["grant"]["lifetimes"]["idTokenMinutes"], 60);
    assert_eq!(answer["trace"]["schema"], 1);
    let signed = |value: &Value| value.to_string().contains("eyJ");
    assert!(!signed(&answer), "no signed token: {answer}");
    assert_eq!(remembered(&site).await, before);
}

/// The ID token of the guide to authorization servers that Okta's users began with: claim by claim, with its custom claim. (That sample lasts 137
/// seconds longer than the hour that ID tokens last.)
#[tokio::test]
async fn the_sample_id_token_of_the_guide_is_reproduced() {
    let site = Site::new().await;
    let mut app = portal();
    app["credentials"]["oauthClient"]["client_id"] = json!("fa39J40exampleXdcCwWA");
    app["settings"]["oauthClient"]["grant_types"] = json!(["implicit"]);
    app["settings"]["oauthClient"]["response_types"] = json!(["id_token"]);
    site.create("/api/v1/apps", app).await;
    let claim = json!({
        "name": "preferred_honorific", "claimType": "IDENTITY", "value": "user.honorificPrefix", "scopes": ["profile"],
    });
    let answer = ask(
        &site,
        json!({
            "clientId": "fa39J40exampleXdcCwWA", "grantType": "implicit", "responseType": "id_token",
            "scopes": ["openid", "profile"], "nonce": "YsG76jo", "at": "2017-06-24T18:16:15Z",
            "draft": {"claims": [claim]},
            "user": {
                "id": "00uawpa4r4Zybz9On0h7", "lastUpdated": "2017-06-22T18:19:58Z",
                "profile": {
                    "displayName": "Jakub Vulcan", "firstName": "John", "lastName": "Smith", "honorificPrefix": "Commodore",
                    "login": "example@mailinator.com", "locale": "en_US", "timezone": "America/Los_Angeles",
                },
                "session": {"amr": ["pwd"], "authTime": "2017-06-24T18:16:14Z", "idp": "examplefz3q4Yd3Zk70h7"},
            },
        }),
    )
    .await;
    assert_eq!(answer.get("accessToken"), None, "only an ID token was asked for");
    let mut claims = answer["idToken"]["claims"].as_object().cloned().unwrap_or_else(|| panic!("{answer}"));
    let [jti, iss] =
        ["jti", "iss"].map(|name| claims.shift_remove(name).unwrap().as_str().unwrap().to_owned());
    assert!(jti.starts_with("ID.") && iss.starts_with("https://id.example.com/oauth2/"), "{jti} {iss}");
    let expected = json!({
        "sub": "00uawpa4r4Zybz9On0h7", "name": "Jakub Vulcan", "locale": "en-US", "ver": 1,
        "aud": "fa39J40exampleXdcCwWA", "iat": 1_498_328_175, "exp": 1_498_331_775, "amr": ["pwd"],
        "idp": "examplefz3q4Yd3Zk70h7", "nonce": "YsG76jo", "preferred_username": "example@mailinator.com",
        "given_name": "John", "family_name": "Smith", "zoneinfo": "America/Los_Angeles",
        "updated_at": 1_498_155_598, "auth_time": 1_498_328_174, "preferred_honorific": "Commodore",
    });
    assert_eq!(Value::Object(claims), expected);
}

#[tokio::test]
async fn a_refusal_is_the_very_error_of_the_flow() {
    let site = Site::new().await;
    let (client, credentials) = site.make_service("Courier").await;
    for (form, scopes) in [
        ("grant_type=client_credentials", None),
        ("grant_type=client_credentials&scope=nothing", Some("nothing")),
    ] {
        let real = site.ask(&credentials, form).await;
        let mut question = json!({"clientId": client, "grantType": "client_credentials"});
        if let Some(scope) = scopes {
            question["scopes"] = json!([scope]);
        }
        let error = &ask(&site, question).await["error"];
        let shown = json!({"error": error["error"], "error_description": error["error_description"]});
        assert_eq!((&error["status"], shown), (&json!(real.status), real.json()));
    }
    let unknown = ask(&site, json!({"clientId": "nobody", "grantType": "client_credentials"})).await;
    assert_eq!(unknown["error"]["error_description"], "Invalid value for 'client_id' parameter.");
    assert_eq!((&unknown["error"]["status"], &unknown["trace"]), (&json!(401), &Value::Null));
    let user = json!({"profile": {}});
    let wrong = ask(&site, json!({"clientId": client, "grantType": "password", "user": user})).await;
    assert_eq!(wrong["error"]["error"], "unauthorized_client");
}

#[tokio::test]
async fn a_refresh_is_judged_by_the_sign_in_that_began_it() {
    let site = Site::new().await;
    site.create("/api/v1/apps", portal()).await;
    let rule = |name: &str, grant: &str, scopes: Value| json!({"name": name, "grantTypes": [grant], "people": {"groups": ["EVERYONE"]}, "scopes": scopes});
    let rules = json!([
        rule("Listed for refreshes", "refresh_token", json!(["*"])),
        rule("Sign-in", "authorization_code", json!(["openid", "email"])),
    ]);
    let draft =
        json!({"policies": [{"name": "p", "description": "d", "clients": ["ALL_CLIENTS"], "rules": rules}]});
    let refresh = |scopes: Value| {
        json!({
            "client": "Portal", "grantType": "refresh_token", "scopes": scopes, "draft": draft,
            "user": {"profile": {"login": "ana@example.com"}},
        })
    };
    let answer = ask(&site, refresh(json!(["openid", "email"]))).await;
    assert_eq!(answer["grant"]["rule"]["name"], "Sign-in", "{answer}");
    let answer = ask(&site, refresh(json!(["openid", "phone"]))).await;
    assert_eq!(answer["error"]["reason"], "scope_denied", "{answer}");
}

#[tokio::test]
async fn a_draft_is_tried_and_not_saved() {
    let site = Site::new().await;
    let (client, credentials) = site.make_service("Courier").await;
    let before = remembered(&site).await;
    let draft = json!({
        "scopes": [{"name": "orders.read"}],
        "claims": [{"name": "tier", "claimType": "RESOURCE", "value": "'gold'"}],
        "policies": [{"name": "Services", "description": "For services", "clients": ["Courier"], "rules": [{
            "name": "Couriers", "grantTypes": ["client_credentials"], "people": {"groups": ["EVERYONE"]},
            "scopes": ["orders.read"], "accessTokenLifetimeMinutes": 5,
        }]}],
    });
    let question = json!({"clientId": client, "grantType": "client_credentials", "scopes": ["orders.read"]});
    let mut drafted = question.clone();
    drafted["draft"] = draft.clone();
    let answer = ask(&site, drafted.clone()).await;
    assert_eq!(
        (&answer["configuration"]["draft"], &answer["grant"]["rule"]["name"]),
        (&json!(true), &json!("Couriers"))
    );
    let claims = &answer["accessToken"]["claims"];
    assert_eq!(claims["tier"], "gold");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert_eq!(ask(&site, question).await["error"]["error"], "invalid_scope", "without the draft");
    assert_eq!(remembered(&site).await, before);
    drafted["draft"]["policies"][0]["rules"][0]["scopes"] = json!(["orders.write"]);
    drafted["draft"]["claims"][0]["value"] = json!("'gold");
    let reply = site.admin(Method::POST, PREVIEW, Some(&drafted)).await;
    let causes: Vec<String> = reply.json()["errorCauses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| cause["errorSummary"].to_string())
        .collect();
    assert_eq!(reply.status, 400, "{reply:?}");
    assert!(causes.iter().any(|cause| cause.contains("draft.policies[0].rules[0].scopes")), "{causes:?}");
    assert!(causes.iter().any(|cause| cause.contains("draft.claims[0].value")), "{causes:?}");
    let real = site.ask(&credentials, "grant_type=client_credentials&scope=orders.read").await;
    assert_eq!(real.status, 400, "the draft never was the configuration");
}

#[tokio::test]
async fn groups_are_those_that_are_there_or_imagined_by_name() {
    let site = Site::new().await;
    site.create("/api/v1/apps", portal()).await;
    let group = site.create("/api/v1/groups", json!({"profile": {"name": "Partners"}})).await;
    let draft = json!({
        "claims": [{"name": "groups", "claimType": "RESOURCE", "valueType": "GROUPS", "group_filter_type": "REGEX", "value": ".*"}],
    });
    let with = |groups: Value| {
        json!({
            "client": "Portal", "grantType": "authorization_code", "scopes": ["openid"], "draft": draft,
            "user": {"profile": {"login": "ana@example.com"}, "groups": groups},
        })
    };
    for groups in [
        json!(["partners", group["id"], {"name": "Team"}]),
        json!(["Partners", "Partners", {"name": "Team"}]),
    ] {
        let answer = ask(&site, with(groups)).await;
        let names = answer["accessToken"]["claims"]["groups"].to_string();
        assert!(names.matches("Partners").count() == 1 && names.contains("Team"), "{answer}");
    }
    let reply = site.admin(Method::POST, PREVIEW, Some(&with(json!(["Partnres"])))).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "E0000001"));
    assert!(reply.body.contains("user.groups[0]: there is no group `Partnres`"), "{}", reply.body);
}

#[tokio::test]
async fn a_question_that_means_nothing_is_refused_with_its_member() {
    let site = Site::new().await;
    let (client, _) = site.make_service("Courier").await;
    site.make_service("Courier").await;
    for (question, said) in [
        (json!({"grantType": "client_credentials"}), "client: say who asks"),
        (json!({"client": "Nobody", "grantType": "client_credentials"}), "client: there is no app `Nobody`"),
        (
            json!({"client": "Courier", "grantType": "client_credentials"}),
            "client: several apps are called `Courier`",
        ),
        (
            json!({"clientId": client, "grantType": "client_credentials", "user": {}}),
            "user: client_credentials is asked without a user",
        ),
        (json!({"clientId": client, "grantType": "password"}), "user: password needs a user"),
        (
            json!({"clientId": client, "grantType": "client_credentials", "at": "noon"}),
            "at: `noon` is not a time",
        ),
        (
            json!({"clientId": client, "grantType": "client_credentials", "draft": {"policy": []}}),
            "there is no member `policy`",
        ),
        (json!({"clientId": client, "grantType": "client_credentials", "draft": 5}), "draft"),
    ] {
        let reply = site.admin(Method::POST, PREVIEW, Some(&question)).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "E0000001"), "{question}: {reply:?}");
        assert!(reply.body.contains(said), "{question}: {}", reply.body);
    }
    for question in
        [json!({"clientId": client}), json!({"clientId": client, "grantType": "x", "scope": "a"}), json!([1])]
    {
        let reply = site.admin(Method::POST, PREVIEW, Some(&question)).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "E0000003"), "{question}: {reply:?}");
    }
}

#[tokio::test]
async fn people_read_the_answer_as_text() {
    let site = Site::new().await;
    let (client, _) = site.make_service("Courier").await;
    let authorization = format!("SSWS {ADMIN}");
    let question =
        json!({"clientId": client, "grantType": "client_credentials", "scopes": ["nothing"]}).to_string();
    let headers = |accept| {
        [("authorization", authorization.as_str()), ("content-type", "application/json"), ("accept", accept)]
    };
    let reply = site.call(&Method::POST, PREVIEW, &headers("text/plain"), question.clone()).await;
    assert_eq!(
        (reply.status, &reply.headers["content-type"]),
        (200, &"text/plain; charset=utf-8".parse().unwrap())
    );
    assert!(reply.body.starts_with("Refused: 400 invalid_scope (no_matching_scope)\n"), "{}", reply.body);
    let reply = site.call(&Method::POST, PREVIEW, &headers("text/html"), question).await;
    assert_eq!((reply.status, reply.code().as_str()), (406, "E0000122"));
}

/// An app of users with these grants and response types.
async fn app_of_users(site: &Site, label: &str, grants: Value, response_types: Value) {
    let mut app = portal();
    app["label"] = json!(label);
    app["settings"]["oauthClient"]["grant_types"] = grants;
    app["settings"]["oauthClient"]["response_types"] = response_types;
    site.create("/api/v1/apps", app).await;
}

#[tokio::test]
async fn what_an_authorization_request_is_answered_with_is_judged_by_the_grant_and_the_app() {
    let site = Site::new().await;
    site.create("/api/v1/apps", portal()).await;
    app_of_users(&site, "Page", json!(["implicit"]), json!(["id_token"])).await;
    app_of_users(
        &site,
        "Both",
        json!(["authorization_code", "implicit"]),
        json!(["code", "id_token", "token"]),
    )
    .await;
    let question = |client: &str, grant: &str, types: Option<&str>| {
        let mut question = json!({
            "client": client, "grantType": grant, "scopes": ["openid"], "user": {"profile": {"login": "ana"}},
        });
        if let Some(types) = types {
            question["responseType"] = json!(types);
        }
        question
    };
    for (client, grant, types, given) in [
        ("Portal", "authorization_code", None, ["accessToken", "idToken"].as_slice()),
        ("Portal", "authorization_code", Some("code"), &["accessToken", "idToken"]),
        ("Page", "implicit", Some("id_token"), &["idToken"]),
        ("Both", "implicit", Some("token"), &["accessToken"]),
        ("Both", "authorization_code", Some("code id_token"), &["idToken"]),
    ] {
        let answer = ask(&site, question(client, grant, types)).await;
        let found: Vec<&str> =
            ["accessToken", "idToken"].into_iter().filter(|token| answer.get(token).is_some()).collect();
        assert_eq!(found, given, "{client} {grant} {types:?}: {answer}");
    }
    for (client, grant, types, error) in [
        ("Page", "implicit", "id_token token", "unsupported_response_type"),
        ("Portal", "authorization_code", "code id_token", "unsupported_response_type"),
        ("Portal", "implicit", "token", "unauthorized_client"),
    ] {
        let answer = ask(&site, question(client, grant, Some(types))).await;
        assert_eq!(answer["error"]["error"], error, "{client} {grant} {types}: {answer}");
    }
    for (grant, types) in [
        ("password", Some("id_token")),
        ("implicit", None),
        ("implicit", Some("code token")),
        ("authorization_code", Some("token")),
    ] {
        let reply = site.admin(Method::POST, PREVIEW, Some(&question("Both", grant, types))).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "E0000001"), "{grant} {types:?}: {reply:?}");
        assert!(reply.body.contains("responseType: "), "{reply:?}");
    }
}

#[tokio::test]
async fn a_user_who_may_not_sign_in_or_is_not_assigned_is_refused_as_the_flow_refuses() {
    let site = Site::new().await;
    let grants = json!(["authorization_code", "refresh_token", "password"]);
    let mut app = portal();
    app["settings"]["oauthClient"]["application_type"] = json!("native");
    app["settings"]["oauthClient"]["grant_types"] = grants;
    site.create("/api/v1/apps", app).await;
    let with = |grant: &str, user: Value| json!({"client": "Portal", "grantType": grant, "scopes": ["openid"], "user": user});
    let of_status = |status: &str| json!({"profile": {"login": "ana"}, "status": status});
    let unassigned = json!({"profile": {"login": "ana"}, "appProfile": null});
    let login_failed = (403, "access_denied", "Login failed.");
    let not_valid = (400, "invalid_grant", "The credentials provided were invalid.");
    let no_refresh = (400, "invalid_grant", "The refresh token is invalid or expired.");
    let not_assigned = (400, "access_denied", "User is not assigned to the client application.");
    for (grant, user, (status, error, description)) in [
        ("authorization_code", of_status("SUSPENDED"), login_failed),
        ("authorization_code", of_status("DEPROVISIONED"), login_failed),
        (
            "authorization_code",
            of_status("PASSWORD_EXPIRED"),
            (403, "access_denied", "The user's password is expired."),
        ),
        ("password", of_status("LOCKED_OUT"), not_valid),
        ("password", of_status("PASSWORD_EXPIRED"), (400, "invalid_grant", "Password has expired.")),
        ("refresh_token", of_status("SUSPENDED"), no_refresh),
        ("refresh_token", unassigned.clone(), no_refresh),
        ("authorization_code", unassigned.clone(), not_assigned),
        ("password", unassigned, not_assigned),
    ] {
        let answer = ask(&site, with(grant, user.clone())).await;
        let shown = &answer["error"];
        assert_eq!(
            (&shown["status"], &shown["error"], &shown["error_description"]),
            (&json!(status), &json!(error), &json!(description)),
            "{grant} {user}"
        );
        assert!(answer.get("accessToken").is_none() && answer.get("idToken").is_none(), "{answer}");
    }
    for grant in ["authorization_code", "password", "refresh_token"] {
        let answer = ask(&site, with(grant, of_status("ACTIVE"))).await;
        assert!(answer.get("accessToken").is_some(), "{grant}: {answer}");
    }
}

#[tokio::test]
async fn a_refresh_without_scopes_is_no_question() {
    let site = Site::new().await;
    site.create("/api/v1/apps", portal()).await;
    let question = json!({"client": "Portal", "grantType": "refresh_token", "user": {"profile": {}}});
    let reply = site.admin(Method::POST, PREVIEW, Some(&question)).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "E0000001"), "{reply:?}");
    assert!(reply.body.contains("scopes: name the scopes that the sign-in was granted"), "{reply:?}");
}

#[tokio::test]
async fn consent_that_was_given_or_cannot_be_asked_for_is_part_of_the_question() {
    let site = Site::new().await;
    let mut app = portal();
    app["settings"]["oauthClient"]["consent_method"] = json!("REQUIRED");
    site.create("/api/v1/apps", app).await;
    let draft = json!({"scopes": [{"name": "orders", "consent": "REQUIRED"}]});
    let with = |more: Value| {
        let mut question = json!({
            "client": "Portal", "grantType": "authorization_code", "scopes": ["orders"], "draft": draft,
            "user": {"profile": {"login": "ana"}},
        });
        question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        question
    };
    let silent = ask(&site, with(json!({"prompt": "none"}))).await;
    assert_eq!(
        (&silent["error"]["error"], &silent["error"]["error_description"]),
        (&json!("consent_required"), &json!("The following scopes require user consent: [orders]."))
    );
    let given = ask(&site, with(json!({"prompt": "none", "consent": {"given": ["orders"]}}))).await;
    assert_eq!(given["grant"]["scopes"], json!(["orders"]), "{given}");
    let asked_again = with(json!({"prompt": "consent", "consent": {"given": ["orders"]}}));
    let [asked_again, given] =
        [ask(&site, asked_again).await, ask(&site, with(json!({"consent": {"given": ["orders"]}}))).await];
    let asks = |answer: &Value| answer["trace"]["scopes"][0].get("consentAsked") == Some(&json!(true));
    assert_eq!([&asked_again, &given].map(asks), [true, false], "{asked_again} {given}");
}
