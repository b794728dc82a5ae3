//! `tokenmint test`: runs files of token tests against a server, or against a configuration in a file without any network.
//! Owns the order of things and the forms of the result; leaves out the files and the judging (`token_tests`) and where the
//! answers come from (`previewer`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::Timestamp;

use super::previewer::{Complaint, Form, Previewer, read};
use super::remote::Remote;
use super::terminal::{json_text, plain_lines, say, show};
use crate::clock;
use crate::token_tests::coverage::Touched;
use crate::token_tests::decision;
use crate::token_tests::file::{self, Case, File};
use crate::token_tests::judge::judge;
use crate::token_tests::junit;
use crate::token_tests::report::{CaseResult, FileResult, Outcome, Results};

/// What a person wants to be run.
#[derive(Debug, Clone, clap::Args)]
pub struct Wanted {
    /// A file of token tests; - is stdin
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Run them on the configuration in this file, without a server: what `tokenmint export` writes
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "token_file", "ca"])]
    pub configuration: Option<PathBuf>,
    /// Where to write the results as XML.
    #[arg(
        long,
        value_name = "FILE",
        help = "Write the results as JUnit XML, too; - is stdout, in place of the text"
    )]
    pub junit: Option<PathBuf>,
    /// Show the whole decision of each case that failed, step by step
    #[arg(long)]
    pub explain: bool,
    /// Show the results as JSON, for programs
    #[arg(long)]
    pub json: bool,
    /// Say which policies, rules, scopes and claims no case touches
    #[arg(long)]
    pub coverage: bool,
}

/// Where the cases are run.
pub enum Place<'r> {
    /// On a server that runs; each file names its authorization server.
    Live(&'r Remote),
    /// On the configuration in a file.
    File(&'r Path),
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every case passed.
    Passed,
    /// A case did not.
    Failed,
}

/// Runs the files and shows what became of them. If a file is wrong, nothing is run.
pub fn run(place: &Place<'_>, wanted: &Wanted) -> Result<Ending, Complaint> {
    let files = wanted.files.iter().map(|path| parse(path)).collect::<Result<Vec<_>, _>>();
    let files = files.map_err(Complaint::File)?;
    let xml_is_shown = wanted.junit.as_deref() == Some(Path::new("-"));
    if xml_is_shown && wanted.json {
        let why = "--junit - and --json both want stdout: name a file for the XML";
        return Err(Complaint::File(why.to_owned()));
    }
    let now = clock::now();
    let mut bench = Bench { place, servers: BTreeMap::new(), explain: wanted.explain, now };
    let mut results = Results::default();
    for (path, file) in wanted.files.iter().zip(&files) {
        results.files.push(bench.run(path, file)?);
    }
    let mut trouble = Vec::new();
    if wanted.coverage {
        for (previewer, touched) in bench.servers.values() {
            match previewer.configuration() {
                Ok(configuration) => results.coverage.push(touched.of(&configuration)),
                Err(why) => trouble.push(why),
            }
        }
    }
    if xml_is_shown {
        show(&junit::to_xml(&results));
    } else if wanted.json {
        show(&json_text(&results.to_json()));
    } else {
        show(&plain_lines(&results.to_text()));
    }
    // Whatever becomes of the file: the results were shown.
    if let Some(path) = wanted.junit.as_deref().filter(|_| !xml_is_shown) {
        match std::fs::write(path, junit::to_xml(&results)) {
            Ok(()) => say(&format!("JUnit XML is in {}", path.display())),
            Err(error) => trouble.push(format!("cannot write `{}`: {error}", path.display())),
        }
    }
    if !trouble.is_empty() {
        return Err(Complaint::Trouble(trouble.join("\n")));
    }
    Ok(if results.are_well() { Ending::Passed } else { Ending::Failed })
}

fn parse(path: &Path) -> Result<File, String> {
    let text = read(path)?;
    file::read(&text).map_err(|mistake| mistake.in_file(path.display()))
}

/// The servers that were asked so far, and what was touched of each.
struct Bench<'a, 'r> {
    place: &'a Place<'r>,
    servers: BTreeMap<String, (Previewer<'r>, Touched)>,
    explain: bool,
    now: Timestamp,
}

impl<'r> Bench<'_, 'r> {
    fn run(&mut self, path: &Path, file: &File) -> Result<FileResult, Complaint> {
        let (explain, now) = (self.explain, self.now);
        let asked = match self.server(path, file) {
            Ok(asked) => Ok(asked),
            // The other files may be for other servers, and whoever reads the results sees these cases, too.
            Err(Complaint::Trouble(why)) => Err(why),
            Err(complaint) => return Err(complaint),
        };
        let result = |case: &Case, outcome| CaseResult { name: case.name.clone(), line: case.line, outcome };
        let cases = match asked {
            Ok((previewer, touched)) => {
                let cases = file.cases.iter();
                cases.map(|case| result(case, outcome(previewer, touched, case, explain, now))).collect()
            }
            Err(why) => file.cases.iter().map(|case| result(case, Outcome::Broken(why.clone()))).collect(),
        };
        Ok(FileResult { file: path.display().to_string(), cases })
    }

    fn server(&mut self, path: &Path, file: &File) -> Result<&mut (Previewer<'r>, Touched), Complaint> {
        let wrong = |why: &str| Complaint::File(format!("{}: server: {why}", path.display()));
        let name = match (self.place, &file.server) {
            (Place::File(_), _) => String::new(),
            (Place::Live(_), Some(server)) => server.clone(),
            (Place::Live(_), None) => {
                return Err(wrong("is missing: it says which authorization server is asked"));
            }
        };
        if !self.servers.contains_key(&name) {
            let previewer = match self.place {
                Place::Live(remote) => Previewer::live(remote, &name).map_err(Complaint::Trouble)?,
                Place::File(path) => Previewer::of_file(path, self.now).map_err(Complaint::File)?,
            };
            self.servers.insert(name.clone(), (previewer, Touched::default()));
        }
        let asked = self.servers.get_mut(&name).ok_or_else(|| wrong("is not there"))?;
        if let (Previewer::File { document, .. }, Some(server)) = (&asked.0, &file.server)
            && document["server"]["name"] != server.as_str()
        {
            let other = document["server"]["name"].as_str().unwrap_or_default();
            let why = format!("the cases are for `{server}`, and the configuration is that of `{other}`");
            return Err(wrong(&why));
        }
        Ok(asked)
    }
}

fn outcome(
    previewer: &Previewer<'_>,
    touched: &mut Touched,
    case: &Case,
    explain: bool,
    now: Timestamp,
) -> Outcome {
    let answer = match previewer.ask(&case.question, Form::Json, now) {
        Ok(answer) => answer,
        Err(why) => return Outcome::Broken(why),
    };
    touched.note(&answer);
    let mismatches = judge(&case.expect, &answer);
    if mismatches.is_empty() {
        return Outcome::Passed;
    }
    let decision = decision::in_short(&answer, &mismatches);
    let text = || previewer.ask(&case.question, Form::Text, now).ok();
    let explanation = if explain { text() } else { None };
    let explanation = explanation.as_ref().and_then(|text| text.as_str()).map(str::to_owned);
    Outcome::Failed { mismatches, decision, explanation }
}
