//! What expressions see of a request (Okta, section 5.2).

use crate::dialogue::check;

fn check_with_rule(text: &str) {
    check(&format!(
        "scope read
        policy Default for every app
            rule Any if anything, then 1h
        {text}"
    ));
}

#[test]
fn an_expression_sees_the_users_id_status_and_linked_objects() {
    check_with_rule(
        r#"claim id = user.getInternalProperty("id")
        claim status = user.getInternalProperty("status")
        claim boss = user.getLinkedObject("manager").lastName
        claim deputy = user.getLinkedObject("deputy")
        claims app Portal, user ana, linked {"manager":{"lastName":"Vance"}}, scopes read
        → {"sub":"ana@example.com","id":"00uqvARaVfB000000000","status":"ACTIVE","boss":"Vance"}"#,
    );
}

#[test]
fn an_expression_sees_how_the_user_signed_in_and_nothing_without_a_session() {
    check_with_rule(
        r#"claim methods = session.amr
        claim strong = Arrays.contains(session.amr, "mfa")
        claims app Portal, user ana, session pwd mfa, scopes read
        → {"sub":"ana@example.com","methods":["pwd","mfa"],"strong":true}
        claims app Portal, user ana, scopes read
        → refused: the user claim methods: cannot read `amr` of null"#,
    );
}

#[test]
fn a_guard_spares_a_service_what_only_users_have() {
    check_with_rule(
        r#"claim who = (user != null) ? user.login : "service"
        claim account = (appuser != null) ? appuser.userName : null
        claims app Worker, scopes read
        → {"sub":"Worker","who":"service"}
        claims app Portal, user ana, scopes read
        → {"sub":"ana@example.com","who":"ana@example.com","account":"ana@example.com"}"#,
    );
}
