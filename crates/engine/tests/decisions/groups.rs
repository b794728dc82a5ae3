//! Groups claims: which groups, how many, and what becomes of too many (Okta, sections 4.1 and 4.7).

use model::GroupId;

use crate::dialogue::check;
use crate::world::{World, seed};

/// Every claim below stands on such a server.
fn check_with_rule(text: &str) {
    check(&format!(
        "scope read
        policy Default for every app
            rule Any if anything, then 1h
        {text}"
    ));
}

#[test]
fn three_filters_compare_whatever_the_case() {
    check_with_rule(
        r#"claim starts of groups starting with ENG
        claim equals of groups equal to engineering
        claim contains of groups containing INEER
        claims app Portal, user ana in Engineering and engine Room and Sales, scopes read
        → {"sub":"ana@example.com","starts":["Engineering","engine Room"],"equals":["Engineering"],"contains":["Engineering"]}"#,
    );
}

#[test]
fn a_regular_expression_covers_the_whole_name_and_minds_the_case() {
    check_with_rule(
        r#"claim bare of groups matching Eng.*
        claim slashed of groups matching /^[A-Z][a-z]{3,16}$/
        claim sample of groups matching /.*eer.*
        claim behind of groups matching Eng.*/
        claim lower of groups matching eng.*
        claim part of groups matching ngineerin
        claims app Portal, user ana in Engineering and Sales and IT, scopes read
        → {"sub":"ana@example.com","bare":["Engineering"],"slashed":["Everyone","Engineering","Sales"],"sample":["Engineering"]}"#,
    );
}

#[test]
fn letters_of_any_language_are_compared_whatever_the_case() {
    check_with_rule(
        r#"claim starts of groups starting with ÄRZTE
        claim equals of groups equal to ΣΑΣ
        claims app Portal, user ana in Ärzte Nord and σας, scopes read
        → {"sub":"ana@example.com","starts":["Ärzte Nord"],"equals":["σας"]}"#,
    );
}

#[test]
fn imported_groups_take_no_part() {
    check_with_rule(
        r#"claim all of every group
        claim admins of groups containing admin
        claims app Portal, user ana in Admins, imported Domain Admins and Staff, scopes read
        → {"sub":"ana@example.com","all":["Everyone","Admins"],"admins":["Admins"]}"#,
    );
}

#[test]
fn everybody_is_in_everyone_and_whoever_matches_nothing_has_no_claim() {
    check_with_rule(
        r#"claim everyone of groups equal to Everyone
        claim none of groups equal to Nobody
        claims app Portal, user ana, scopes read
        → {"sub":"ana@example.com","everyone":["Everyone"]}"#,
    );
}

#[test]
fn a_hundred_groups_are_the_most_and_one_more_refuses_the_request() {
    check_with_rule(
        r#"claim teams of groups starting with Team
        claims app Portal, user ana, by password, groups 101 Team, scopes read
        → refused: the user claim teams: 101 groups pass the filter, and 100 may (too_many_groups)
        claims app Portal, user ana, by refresh_token, began with password, groups 101 Team, scopes read
        → refused: the user claim teams: 101 groups pass the filter, and 100 may (too_many_groups)
        claims app Portal, user ana, answer token, groups 101 Team, scopes read
        → refused: the user claim teams: 101 groups pass the filter, and 100 may (too_many_groups)
        claims app Portal, user ana, by implicit, groups 3 Team, scopes read
        → {"sub":"ana@example.com","teams":["Team 1","Team 2","Team 3"]}
        yields app Portal, user ana, by password, groups 100 Team, scopes read
        → access_token"#,
    );
}

