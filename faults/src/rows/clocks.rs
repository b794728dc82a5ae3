//! Row 17: the clock of one of two nodes jumps, runs ahead or behind, or jitters. It is the C library's that is bent, by
//! libfaketime; monotonic time goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use bench::clock;

use super::over_wires::{self, Setting, Wires};
use super::{Finding, Row};
use crate::cluster;
use crate::connection::{Connection, Request};
use crate::random::Random;
use crate::site::Context;
use crate::world::{ASSERTION_TYPE, oauth_path};

/// The row.
pub const ROW: Row = Row {
    number: 17,
    fault: "the clock of one of two nodes goes wrong",
    criterion: "90 s to two hours off it alarms and gives out nothing; it is back when its clock is, and has forgotten \
                nothing",
    run,
};

const OFF: usize = 1;
const LIMIT: Duration = Duration::from_secs(5);

fn run(context: &Context) -> Result<Finding, String> {
    let Some(library) = library() else { return Ok(Finding::skipped("libfaketime is not installed")) };
    let mut finding = Finding::default();
    let clock = context.parent.join(format!("faults-clock-{}", std::process::id()));
    set(&clock, 0)?;
    let bend = |bed: &mut Wires, finding: &mut Finding| {
        let spent = Spent::on(bed)?;
        // The last two are beyond the life of a token and of an assertion: whoever believed them would forget both.
        for offset in [90, -90, 3_600, -3_600, 7_500, -7_500] {
            set(&clock, offset)?;
            refuses(bed, offset, finding);
            set(&clock, 0)?;
            let back = bed.until_ready(OFF, true, LIMIT);
            finding.expect(back.is_some(), || format!("not ready again after {offset} s"));
            spent.stays_so(bed, offset, finding)?;
        }
        let said = bed.nodes[OFF].said();
        for sentence in
            ["s ahead of the database's", "s behind the database's", "agrees with the database's again"]
        {
            finding.expect(said.contains(sentence), || format!("it did not say `{sentence}`"));
        }
        let (mut random, begun) = (Random::new(context.seed, 17), clock::now());
        while begun.elapsed() < Duration::from_secs(context.pick(5, 60)) {
            set(&clock, i64::try_from(random.below(11)).unwrap_or(5) - 5)?;
            thread::sleep(Duration::from_millis(400));
        }
        set(&clock, 0)
    };
    let plan = |number: usize, plan: crate::node::Plan| {
        if number != OFF {
            return plan;
        }
        plan.with("LD_PRELOAD", library.to_string_lossy())
            .with("FAKETIME_TIMESTAMP_FILE", clock.to_string_lossy())
            .with("FAKETIME_NO_CACHE", "1")
            .with("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .with("DONT_FAKE_MONOTONIC", "1")
    };
    let setting = Setting { plan: &plan, ..Setting::usual(ROW.number, "a clock went wrong") };
    let ran = over_wires::run(context, setting, &mut finding, bend);
    // The file is ours, and the run may have failed.
    let _ = fs::remove_file(&clock);
    let Some(ran) = ran? else { return Ok(Finding::skipped(cluster::MISSING)) };
    ran.served(&mut finding);
    Ok(finding)
}

/// What was used up before the clock went wrong: a token that was revoked, and an assertion that a token was given for.
struct Spent {
    token: String,
    authorization: String,
    assertion: Request,
}

impl Spent {
    fn on(bed: &Wires) -> Result<Self, String> {
        let (world, node) = (&bed.world, &mut Connection::new(bed.addresses[OFF]));
        let path = |endpoint| oauth_path(&world.mint, endpoint);
        let client = world.clients.first().ok_or("there is no client")?;
        let authorization = client.authorization();
        let asked = [("grant_type", "client_credentials"), ("scope", "read")];
        let given = node.must(&Request::form(path("token"), &asked).by(authorization.as_str()))?;
        let token = given["access_token"].as_str().ok_or("there is no token")?.to_owned();
        let revoke = Request::form(path("revoke"), &[("token", &token)]);
        let Ok(answer) = node.call(&revoke.by(authorization.as_str())) else {
            return Err("a revocation was not answered".to_owned());
        };
        if answer.status != 200 {
            return Err(format!("a revocation was answered with {}", answer.status));
        }
        let text = world.signer.assertion(&world.mint, "token", "spent-before-the-clock-went-wrong")?;
        let [grant, scope] = asked;
        let assertion =
            Request::form(path("token"), &[grant, scope, ASSERTION_TYPE, ("client_assertion", &text)]);
        node.must(&assertion)?;
        Ok(Self { token, authorization, assertion })
    }

    fn stays_so(&self, bed: &Wires, offset: i64, finding: &mut Finding) -> Result<(), String> {
        for address in &bed.addresses {
            let node = &mut Connection::new(*address);
            let path = oauth_path(&bed.world.mint, "introspect");
            let question = Request::form(path, &[("token", &self.token)]).by(self.authorization.as_str());
            let said = node.must(&question)?;
            finding.expect(said["active"] == false, || {
                format!("a revoked token stands again after {offset} s: {said}")
            });
            let again = node.call(&self.assertion).map_err(|failed| format!("{failed:?}"))?;
            finding.expect(again.status == 401, || {
                format!("a used assertion was answered with {} after {offset} s", again.status)
            });
        }
        Ok(())
    }
}

/// The node must not be ready, and stay so.
fn refuses(bed: &Wires, offset: i64, finding: &mut Finding) {
    let left = bed.until_ready(OFF, false, LIMIT);
    finding.expect(left.is_some(), || format!("still ready with its clock {offset} s off"));
    // What it does within its second of grace is judged by the checker.
    thread::sleep(Duration::from_millis(1_200));
    let again = bed.until_ready(OFF, true, Duration::from_millis(1_500));
    finding.expect(again.is_none(), || format!("ready with its clock {offset} s off"));
    finding.figure(format!("{offset:+} s: not ready after {} ms", left.unwrap_or_default().as_millis()));
}

fn set(file: &Path, seconds: i64) -> Result<(), String> {
    // Renamed, so that nobody reads half of it.
    let next = file.with_extension("next");
    fs::write(&next, format!("{seconds:+}\n")).map_err(|error| error.to_string())?;
    fs::rename(&next, file).map_err(|error| error.to_string())
}

fn library() -> Option<PathBuf> {
    let folders =
        ["/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime"];
    folders.iter().map(|folder| Path::new(folder).join("libfaketimeMT.so.1")).find(|file| file.is_file())
}
