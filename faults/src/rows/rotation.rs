//! Row 20: keys are rotated every second while resource servers verify every token; then the key that signs is revoked.
//!
//! No cache of an hour outlives such rotations, nor is it promised: a key must be known for an hour before it signs. So time
//! is scaled: one resource server keeps keys for a little less than a rotation takes, as real ones keep them for less than
//! real rotations take. Another keeps them as long as it is told and looks again when it meets an unknown key. A third keeps
//! them as long as it is told, looks never in between, and watches an authorization server that is rotated once.

use std::thread;
use std::time::Duration;

use super::{Finding, Row};
use crate::history::{Act, History, Outcome};
use crate::site::{Context, Site};
use crate::steward::Steward;
use crate::workload::{self, Caching};
use crate::world::World;

/// The row.
pub const ROW: Row = Row {
    number: 20,
    fault: "keys are rotated every second under load; then the signing key is revoked",
    criterion: "no resource server refuses a token; what the revoked key signed is refused once caches are old",
    run,
};

const ROTATION: Duration = Duration::from_secs(1);
/// A cache that is a little younger than a rotation.
const CACHE: Duration = Duration::from_millis(900);

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let site = Site::new(context, ROW.number)?;
    let (node, _) = site.plan(&context.binary, "node")?.start()?;
    let world = World::make(node.plan.address)?;
    let mut plan = workload::Plan::mixed(vec![node.plan.address], context.seed);
    plan.mix = workload::VERIFIED;
    plan.verifiers = vec![Caching::For(CACHE), Caching::RefetchAtUnknownKey, Caching::AsAdvertised];
    let load = site.load_as(plan, &world);
    let mut steward = Steward::at(node.plan.address, &site.recorder);
    thread::sleep(ROTATION);
    let rotations = context.pick(8, 600);
    for rotation in 0..rotations {
        steward.rotate(&world.rotating)?;
        if rotation == rotations / 2 {
            steward.rotate(&world.mint)?;
        }
        thread::sleep(ROTATION);
    }
    let revoked = steward.revoke_active_key(&world.rotating)?;
    thread::sleep(ROTATION * 3);
    let texts = load.stop()?;
    let judged = site.judge(&[node.plan.address], &world, &texts)?;
    let (good, refused) = verdicts(&judged.history, &revoked);
    finding.expect(refused > 0, || "nobody showed a token of the revoked key again".to_owned());
    finding.figure(format!("{rotations} rotations, {good} verifications without a failure"));
    finding.figure(format!("{refused} tokens of the revoked key refused"));
    finding.add(judged);
    Ok(finding)
}

/// How many tokens resource servers took, and how many of the revoked key they refused.
fn verdicts(history: &History, revoked: &str) -> (usize, usize) {
    let of = |call: &&crate::history::Call| matches!(call.act, Act::Verify { .. });
    let verified = history.calls.iter().filter(of);
    let good = verified.clone().filter(|call| call.outcome.done().is_some()).count();
    let is_revoked = |act: &Act| matches!(act, Act::Verify { kid, .. } if kid == revoked);
    let refused =
        verified.filter(|call| is_revoked(&call.act) && matches!(call.outcome, Outcome::Refused(_)));
    (good, refused.count())
}
