//! Where a row takes place: a directory, a recorder, nodes with a world on them. Owns the order of a run: start, make the
//! world, load, fault, survey, judge.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bench::{clock, master_key};

use crate::check::{self, Violation};
use crate::history::{Act, History};
use crate::leaks;
use crate::node::Plan;
use crate::record::Recorder;
use crate::scratch::Scratch;
use crate::survey::{self, Texts};
use crate::turns::Turns;
use crate::workload::{self, Load};
use crate::world::World;

const RECOVERY_LEAST: Duration = Duration::from_secs(2);
const RECOVERY_LIMIT: Duration = Duration::from_secs(63);

/// What a row is run with.
#[derive(Debug, Clone)]
pub struct Context {
    /// The program as it is shipped.
    pub binary: PathBuf,
    /// The program with kill points.
    pub mortal: PathBuf,
    /// Where runs may write.
    pub parent: PathBuf,
    /// What determines the choices.
    pub seed: u64,
    /// Whether there is time.
    pub is_long: bool,
    /// Whether histories that held are kept, too.
    pub keeps: bool,
    /// How many rows work at once.
    pub turns: Arc<Turns>,
}

impl Context {
    /// The same with another seed.
    pub fn with_seed(&self, seed: u64) -> Self {
        Self { seed, ..self.clone() }
    }

    /// One of two, by how much time there is.
    pub fn pick<T>(&self, short: T, long: T) -> T {
        if self.is_long { long } else { short }
    }
}

/// Where a row takes place.
#[derive(Debug)]
pub struct Site {
    scratch: Scratch,
    /// What happens is written here.
    pub recorder: Arc<Recorder>,
    seed: u64,
    row: u8,
    keeps: bool,
    turns: Arc<Turns>,
}

/// What came of a run.
#[derive(Debug)]
pub struct Judged {
    /// What did not hold.
    pub violations: Vec<Violation>,
    /// The whole history.
    pub history: History,
    /// How long after the fault all nodes answered again.
    pub recovery: Option<Duration>,
    /// Where to look, if something did not hold.
    pub kept: Option<PathBuf>,
}

impl Site {
    /// An empty place for a row.
    pub fn new(context: &Context, row: u8) -> Result<Self, String> {
        let scratch = Scratch::new(&context.parent, &format!("row{row}-{}", context.seed))?;
        let recorder = Arc::new(Recorder::begin(&scratch.path().join("history.jsonl"), row, context.seed)?);
        Ok(Self {
            scratch,
            recorder,
            seed: context.seed,
            row,
            keeps: context.keeps,
            turns: Arc::clone(&context.turns),
        })
    }

    /// How a node of this place is started.
    pub fn plan(&self, binary: &Path, name: &str) -> Result<Plan, String> {
        let temporary = self.scratch.path().join("tmp");
        std::fs::create_dir_all(&temporary).map_err(|error| error.to_string())?;
        let plan = Plan::new(binary, self.scratch.path(), name)?;
        Ok(plan.with("TMPDIR", temporary.to_string_lossy()))
    }

    /// What determines the choices.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// How so many nodes on one PostgreSQL are started, all with one master key.
    pub fn plans_on(&self, binary: &Path, url: &str, count: usize) -> Result<Vec<Plan>, String> {
        let key = master_key::generate(binary)?;
        let plan = |number: usize| {
            let plan = self.plan(binary, &format!("node{number}"))?;
            Ok(plan.with("TOKENMINT_DATABASE_URL", url).with("TOKENMINT_MASTER_KEY", key.clone()))
        };
        (0..count).map(plan).collect()
    }

    /// The usual load on nodes.
    pub fn load(&self, nodes: &[SocketAddr], world: &Arc<World>) -> Load {
        self.load_as(workload::Plan::mixed(nodes.to_vec(), self.seed), world)
    }

    /// A load as a plan says.
    pub fn load_as(&self, plan: workload::Plan, world: &Arc<World>) -> Load {
        Load::start(plan, world, &self.recorder)
    }

    /// Lets a load go on after the last fault, until the nodes serve as before or their time for that is over: the checker
    /// says which. Other work of the machine may slow both times down.
    pub fn let_recover(&self) {
        let begun = clock::now();
        thread::sleep(RECOVERY_LEAST);
        while begun.elapsed() < RECOVERY_LIMIT && !check::is_recovered(&self.recorder.history()) {
            thread::sleep(RECOVERY_LEAST / 4);
        }
    }

    /// Asks the nodes, searches for secrets, and judges. The directory stays if something did not hold.
    pub fn judge(self, nodes: &[SocketAddr], world: &World, texts: &Texts) -> Result<Judged, String> {
        self.turns.leave_while(|| survey::survey(nodes, world, texts, &self.recorder))?;
        leaks::search(self.scratch.path(), &world.secrets(), &self.recorder);
        Ok(self.verdict())
    }

    /// Ends a run that has nothing to judge.
    pub fn forget(self) {
        self.scratch.forget();
    }

    /// Judges what is written down.
    pub fn verdict(self) -> Judged {
        let history = self.recorder.history();
        let violations = check::check(&history);
        let recovery = check::recovery(&history);
        let kept = (!violations.is_empty()).then(|| self.recorder.path().to_owned());
        if self.keeps {
            println!(
                "row {}: the history of seed {} is {}",
                self.row,
                self.seed,
                self.recorder.path().display()
            );
        } else if kept.is_none() {
            self.scratch.forget();
        }
        Judged { violations, history, recovery, kept }
    }
}

/// How many calls of a history came to nothing that anybody knows.
pub fn unknown_calls(history: &History) -> usize {
    history.calls.iter().filter(|call| call.outcome.is_unknown()).count()
}

/// How many calls were sent to a node.
pub fn sent_calls(history: &History) -> usize {
    history.calls.iter().filter(|call| !matches!(call.act, Act::Verify { .. })).count()
}
