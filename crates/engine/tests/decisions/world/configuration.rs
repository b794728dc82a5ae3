//! Configuration as text, one thing a line:
//!
//! ```text
//! scope pay, consent required, default
//! claim tier for pay = user.tier
//! policy Default for every app
//!     rule Staff if authorization_code and user in Engineering and not user bob, then 1h refresh 30d window 7d
//!     inactive rule Anyone if anything, then 5m
//! tokens RFC9068
//! overflow POINTER
//! ```

use model::claim::{ClaimType, ClaimValue, GroupFilter};
use model::policy::ClientCondition;
use model::rule::{Lifetimes, Rule, ScopeCondition};
use model::scope::Consent;
use model::token_format::{AccessTokenProfile, GroupsOverflow};
use model::{ClientId, GrantType, GroupId, Status, UserId};

use super::{World, seed};

impl World {
    /// Adds what one line says.
    pub fn configure(&mut self, line: &str) {
        let (status, line) = match line.strip_prefix("inactive ") {
            Some(line) => (Status::Inactive, line),
            None => (Status::Active, line),
        };
        let (noun, rest) = line.split_once(' ').unwrap_or_else(|| panic!("`{line}` says nothing"));
        match noun {
            "policy" => self.policy(rest, status),
            "rule" => self.rule(rest, status),
            "scope" => self.scope_with_options(rest),
            "claim" => self.claim_with_value(rest, status),
            "tokens" => {
                let profile = AccessTokenProfile::from_word(rest).expect("a profile of access tokens");
                self.server.token_format.access_token_profile = profile;
            }
            "overflow" => {
                self.server.token_format.groups_overflow = GroupsOverflow::from_word(rest).expect("a word");
            }
            _ => panic!("`{noun}` is neither a policy nor a rule nor a scope nor a claim nor tokens"),
        }
    }

    /// `NAME for every app`, `NAME for app A, B`
    fn policy(&mut self, text: &str, status: Status) {
        let (name, clients) = text.split_once(" for ").expect("a policy is `NAME for …`");
        let policy = self.add_policy(name);
        policy.status = status;
        if let Some(names) = clients.strip_prefix("app ") {
            policy.clients = ClientCondition::Only(names.split(", ").map(ClientId::new).collect());
        } else {
            assert_eq!(clients, "every app");
        }
    }

    /// `NAME if CONDITION and CONDITION, then LIFETIMES`
    fn rule(&mut self, text: &str, status: Status) {
        let (name, rest) = text.split_once(" if ").expect("a rule is `NAME if …, then …`");
        let (conditions, lifetimes) = rest.rsplit_once(", then ").expect("a rule is `NAME if …, then …`");
        let rule = self.add_rule(name.trim_end());
        rule.status = status;
        rule.lifetimes = lifetimes_of(lifetimes);
        conditions.split(" and ").for_each(|condition| add_condition(rule, condition));
    }

    /// `NAME, default, consent required`
    fn scope_with_options(&mut self, text: &str) {
        let mut words = text.split(", ");
        let scope = self.scope(words.next().unwrap_or_default());
        for word in words {
            match word {
                "default" => scope.default = true,
                "consent required" => scope.consent = Consent::Required,
                "consent flexible" => scope.consent = Consent::Flexible,
                _ => panic!("a scope is never `{word}`"),
            }
        }
    }

    /// `NAME = EXPRESSION` or `NAME of every group` or `NAME of groups starting with X`; `for SCOPE SCOPE` and `in the ID
    /// token` or `in the ID token on request` may follow the name.
    fn claim_with_value(&mut self, text: &str, status: Status) {
        let (left, value) = if let Some((left, expression)) = text.split_once(" = ") {
            (left, ClaimValue::Expression(expression.to_owned()))
        } else {
            let (left, groups) = text.split_once(" of ").expect("a claim is `NAME = …` or `NAME of …`");
            (left, groups_value(groups))
        };
        let (left, claim_type, always) = match left.split_once(" in the ID token") {
            Some((left, more)) => (left, ClaimType::Identity, more.is_empty()),
            None => (left, ClaimType::Resource, true),
        };
        let (name, scopes) = left.split_once(" for ").unwrap_or((left, ""));
        let claim = self.claim(name);
        claim.status = status;
        claim.claim_type = claim_type;
        claim.always_include_in_token = always;
        claim.scopes = scopes.split_whitespace().map(str::to_owned).collect();
        claim.value = value;
    }
}

