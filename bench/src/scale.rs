//! Many authorization servers, and many apps: what a start, the memory, a token and a change cost then, next to a mint that
//! has one of each.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::admin::{self, Listed};
use crate::client::Client;
use crate::fixture::{self, Rich};
use crate::mint::{Mint, settled, wait_ready};
use crate::options::Options;
use crate::page::{self, Part};
use crate::process::Server;
use crate::rounds::{self, Load, Side};
use crate::table::{Aim, float, head, line, median, mib, millis};
use crate::{clock, compare, starts, usage};

const START: Duration = Duration::from_secs(2);
const MIB: f64 = 200.0;
const CPU_RATIO: f64 = 1.1;
const SEEN: Duration = Duration::from_millis(100);
/// Over how many servers, or apps, a load is spread.
const SPREAD: usize = 1_000;
/// How often a change is made and waited for.
const CHANGES: usize = 20;
const CHANGE_LIMIT: Duration = Duration::from_secs(5);

/// Measures both.
pub fn run(options: &Options) -> Result<ExitCode, String> {
    page::run(options, "scale", |scratch| {
        let load = Load::of(options, 3, 3)?;
        let (servers, apps) = (options.get("servers", 10_000)?, options.get("apps", 100_000)?);
        let world = World {
            mint: Mint::of(options, scratch)?,
            multiply: options.text("multiply").unwrap_or("target/release/examples/multiply").into(),
            load,
        };
        let mut part = Part { aims: Vec::new(), text: String::new() };
        for many in [Many::Servers(servers), Many::Apps(apps)] {
            let found = world.measure(many)?;
            part.aims.extend(found.aims(many));
            part.text.push_str(&found.text(many, load));
        }
        Ok(part)
    })
}

/// What there are many of.
#[derive(Clone, Copy)]
enum Many {
    Servers(usize),
    Apps(usize),
}

impl Many {
    fn noun(self) -> &'static str {
        match self {
            Self::Servers(_) => "authorization servers",
            Self::Apps(_) => "apps",
        }
    }

    fn count(self) -> usize {
        match self {
            Self::Servers(count) | Self::Apps(count) => count,
        }
    }
}

struct World {
    mint: Mint,
    multiply: PathBuf,
    load: Load,
}

struct Found {
    one: Side,
    hot: Side,
    spread: Side,
    filled: Duration,
    restarts: Vec<Duration>,
    listed: Listed,
    /// From sending a change, and from its reply, until a token shows it.
    seen: Vec<(Duration, Duration)>,
    idle_kib: u64,
    loaded_kib: u64,
}

impl World {
    fn measure(&self, many: Many) -> Result<Found, String> {
        eprintln!("bench: filling in {} {}", many.count(), many.noun());
        let noun = many.noun().replace(' ', "-");
        let (_one_server, one) = self.one(&self.mint.scratch.join(format!("one-of-{noun}")))?;
        let data = self.mint.scratch.join(&noun);
        let server = self.mint.start(&data)?;
        wait_ready(&server.url)?;
        let rich = fixture::rich(&server.url)?;
        server.stop()?;
        let filled = self.fill(&data, many)?;
        let (server, restarts) = starts::again(&self.mint, &data, &rich.client, self.mint.start(&data)?)?;
        let (server, idle_kib) = settled(server)?;
        let listed = list(&server.url, many)?;
        let hot = vec![rich.client.request(&server.url)?];
        let spread = spread(&server.url, many, &rich, &listed.items)?;
        let scratch = &self.mint.scratch;
        let sides = [
            one,
            Side::new("one of many", &server, scratch, hot).idle(idle_kib),
            Side::new("1,000 of many", &server, scratch, spread).idle(idle_kib),
        ];
        let [one, hot, spread] = rounds::in_turn(sides, self.load, |_| Ok(()))?;
        let loaded_kib = usage::resident_kib(server.pid())?;
        let seen =
            (0..CHANGES).map(|number| change(&server, many, &rich, number)).collect::<Result<_, _>>()?;
        Ok(Found { one, hot, spread, filled, restarts, listed, seen, idle_kib, loaded_kib })
    }

    /// A mint with one of everything.
    fn one(&self, data: &Path) -> Result<(Server, Side), String> {
        let (server, idle_kib) = self.mint.start_and_settle(data)?;
        let rich = fixture::rich(&server.url)?;
        let requests = vec![rich.client.request(&server.url)?];
        let side = Side::new("one", &server, &self.mint.scratch, requests).idle(idle_kib);
        Ok((server, side))
    }

    /// Copies what is there until there are as many as wanted. Over the API, making keys alone would take half an hour.
    fn fill(&self, data: &Path, many: Many) -> Result<Duration, String> {
        let (servers, apps) = match many {
            Many::Servers(count) => (count, 0),
            Many::Apps(count) => (0, count),
        };
        let begun = clock::now();
        let program = self.multiply.display();
        let mut command = Command::new(&self.multiply);
        let ended = command.arg(data).args([servers, apps].map(|count| count.to_string())).status();
        match ended {
            Ok(status) if status.success() => Ok(begun.elapsed()),
            Ok(status) => Err(format!("`{program}` ended with {status}")),
            Err(error) => Err(format!(
                "`{program}`: {error}: build it with `cargo build --release -p service --example multiply`"
            )),
        }
    }
}

fn list(url: &str, many: Many) -> Result<Listed, String> {
    match many {
        Many::Servers(_) => admin::list(url, "/api/v1/authorizationServers"),
        Many::Apps(_) => admin::list(url, "/api/v1/apps"),
    }
}