#[test]
fn in_the_code_flow_any_number_of_groups_is_told_also_at_a_refresh() {
    let teams: Vec<String> = (1..=101).map(|number| format!(r#""Team {number}""#)).collect();
    let teams = teams.join(",");
    for request in ["", "by refresh_token, began with authorization_code, "] {
        check_with_rule(&format!(
            r#"claim teams of groups starting with Team
            claims app Portal, user ana, {request}groups 101 Team, scopes read
            → {{"sub":"ana@example.com","teams":[{teams}]}}"#
        ));
    }
}

#[test]
fn a_server_may_point_to_userinfo_instead() {
    check_with_rule(
        r#"overflow POINTER
        claim teams of groups starting with Team
        claim guilds of groups starting with Guild
        claim _claim_names = 'forged'
        claims app Portal, user ana, by password, groups 101 Team, groups 2 Guild, scopes openid
        → {"sub":"ana@example.com","guilds":["Guild 1","Guild 2"],"_claim_names":{"teams":"userinfo"},"_claim_sources":{"userinfo":{"endpoint":"https://example.test/oauth2/default/v1/userinfo"}}}
        claims app Portal, user ana, by password, groups 2 Team, scopes read
        → {"sub":"ana@example.com","teams":["Team 1","Team 2"],"_claim_names":"forged"}"#,
    );
}

#[test]
fn without_openid_nobody_is_pointed_to_userinfo_which_would_not_answer() {
    check_with_rule(
        "overflow POINTER
        claim teams of groups starting with Team
        claims app Portal, user ana, by password, groups 101 Team, scopes read
        → refused: the user claim teams: 101 groups pass the filter, and 100 may; \
          userinfo does not answer a token without the scope `openid` (too_many_groups)",
    );
}

#[test]
fn nobody_is_pointed_to_userinfo_if_it_says_something_else_under_the_name() {
    let refused = "→ refused: the user claim groups: 102 groups pass the filter, and 100 may; \
                   userinfo says something else under this name (too_many_groups)";
    let pointed = r#"→ {"sub":"ana@example.com","_claim_names":{"groups":"userinfo"},"_claim_sources":{"userinfo":{"endpoint":"https://example.test/oauth2/default/v1/userinfo"}}}"#;
    for (other, answer) in [
        ("claim groups in the ID token of groups equal to Everyone", refused),
        ("claim groups in the ID token on request of groups equal to Everyone", refused),
        ("claim groups in the ID token = user.team", refused),
        ("claim groups of groups starting with Team", refused),
        ("claim groups in the ID token of every group", pointed),
        ("claim groups for read in the ID token of groups equal to Everyone", pointed),
        ("inactive claim groups in the ID token of groups equal to Everyone", pointed),
        ("claim teams in the ID token of groups equal to Everyone", pointed),
    ] {
        check_with_rule(&format!(
            "overflow POINTER
            claim groups of every group
            {other}
            claims app Portal, user ana, by password, groups 101 Team, scopes openid
            {answer}"
        ));
    }
}

#[test]
fn an_id_token_points_to_userinfo_only_where_an_access_token_to_ask_with_comes_along() {
    check_with_rule(
        r#"overflow POINTER
        claim teams in the ID token of groups starting with Team
        id-token app Portal, user ana, answer id_token, groups 101 Team, scopes openid
        → refused: the user claim teams: 101 groups pass the filter, and 100 may; userinfo cannot be asked, as no access token comes with the ID token (too_many_groups)
        userinfo app Portal, user ana, by password, groups 2 Team, scopes openid
        · sub "00uqvARaVfB000000000"
        · teams ["Team 1","Team 2"]
        yields app Portal, user ana, answer id_token token, groups 101 Team, scopes openid
        → access_token id_token"#,
    );
}

#[test]
fn a_disabled_claim_and_one_that_is_not_released_match_as_many_groups_as_they_like() {
    check_with_rule(
        "scope write
        inactive claim off of every group
        claim later for write of every group
        yields app Portal, user ana, by password, groups 200 Team, scopes read
        → access_token
        yields app Portal, user ana, by password, groups 200 Team, scopes write
        → refused: the user claim later: 201 groups pass the filter, and 100 may (too_many_groups)",
    );
}

fn configured(text: &str) -> engine::Needs {
    let mut world = World::new();
    text.lines().map(str::trim).for_each(|line| world.configure(line));
    world.compile().needs
}

#[test]
fn a_server_says_which_groups_and_links_it_asks_about() {
    let staff = GroupId::mint(seed("Staff"));
    let needs = configured(&format!(
        r#"policy Default for every app
        rule Any if user in Staff and not in Guests, then 1h
        claim a = isMemberOfGroup("{staff}") AND isMemberOfGroupName("Admins")
        claim b = isMemberOfGroup("no id")
        inactive claim c = isMemberOfGroupName("Off")
        claim d = user.getLinkedObject("manager").lastName"#
    ));
    assert_eq!(needs.groups, [staff, GroupId::mint(seed("Guests"))].into());
    assert_eq!(needs.group_names, ["Admins".to_owned()].into());
    assert_eq!(needs.linked_objects, ["manager".to_owned()].into());
    assert!(!needs.every_group && !needs.every_linked_object);
    assert!(configured("claim groups of groups equal to Staff").every_group);
    assert!(configured("claim a = isMemberOfGroupNameStartsWith('A')").every_group);
    assert!(!configured("inactive claim groups of every group").every_group);
}
