//! The parameters of lists: `limit`, `after`, flags, cursors of the log, and `If-Match`. The next page's link asks for
//! what this one asked for and goes on where it should; a cursor and a tag have one spelling.
//!
//! Input: an entity tag on the first line, then the query.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::extract::FromRequestParts;
use axum::http::header::IF_MATCH;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Request};
use server::api::IfMatch;
use server::origin::{Here, Origin, Origins};
use server::page::{Page, link_lines};
use server::query::Query;
use service::admin::Precondition;
use store::{Cursor, Order};

use crate::pieces::texts;
use crate::plain_form::pairs;

const PATH: &str = "/api/v1/groups";

/// A tag and a query.
pub fn run(bytes: &[u8]) {
    let Some([tag, text]) = texts(bytes) else { return };
    if_match(tag);
    let query = Query::parse(text);
    let written = pairs(text.as_bytes());
    for (name, _) in &written {
        let first = written.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
        assert_eq!(query.get(name), first, "the first one counts");
        let _ = query.flag(name);
    }
    cursor(query.get("after").unwrap_or_default());
    let Ok(page) = Page::<20, 200>::read(&query) else { return };
    assert!((1..=200).contains(&page.limit));
    // A target as the server gets it: a fragment never arrives.
    if let Ok(target) = PathAndQuery::try_from(format!("{PATH}?{text}")) {
        next_page(&target, page.limit, page.after.as_deref().unwrap_or("00g1"));
    }
}

fn next_page(target: &PathAndQuery, limit: usize, after: &str) {
    let origins = Origins::new(Origin::parse("https://id.example.com").expect("a base URL"), []);
    let here = Here::at_default(&origins, target.as_str());
    let lines: Vec<HeaderValue> = link_lines(&here, limit, Some(after)).collect();
    let [own, next] = lines.as_slice() else { panic!("a link is missing: {lines:?}") };
    assert_eq!(url(own, "self"), format!("https://id.example.com{target}"));
    let next = url(next, "next");
    let (path, query) = next.split_once('?').expect("the link of a page has a query");
    assert_eq!(path, format!("https://id.example.com{PATH}"));
    let number = limit.to_string();
    let written = pairs(target.query().unwrap_or_default().as_bytes());
    let kept = written.iter().filter(|(name, _)| name != "after" && name != "limit");
    let expected: Vec<(&str, &str)> = [("after", after), ("limit", number.as_str())]
        .into_iter()
        .chain(kept.map(|(name, value)| (name.as_str(), value.as_str())))
        .collect();
    let found = pairs(query.as_bytes());
    let found: Vec<(&str, &str)> =
        found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(found, expected);
}

/// The target of a link, which is all that stands between the only two angle brackets.
fn url<'l>(line: &'l HeaderValue, relation: &str) -> &'l str {
    let line = str::from_utf8(line.as_bytes()).expect("a link is text");
    let target = line.strip_prefix('<').and_then(|line| line.strip_suffix(&format!(">; rel=\"{relation}\"")));
    let target = target.unwrap_or_else(|| panic!("not a link: {line}"));
    assert!(!target.contains(['<', '>', '"', ' ']), "{line}");
    target
}

fn cursor(text: &str) {
    for order in [Order::Persisted, Order::Published, Order::PublishedDescending] {
        if let Some(cursor) = Cursor::parse(order, text) {
            assert_eq!(cursor.to_string(), text);
        }
    }
}

/// A tag that names a revision is exactly the one that a reply carries, and a second line goes on with the first.
fn if_match(tag: &str) {
    match read(&[tag]) {
        Some(Precondition::OneOf(mut revisions)) => {
            for revision in &revisions {
                assert!(tag.contains(&format!("\"{revision}\"")));
            }
            assert!(
                tag.contains(',') || revisions.first().is_none_or(|one| tag.trim() == format!("\"{one}\""))
            );
            revisions.push(1);
            assert_eq!(read(&[tag, "\"1\""]), Some(Precondition::OneOf(revisions)));
        }
        Some(Precondition::Any) => panic!("a tag that is there counts as none"),
        Some(Precondition::Exists) => assert_eq!(tag.trim(), "*"),
        None => {}
    }
}

fn read(lines: &[&str]) -> Option<Precondition> {
    let mut request = Request::new(());
    for line in lines {
        request.headers_mut().append(IF_MATCH, HeaderValue::from_str(line).ok()?);
    }
    let (mut parts, ()) = request.into_parts();
    let read = pin!(IfMatch::from_request_parts(&mut parts, &()));
    let Poll::Ready(read) = read.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("reading a header waits for something")
    };
    read.ok().map(|IfMatch(precondition)| precondition)
}
