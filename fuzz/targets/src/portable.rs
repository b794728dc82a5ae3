//! Configuration files. Whatever is written, it is refused with a place in the text, or it is a configuration whose own
//! document, applied over nothing, makes the same one; applied again it does nothing.
//!
//! Input: the file.

use model::AuthorizationServerId;
use model::authorization_server::IssuerMode;
use model::{GroupId, UserId};
use serde_json::Value;
use server::yaml;
use service::Snapshot;
use service::configuration::Draft;
use service::portable::{self, Plan, Portable, Problem, Target};

use crate::world::World as Fixture;

/// A configuration to apply to, which is never changed.
struct Held {
    fixture: Fixture,
    names: portable::World,
    snapshot: Snapshot,
    new: AuthorizationServerId,
}

/// A file.
pub fn run(bytes: &[u8]) {
    thread_local!(static HELD: Held = Held::new());
    let Ok(text) = str::from_utf8(bytes) else { return };
    let read = match yaml::read(text) {
        Ok(read) => read,
        Err(mistake) => {
            let lines = text.lines().count().max(1);
            assert!((1..=lines).contains(&mistake.place.line), "{mistake} of {lines} lines");
            return assert!(mistake.place.column >= 1 && !mistake.message.is_empty());
        }
    };
    let written = yaml::write(&read.value);
    let again =
        yaml::read(&written).unwrap_or_else(|mistake| panic!("{mistake} in what was written:\n{written}"));
    assert_eq!(again.value, read.value, "written:\n{written}");
    HELD.with(|held| match held.apply(&held.snapshot, &read.value) {
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                assert!(!problem.message.is_empty());
                assert!(read.place(&problem.place).is_some(), "{problem} has no line");
            }
        }
        Ok((snapshot, plan)) => held.judge(&read.value, &snapshot, &plan),
    });
}

impl Held {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let fixture = runtime.block_on(async {
            let fixture = Fixture::new().await;
            fixture.make_app("Portal").await;
            fixture.make_app("Billing").await;
            fixture
        });
        let seed = || fixture.tenant.ids.next(fixture.now());
        let names = portable::World::default()
            .with_group(GroupId::mint(seed()), "Everyone")
            .with_group(GroupId::mint(seed()), "Staff")
            .with_user(UserId::mint(seed()), "ana@example.com");
        let new = AuthorizationServerId::mint(seed());
        let snapshot = Snapshot::clone(&fixture.snapshot());
        Self { fixture, names, snapshot, new }
    }

    fn apply(&self, snapshot: &Snapshot, document: &Value) -> Result<(Snapshot, Plan), Vec<Problem>> {
        let document = Portable::read(document.clone()).map_err(|problem| vec![problem])?;
        let asked = self.fixture.asked();
        let mut draft = Draft::new(snapshot.clone(), asked.actor, asked.origin, asked.now);
        let target = Target::Named { new: self.new, issuer_mode: IssuerMode::OrgUrl };
        let ids = &self.fixture.tenant.ids;
        let plan = portable::apply(&mut draft, ids, &self.names, target, &document)?;
        Ok((draft.snapshot().clone(), plan))
    }

    /// The document of the server that a document names.
    fn export(&self, snapshot: &Snapshot, document: &Value) -> Value {
        let name = document["server"]["name"].as_str().expect("what was taken names a server");
        let entry = snapshot.servers_after(None).find(|entry| entry.server.value.name == name);
        portable::export(snapshot, entry.expect("the server is there"), &self.names).to_value()
    }

    fn judge(&self, document: &Value, snapshot: &Snapshot, plan: &Plan) {
        assert!(plan.steps.iter().all(|step| !step.to_string().is_empty()));
        let twice = self.apply(snapshot, document).expect("what was taken is taken again");
        assert!(twice.1.is_empty(), "twice: {}", twice.1);
        let own = self.export(snapshot, document);
        let text = yaml::write(&own);
        assert_eq!(yaml::read(&text).map(|read| read.value), Ok(own.clone()), "{text}");
        let (same, nothing) = self.apply(snapshot, &own).expect("its own document is taken");
        assert!(nothing.is_empty(), "its own document: {nothing}");
        assert_eq!(self.export(&same, &own), own);
    }
}