/// Requests at a thousand of the servers, or by a thousand of the apps, evenly chosen. Copies share the secret.
fn spread(url: &str, many: Many, rich: &Rich, items: &[Value]) -> Result<Vec<Vec<u8>>, String> {
    let copies: Vec<&Value> = items.iter().filter(|item| is_copy(item)).collect();
    let step = (copies.len() / SPREAD).max(1);
    let chosen = copies.iter().step_by(step).take(SPREAD);
    let client = |item: &Value| -> Result<Client, String> {
        let id = admin::id(item)?;
        Ok(match many {
            Many::Servers(_) => Client { issuer_path: format!("/oauth2/{id}/v1"), ..rich.client.clone() },
            Many::Apps(_) => {
                let server = rich.client.issuer_path.split('/').nth(2).unwrap_or_default();
                Client::new(server, id, &rich.secret)
            }
        })
    };
    let requests: Vec<Vec<u8>> =
        chosen.map(|item| client(item)?.request(url)).collect::<Result<_, String>>()?;
    if requests.is_empty() { Err("there are no copies".to_owned()) } else { Ok(requests) }
}

fn is_copy(item: &Value) -> bool {
    let name = item["name"].as_str().filter(|name| *name != "oidc_client").or(item["label"].as_str());
    name.is_some_and(|name| name.starts_with("copy "))
}

/// Changes one thing, and asks for tokens until one shows it.
fn change(server: &Server, many: Many, rich: &Rich, number: usize) -> Result<(Duration, Duration), String> {
    let url = &server.url;
    match many {
        Many::Servers(_) => {
            let minutes = 30 + number % 2;
            let mut rule = admin::get(url, &rich.rule_path)?;
            rule["actions"]["token"]["accessTokenLifetimeMinutes"] = json!(minutes);
            let sent = clock::now();
            admin::replace(url, &rich.rule_path, &rule)?;
            seen_after(sent, || Ok(rich.client.token(url)?["expires_in"] == json!(minutes * 60)))
        }
        Many::Apps(_) => {
            let wanted = number % 2 == 1;
            let to = if wanted { "activate" } else { "deactivate" };
            let sent = clock::now();
            admin::act(url, &format!("{}/lifecycle/{to}", rich.app_path))?;
            seen_after(sent, || Ok(rich.client.token(url).is_ok() == wanted))
        }
    }
}

fn seen_after(
    sent: Instant,
    is_seen: impl Fn() -> Result<bool, String>,
) -> Result<(Duration, Duration), String> {
    let answered = clock::now();
    while !is_seen()? {
        if answered.elapsed() > CHANGE_LIMIT {
            return Err("a change was not seen".to_owned());
        }
    }
    Ok((sent.elapsed(), answered.elapsed()))
}

impl Found {
    fn aims(&self, many: Many) -> Vec<Aim> {
        let noun = format!("{} {}", many.count(), many.noun());
        let from_sending: Vec<Duration> = self.seen.iter().map(|(sent, _)| *sent).collect();
        let peak_kib = self.loaded_kib.max(self.hot.peak_kib).max(self.spread.peak_kib);
        let errors = self.one.errors + self.hot.errors + self.spread.errors;
        let times = |side| compare::cpu_ratio(&self.one, side);
        vec![
            Aim::within(format!("{noun}: restart to first token"), &self.restarts, START),
            Aim::at_most(format!("{noun}: resident memory after the start"), mib(self.idle_kib), MIB, " MiB"),
            Aim::at_most(format!("{noun}: resident memory at most, loaded"), mib(peak_kib), MIB, " MiB"),
            Aim::at_most(
                format!("{noun}: CPU per token of one, times that with one"),
                times(&self.hot),
                CPU_RATIO,
                "",
            ),
            Aim::at_most(
                format!("{noun}: CPU per token over 1,000, times that with one"),
                times(&self.spread),
                CPU_RATIO,
                "",
            ),
            Aim::within(format!("{noun}: sending a change to a token that shows it"), &from_sending, SEEN),
            Aim::no_errors(format!("{noun}: errors"), errors),
        ]
    }

    fn text(&self, many: Many, load: Load) -> String {
        let count = float(many.count() as u64);
        let sides = [&self.one, &self.hot, &self.spread];
        let more = |kib: u64| float(kib.saturating_sub(self.one.idle_kib)) / count;
        let pages: Vec<f64> = self.listed.pages.iter().map(|page| millis(*page)).collect();
        let last = pages.last().copied().unwrap_or(f64::NAN);
        let after: Vec<f64> = self.seen.iter().map(|(_, after)| millis(*after)).collect();
        let worst = self.seen.iter().map(|(sent, _)| millis(*sent)).fold(0.0, f64::max);
        let rows = [
            ("memory for each, after the start, KiB", format!("{:.1}", more(self.idle_kib))),
            ("memory for each, after the load, KiB", format!("{:.1}", more(self.loaded_kib))),
            ("a page of 200 of the list, median, ms", format!("{:.2}", median(&pages))),
            ("the last page of the list, ms", format!("{last:.2}")),
            ("a change until a token shows it, from the reply, median, ms", format!("{:.2}", median(&after))),
            ("the slowest change, from its sending, ms", format!("{worst:.2}")),
            ("filling in the copies, s", format!("{:.1}", self.filled.as_secs_f64())),
        ];
        let mut text = format!("\n### {} {}\n\n", many.count(), many.noun());
        text.push_str(&compare::markdown(&sides, load));
        text.push('\n');
        text.push_str(&head(&["", "found"]));
        for (what, found) in &rows {
            line(&mut text, &[*what, found]);
        }
        text
    }
}