/// `every group`, `groups starting with X`, `groups equal to X`, `groups containing X`, `groups matching X`
fn groups_value(text: &str) -> ClaimValue {
    let filters = [
        ("every group", GroupFilter::StartsWith),
        ("groups starting with ", GroupFilter::StartsWith),
        ("groups equal to ", GroupFilter::Equals),
        ("groups containing ", GroupFilter::Contains),
        ("groups matching ", GroupFilter::Regex),
    ];
    let chosen = filters.into_iter().find_map(|(words, filter)| Some((filter, text.strip_prefix(words)?)));
    let (filter, value) = chosen.unwrap_or_else(|| panic!("`{text}` are no groups"));
    ClaimValue::Groups { filter, value: value.to_owned() }
}

/// `anything`; grants; `anyone`, `no user`, `user in A or in B or ana`, `not in A`, `not user ana`; `only read write`.
fn add_condition(rule: &mut Rule, text: &str) {
    let people = &mut rule.people;
    if text == "anything" || text == "anyone" {
        // That is how a rule begins.
    } else if text == "no user" {
        people.everyone = false;
    } else if text == "no scope" {
        rule.scopes = ScopeCondition::Only(Vec::new());
    } else if let Some(names) = text.strip_prefix("only ") {
        rule.scopes = ScopeCondition::Only(names.split(' ').map(str::to_owned).collect());
    } else if let Some(group) = text.strip_prefix("not in ") {
        people.exclude_groups.push(GroupId::mint(seed(group)));
    } else if let Some(user) = text.strip_prefix("not user ") {
        people.exclude_users.push(UserId::mint(seed(user)));
    } else if let Some(names) = text.strip_prefix("user ") {
        people.everyone = false;
        for name in names.split(" or ") {
            match name.strip_prefix("in ") {
                Some(group) => people.groups.push(GroupId::mint(seed(group))),
                None => people.users.push(UserId::mint(seed(name))),
            }
        }
    } else {
        rule.grant_types = text.split(" or ").map(grant_type).collect();
    }
}

/// A grant type by its word, or by the end of it: `device_code`.
pub fn grant_type(text: &str) -> GrantType {
    let is_named = |word: &str| word == text || word.ends_with(&format!(":{text}"));
    let known = GrantType::ALL.iter().find(|grant_type| is_named(grant_type.as_str()));
    *known.unwrap_or_else(|| panic!("`{text}` is not a grant type"))
}

/// `5m`, `1h refresh 30d window 7d`
fn lifetimes_of(text: &str) -> Lifetimes {
    let mut words = text.split(' ');
    let mut lifetimes =
        Lifetimes { access_token_minutes: minutes(words.next().unwrap_or_default()), ..Lifetimes::default() };
    while let Some(word) = words.next() {
        let minutes = minutes(words.next().unwrap_or_default());
        match word {
            "refresh" => lifetimes.refresh_token_minutes = minutes,
            "window" => lifetimes.refresh_token_window_minutes = minutes,
            _ => panic!("`{word}` is not a lifetime"),
        }
    }
    lifetimes
}

fn minutes(text: &str) -> u32 {
    let (count, unit) = text.split_at(text.len().saturating_sub(1));
    let unit_minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 1_440,
        _ => panic!("`{text}` is not a duration such as `5m`"),
    };
    count.parse::<u32>().expect("a duration is a number and a unit") * unit_minutes
}
