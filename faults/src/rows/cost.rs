//! Row 28: small requests that would be dear if the server did what they ask: secrets of a megabyte, keys of 16,384 bits,
//! key sets without end, passwords hashed a billion times, bombs that unpack.

use std::iter::repeat_n;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{io::Read, io::Write, thread};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use bench::usage;
use serde_json::{Value, json};

use super::{Finding, Row};
use crate::connection::{Connection, Request};
use crate::node::{API_TOKEN, Node};
use crate::raw::{self, head};
use crate::site::{Context, Site};
use crate::world::{ASSERTION_TYPE, World, admin, app, oauth_path};

/// The row.
pub const ROW: Row = Row {
    number: 28,
    fault: "secrets of 1 MB, RSA keys of 16,384 bits, 10,000 keys in a set, PBES2, a JWE bomb, ever other `kid`s",
    criterion: "each is refused before the dear step: less than 50 ms of processor time a request",
    run,
};

const CPU_MICROS_MAX: u64 = 50_000;
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// Keys are fetched again because of unknown names at most so often in a run that sends hundreds.
const FETCHES_MAX: usize = 3;

/// Requests that are sent one after the other, again and again, and the statuses that are documented for them.
struct Attack {
    name: &'static str,
    requests: Vec<Vec<u8>>,
    expected: &'static [u16],
}

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let site = Site::new(context, ROW.number)?;
    let (keys, counter) = endless_key_set()?;
    let mut plan = site.plan(&context.binary, "node")?;
    plan.flags = ["--outbound-allow", "127.0.0.1/32"].map(str::to_owned).to_vec();
    let (node, _) = plan.start()?;
    let world = World::make(plan.address)?;
    let remote = remote_client(plan.address, keys)?;
    let repeats = context.pick(20, 200);
    let mut dearest = (0, "");
    for attack in attacks(&world, &remote) {
        let micros = cost_of(&node, &attack, repeats, &mut finding)?;
        finding.expect(micros < CPU_MICROS_MAX, || format!("{}: {micros} µs of processor time", attack.name));
        dearest = dearest.max((micros, attack.name));
    }
    let fetched = counter.load(Ordering::Relaxed);
    finding.expect(fetched > 0, || "the published keys were never fetched".to_owned());
    finding.expect(fetched <= FETCHES_MAX, || format!("published keys were fetched {fetched} times"));
    finding.figure(format!(
        "dearest request {:.1} ms ({})",
        f64::from(u32::try_from(dearest.0).unwrap_or(0)) / 1e3,
        dearest.1
    ));
    finding.figure(format!("{repeats} requests with unknown keys made {fetched} fetches"));
    finding.add(site.judge(&[plan.address], &world, &Vec::new())?);
    Ok(finding)
}

/// The processor time of one such request, by the kernel's account.
fn cost_of(node: &Node, attack: &Attack, repeats: usize, finding: &mut Finding) -> Result<u64, String> {
    let before = usage::cpu_micros(node.pid())?;
    for request in attack.requests.iter().cycle().take(repeats) {
        let reply = raw::send(node.plan.address, request, [])?;
        let is_expected = reply.status.is_some_and(|status| attack.expected.contains(&status));
        if !is_expected {
            finding.expect(false, || format!("{}: {:?} {}", attack.name, reply.status, reply.body));
            break;
        }
    }
    let used = usage::cpu_micros(node.pid())?.saturating_sub(before);
    Ok(used / u64::try_from(repeats).unwrap_or(1))
}

/// Serves a key set that is far too large, to whoever asks; where, and how often it was asked.
fn endless_key_set() -> Result<(SocketAddr, Arc<AtomicUsize>), String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let fetches = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&fetches);
    let body = json!({"keys": many_keys(10_000)}).to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::Relaxed);
            let _ = stream.set_write_timeout(Some(Duration::from_secs(2)));
            let _ = stream.read(&mut [0; 4096]);
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ";
            let _ = stream.write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes());
        }
    });
    Ok((address, fetches))
}

