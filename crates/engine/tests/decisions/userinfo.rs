//! Userinfo (Okta, section 4.8).

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
fn userinfo_has_the_users_id_and_every_claim_of_the_granted_scopes_thin_or_not() {
    check_with_rule(
        r#"claim tier in the ID token on request = user.tier
        claim desk for read in the ID token = user.desk
        claim access = 'not here'
        userinfo app Portal, user ana with {"tier":"gold","desk":7,"lastName":"Berg","nickName":"annie"}, scopes openid profile
        · sub "00uqvARaVfB000000000"
        · name "ana Berg"
        · preferred_username "ana@example.com"
        · given_name "ana"
        · family_name "Berg"
        · nickname "annie"
        · zoneinfo "America/Los_Angeles"
        · tier "gold"
        userinfo app Portal, user ana with {"desk":7}, scopes openid read
        · sub "00uqvARaVfB000000000"
        · desk 7"#,
    );
}

#[test]
fn without_openid_or_a_user_userinfo_says_nothing() {
    check_with_rule(
        "userinfo app Portal, user ana, scopes profile read
        → nothing
        userinfo app Worker, scopes read
        → nothing",
    );
}

#[test]
fn a_claim_that_fails_fails_userinfo() {
    check_with_rule(
        "claim odd in the ID token on request = cool
        userinfo app Portal, user ana, scopes openid
        → refused: the user claim odd: unknown name `cool`",
    );
}

#[test]
fn where_a_token_points_to_userinfo_all_its_groups_are_there() {
    check_with_rule(
        r#"overflow POINTER
        claim teams of groups starting with Team
        claim few of groups equal to Team 7
        userinfo app Portal, user ana, by password, groups 101 Team, scopes openid
        · sub "00uqvARaVfB000000000"
        · teams ["Team 1","Team 2","Team 3","Team 4","Team 5","Team 6","Team 7","Team 8","Team 9","Team 10","Team 11","Team 12","Team 13","Team 14","Team 15","Team 16","Team 17","Team 18","Team 19","Team 20","Team 21","Team 22","Team 23","Team 24","Team 25","Team 26","Team 27","Team 28","Team 29","Team 30","Team 31","Team 32","Team 33","Team 34","Team 35","Team 36","Team 37","Team 38","Team 39","Team 40","Team 41","Team 42","Team 43","Team 44","Team 45","Team 46","Team 47","Team 48","Team 49","Team 50","Team 51","Team 52","Team 53","Team 54","Team 55","Team 56","Team 57","Team 58","Team 59","Team 60","Team 61","Team 62","Team 63","Team 64","Team 65","Team 66","Team 67","Team 68","Team 69","Team 70","Team 71","Team 72","Team 73","Team 74","Team 75","Team 76","Team 77","Team 78","Team 79","Team 80","Team 81","Team 82","Team 83","Team 84","Team 85","Team 86","Team 87","Team 88","Team 89","Team 90","Team 91","Team 92","Team 93","Team 94","Team 95","Team 96","Team 97","Team 98","Team 99","Team 100","Team 101"]
        userinfo app Portal, user ana, by password, groups 2 Team, scopes openid
        · sub "00uqvARaVfB000000000""#,
    );
}

#[test]
fn userinfo_tells_its_own_claim_rather_than_the_access_tokens_of_the_same_name() {
    check_with_rule(
        r#"overflow POINTER
        claim groups in the ID token of groups equal to Everyone
        claim groups for read of every group
        userinfo app Portal, user ana, by password, groups 101 Team, scopes openid
        · sub "00uqvARaVfB000000000"
        · groups ["Everyone"]
        userinfo app Portal, user ana, by password, groups 101 Team, scopes openid read
        → refused: the user claim groups: 102 groups pass the filter, and 100 may; userinfo says something else under this name (too_many_groups)"#,
    );
}
