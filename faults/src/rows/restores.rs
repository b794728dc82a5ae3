//! Row 7: a backup is made of a node under load, and restored elsewhere; then a restore dies at each of its named places.
//! Owns what a restore leaves; what the restored state must be is asked in `check::restored`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{Finding, Row};
use crate::check;
use crate::cluster::{self, Cluster};
use crate::connection::{Connection, Request};
use crate::history::Saw;
use crate::node::{Node, Plan};
use crate::record::Recorder;
use crate::site::{Context, Site};
use crate::steward::Steward;
use crate::survey::{self, Texts};
use crate::world::{World, admin, app, oauth_path};

/// The row.
pub const ROW: Row = Row {
    number: 7,
    fault: "a backup under load, restored elsewhere; `kill -9` at each named place of a restore",
    criterion: "the copy is one moment of what was acknowledged; with --end-tokens no token of before stands; \
        a restore that dies leaves the old state, the new one, or says what to do",
    run,
};

const BACKUP: &str = "load.backup";
/// What the names of its places begin with.
pub const PLACES: &str = "restore: ";
const SIGKILL: i32 = 9;
/// For a moment a database may still hold the connections of what has ended: so often is it asked again.
const TRIES: usize = 50;
const STILL_THERE: &str = "other connections of Tokenmint";

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let site = Site::new(context, ROW.number)?;
    let (node, _) = site.plan(&context.binary, "node")?.start()?;
    let world = World::make(node.plan.address)?;
    let file = site.path().join(BACKUP).to_string_lossy().into_owned();
    let load = site.load(&[node.plan.address], &world);
    thread::sleep(Duration::from_secs(context.pick(3, 60)));
    let begun = site.recorder.now();
    must(&node.plan, &["backup", &file])?;
    let ended = site.recorder.now();
    thread::sleep(Duration::from_secs(2));
    let texts = load.stop()?;
    let history = site.recorder.history();
    let key = node.plan.data.join("master.key");

    let plan = copy_of(&site, context, "copy", &key)?;
    must(&plan, &["restore", &file, "--accept"])?;
    let saw = ask(&site, &plan, &world, &texts)?;
    let standing = saw.tokens.values().filter(|is_active| **is_active).count();
    finding.expect(standing > 0, || "no token of before stands in the copy".to_owned());
    finding.figure(format!("{} events in the copy, {standing} tokens stand", saw.events.len()));
    let (violations, since) = check::restored(&history, begun, ended, &saw);
    finding.violations.extend(violations);
    finding.expect(since > 0, || "nothing was done after the backup".to_owned());

    let over = copy_of(&site, context, "over", &key)?;
    must(&over, &["restore", &file, "--accept", "--end-tokens"])?;
    let saw = ask(&site, &over, &world, &texts)?;
    let standing = saw.tokens.values().filter(|is_active| **is_active).count();
    finding.expect(standing == 0, || format!("{standing} tokens stand that --end-tokens was to end"));

    die_on_both(context, &site, (&plan, &key), &world, &file, &mut finding)?;
    finding.add(site.judge(&[node.plan.address], &world, &texts)?);
    drop(node);
    Ok(finding)
}

/// Kills restores into the place of an embedded store, and into PostgreSQL if that is to be had.
fn die_on_both(
    context: &Context,
    site: &Site,
    (plan, key): (&Plan, &Path),
    world: &World,
    file: &str,
    finding: &mut Finding,
) -> Result<(), String> {
    let known = Command::new(&context.mortal).arg("kill-points").output();
    let known = known.map_err(|error| format!("`{}`: {error}", context.mortal.display()))?.stdout;
    let known = of_restores(&String::from_utf8_lossy(&known));
    let died = die_everywhere(site, plan, world, file, finding)?;
    finding.expect(died == known, || format!("a restore died at {died:?}, and not at each of {known:?}"));
    finding.figure(format!("{} kills on an embedded store", died.len()));
    if let Some(cluster) = cluster::start(site.path())? {
        let mut plans = site.plans_on(&context.mortal, &Cluster::url(cluster.address()), 1)?;
        let plan = plans.remove(0).with("TOKENMINT_MASTER_KEY", text(key)?.trim());
        must(&plan, &["restore", file, "--accept"])?;
        let died = die_everywhere(site, &plan, world, file, finding)?;
        finding.expect(!died.is_empty(), || "no restore into PostgreSQL died".to_owned());
        finding.figure(format!("{} on PostgreSQL", died.len()));
    } else {
        finding.figure(format!("none on PostgreSQL: {}", cluster::MISSING));
    }
    Ok(())
}