fn many_keys(count: usize) -> Vec<Value> {
    let key = |number: usize| {
        let n = BASE64.encode([&[0x80 | 1][..], &vec![3; 255]].concat());
        json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": format!("k{number}"), "e": "AQAB", "n": n})
    };
    (0..count).map(key).collect()
}

/// A client whose keys lie there; its id.
fn remote_client(node: SocketAddr, keys: SocketAddr) -> Result<String, String> {
    let mut body = app("remote", Some(&Value::Null));
    body["settings"]["oauthClient"]["jwks"] = Value::Null;
    body["settings"]["oauthClient"]["jwks_uri"] = json!(format!("http://{keys}/keys"));
    let made = Connection::new(node).must(&admin(Request::json("POST", "/api/v1/apps", &body)))?;
    made["id"].as_str().map(str::to_owned).ok_or_else(|| format!("no id in {made}"))
}

fn attacks(world: &World, remote: &str) -> Vec<Attack> {
    let path = oauth_path(&world.mint, "token");
    let form = |fields: &[(&str, &str)]| {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        [head("POST", &path, &[FORM], body.len()), body.into_bytes()].concat()
    };
    let grant = ("grant_type", "client_credentials");
    let by_assertion = |text: &str| form(&[grant, ASSERTION_TYPE, ("client_assertion", text)]);
    let client = &world.clients[0].id;
    let secret = "x".repeat(1_000_000);
    let pbes2 =
        json!({"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 1_000_000_000, "p2s": "c2FsdHNhbHQ"});
    let bomb = json!({"alg": "dir", "enc": "A256GCM", "zip": "DEF"});
    let jwe = |header: &Value| {
        let zeros = BASE64.encode(vec![0; 20_000]);
        format!("{}..AAAAAAAAAAAAAAAA.{zeros}.AAAAAAAAAAAAAAAAAAAAAA", BASE64.encode(header.to_string()))
    };
    let claims = |client: &str| {
        let claims = json!({"iss": client, "sub": client, "aud": format!("{}{path}", crate::node::ORIGIN),
            "exp": bench::clock::unix_seconds() + 300, "jti": "once"});
        BASE64.encode(claims.to_string())
    };
    let signed = |client: &str, kid: &str| {
        let header = BASE64.encode(json!({"alg": "RS256", "kid": kid}).to_string());
        format!("{header}.{}.{}", claims(client), BASE64.encode(vec![1; 256]))
    };
    let app_with = |keys: Vec<Value>| {
        let mut body = app("heavy", Some(&Value::Null));
        body["settings"]["oauthClient"]["jwks"] = json!({"keys": keys});
        let body = body.to_string();
        let by_admin = format!("SSWS {API_TOKEN}");
        let headers = [("content-type", "application/json"), ("authorization", by_admin.as_str())];
        [head("POST", "/api/v1/apps", &headers, body.len()), body.into_bytes()].concat()
    };
    let mut wide = many_keys(1);
    wide[0]["n"] = json!(BASE64.encode(repeat_n(0xff_u8, 2_048).collect::<Vec<u8>>()));
    let small = |count| (0..count).map(|number| json!({"kty": "EC", "kid": format!("{number}")})).collect();
    let unknown = (0..100).map(|number| by_assertion(&signed(remote, &format!("kid-{number}")))).collect();
    let of = |name, request, expected| Attack { name, requests: vec![request], expected };
    vec![
        of(
            "a secret of 1 MB",
            form(&[grant, ("client_id", client), ("client_secret", &secret)]),
            &[400, 401, 413],
        ),
        of("an assertion of 1 MB", by_assertion(&secret), &[400, 401, 413]),
        of("PBES2 with a billion rounds", by_assertion(&jwe(&pbes2)), &[400, 401]),
        of("a JWE that unpacks", by_assertion(&jwe(&bomb)), &[400, 401]),
        of("an RSA key of 16,384 bits", app_with(wide), &[400]),
        of("10,000 keys in a set", app_with(small(10_000)), &[400, 413]),
        Attack {
            name: "ever other keys of a client with 10,000 published ones",
            requests: unknown,
            expected: &[400, 401],
        },
    ]
}
