//! Row 25: requests that are too large in every way that a request can be.

use std::iter::repeat_n;
use std::time::Duration;

use bench::usage;

use super::{Finding, Row};
use crate::node::{API_TOKEN, Node};
use crate::raw::{self, Reply, head};
use crate::site::{Context, Site};
use crate::world::{World, oauth_path};

/// The row.
pub const ROW: Row = Row {
    number: 25,
    fault: "1 GB of body, 1 MB of headers, 100,000 form fields, JSON 10,000 deep, compressed bodies",
    criterion: "each has its documented status; memory grows by less than 10 MB",
    run,
};

const MEGABYTE: usize = 1 << 20;
const GROWTH_KIB_MAX: u64 = 10 * 1024;
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

/// A request and the statuses that are documented for it.
struct Attack {
    name: &'static str,
    head: Vec<u8>,
    /// A piece of the body, and how often it comes.
    piece: Vec<u8>,
    pieces: usize,
    expected: &'static [u16],
}

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let site = Site::new(context, ROW.number)?;
    let (node, _) = site.plan(&context.binary, "node")?.start()?;
    let world = World::make(node.plan.address)?;
    let attacks = attacks(&world);
    // Once to warm up: what a first request of a kind allocates is not what an attack makes grow.
    attacks.iter().try_for_each(|attack| send(&node, attack).map(drop))?;
    let before = usage::resident_kib(node.pid())?;
    usage::forget_peak(node.pid());
    let mut slowest = Duration::ZERO;
    let rounds = context.pick(2, 20);
    for attack in repeat_n(&attacks, rounds).flatten() {
        let Reply { status, after, sent, .. } = send(&node, attack)?;
        let is_expected = status.is_some_and(|status| attack.expected.contains(&status));
        finding.expect(is_expected, || format!("{}: {status:?} after {sent} bytes", attack.name));
        slowest = slowest.max(after);
    }
    let growth = usage::peak_kib(node.pid())?.saturating_sub(before);
    finding.expect(growth < GROWTH_KIB_MAX, || format!("memory grew by {growth} KiB"));
    finding.figure(format!("{} kinds of requests, {rounds} times each", attacks.len()));
    finding
        .figure(format!("memory grew by {:.1} MiB", f64::from(u32::try_from(growth).unwrap_or(0)) / 1024.0));
    finding.figure(format!("slowest answer {} ms after the last byte", slowest.as_millis()));
    finding.add(site.judge(&[node.plan.address], &world, &Vec::new())?);
    Ok(finding)
}

fn send(node: &Node, attack: &Attack) -> Result<Reply, String> {
    raw::send(node.plan.address, &attack.head, repeat_n(attack.piece.clone(), attack.pieces))
}

fn attacks(world: &World) -> Vec<Attack> {
    let token = oauth_path(&world.mint, "token");
    let client = world.clients[0].authorization();
    let by_client = ("authorization", client.as_str());
    let admin = format!("SSWS {API_TOKEN}");
    let by_admin = ("authorization", admin.as_str());
    let apps = "/api/v1/apps";
    let fields: Vec<String> = (0..100_000).map(|number| format!("f{number}=")).collect();
    let fields = fields.join("&");
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let long = "x".repeat(MEGABYTE);
    let of = |name, head, piece: Vec<u8>, pieces, expected| Attack { name, head, piece, pieces, expected };
    let chunk = [format!("{MEGABYTE:x}\r\n").into_bytes(), vec![b'x'; MEGABYTE], b"\r\n".to_vec()].concat();
    let chunked = [FORM, ("transfer-encoding", "chunked")];
    let without_length = |headers: &[(&str, &str)]| {
        let text = String::from_utf8(head("POST", &token, headers, 0)).unwrap_or_default();
        text.replace("content-length: 0\r\n", "").into_bytes()
    };
    let gigabyte = 1 << 30;
    vec![
        of(
            "1 GB to a token endpoint",
            head("POST", &token, &[FORM, by_client], gigabyte),
            vec![b'x'; MEGABYTE],
            1024,
            &[413],
        ),
        of("1 GB in chunks", without_length(&chunked), chunk, 1024, &[413]),
        of(
            "1 GB to the management API",
            head("POST", apps, &[JSON, by_admin], gigabyte),
            vec![b' '; MEGABYTE],
            1024,
            &[413],
        ),
        of("1 MB of one header", head("GET", apps, &[("x-long", &long)], 0), vec![], 0, &[431]),
        of("1 MB of path", head("GET", &format!("/{long}"), &[], 0), vec![], 0, &[414, 431]),
        of(
            "100,000 form fields",
            head("POST", &token, &[FORM, by_client], fields.len()),
            fields.into_bytes(),
            1,
            &[400, 413],
        ),
        of(
            "JSON 10,000 deep",
            head("POST", apps, &[JSON, by_admin], deep.len()),
            deep.into_bytes(),
            1,
            &[400],
        ),
        of(
            "a compressed form",
            head("POST", &token, &[FORM, by_client, ("content-encoding", "gzip")], 20),
            vec![0x1f; 20],
            1,
            &[400, 415],
        ),
        of(
            "compressed JSON",
            head("POST", apps, &[JSON, by_admin, ("content-encoding", "deflate")], 20),
            vec![0x78; 20],
            1,
            &[400, 415],
        ),
    ]
}