/// A node of its own that has the master key of another.
fn copy_of(site: &Site, context: &Context, name: &str, key: &Path) -> Result<Plan, String> {
    let plan = site.plan(&context.mortal, name)?;
    Ok(plan.with("TOKENMINT_MASTER_KEY", text(key)?.trim()))
}

fn text(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("`{}`: {error}", file.display()))
}

fn must(plan: &Plan, words: &[&str]) -> Result<(), String> {
    let (status, said) = until_free(plan, words)?;
    if status.success() { Ok(()) } else { Err(format!("`{}` said: {said}", words.join(" "))) }
}

/// Runs a command, again while the database holds what has ended.
fn until_free(plan: &Plan, words: &[&str]) -> Result<(ExitStatus, String), String> {
    for _ in 0..TRIES {
        let (status, said) = plan.command(words)?;
        if !said.contains(STILL_THERE) {
            return Ok((status, said));
        }
        thread::sleep(Duration::from_millis(100));
    }
    plan.command(words)
}

/// What a restored node says. It rotates a key first: once that stands in the log, all that is older does.
fn ask(site: &Site, plan: &Plan, world: &World, texts: &Texts) -> Result<Saw, String> {
    let (node, _) = plan.start()?;
    let recorder = Recorder::begin(&site.path().join("copy.jsonl"), ROW.number, site.seed())?.into();
    Steward::at(plan.address, &recorder).rotate(&world.mint)?;
    survey::survey(&[plan.address], world, texts, &recorder)?;
    node.stop()?;
    recorder.history().saw.pop().ok_or_else(|| "the copy said nothing".to_owned())
}

/// Lets a restore into `plan` die at each place that it passes; the places.
fn die_everywhere(
    site: &Site,
    plan: &Plan,
    world: &World,
    file: &str,
    finding: &mut Finding,
) -> Result<BTreeSet<String>, String> {
    let passed = site.path().join("passed");
    let _ = fs::remove_file(&passed);
    let again = ["restore", file, "--replace", "--accept"];
    must(&plan.clone().with("TOKENMINT_KILL_POINTS_PASSED", passed.to_string_lossy()), &again)?;
    let places = of_restores(&text(&passed)?);
    for place in &places {
        let late = make_late(plan)?;
        let armed = plan.clone().with("TOKENMINT_KILL_POINT", format!("{place}:1"));
        let (status, said) = until_free(&armed, &again)?;
        finding.expect(status.signal() == Some(SIGKILL), || format!("{place}: it did not die: {said}"));
        let (node, is_finished) = start_again(plan, &again)?;
        let mut connection = Connection::new(plan.address);
        let apps = connection.must(&admin(Request::get("/api/v1/apps?limit=200")))?;
        let is_old = apps.as_array().is_some_and(|apps| apps.iter().any(|app| app["id"] == late));
        let is_new = is_finished || place.ends_with("in place");
        finding.expect(!(is_new && is_old), || format!("{place}: the old state stands after a restore"));
        let form = [("grant_type", "client_credentials"), ("scope", "read")];
        let request = Request::form(oauth_path(&world.mint, "token"), &form);
        connection.must(&request.by(world.clients[0].authorization()))?;
        node.stop()?;
        if !plan.environment.iter().any(|(name, _)| name == "TOKENMINT_DATABASE_URL") {
            let whole = plan.is_whole()?;
            finding.expect(whole.is_ok(), || format!("{place}: the database is not whole: {whole:?}"));
        }
    }
    Ok(places)
}

fn of_restores(places: &str) -> BTreeSet<String> {
    places.lines().filter(|name| name.starts_with(PLACES)).map(str::to_owned).collect()
}

/// An app that only the state has which a restore replaces; its id.
fn make_late(plan: &Plan) -> Result<Value, String> {
    let (node, _) = plan.start()?;
    let request = Request::json("POST", "/api/v1/apps", &app("late", None));
    let made = Connection::new(plan.address).must(&admin(request))?;
    node.stop()?;
    Ok(made["id"].clone())
}

/// Starts on what a restore left. Where that says that a restore was cut off, the same command must finish it: whether it did.
fn start_again(plan: &Plan, words: &[&str]) -> Result<(Node, bool), String> {
    let refused = match plan.start() {
        Ok((node, _)) => return Ok((node, false)),
        Err(said) => said,
    };
    if !refused.contains("was cut off") {
        return Err(refused);
    }
    must(plan, words)?;
    Ok((plan.start()?.0, true))
}
