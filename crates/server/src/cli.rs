//! The command line. Owns the commands, their help and the exit codes; leaves out what settings mean (`config`).
//!
//! A command is one variant with its help and one line in `carry_out`, which may name a function that reads its settings;
//! what it does lies in `operator`.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command as ClapCommand, CommandFactory, FromArgMatches, Parser,
    Subcommand,
};
use clap_complete::Shell;
use serde_json::Value;

use crate::config::{self, Config};
use crate::operator::previewer::{Complaint, Previewer};
use crate::operator::remote::{Remote, RemoteFlags};
use crate::operator::restore::Wanted;
use crate::operator::{
    api_token, apply, backup, completions, doctor, export, preview, restore, terminal, test,
};
use crate::settings::{self, BadSetting, Environment, Setting, Sources};
use crate::{clock, control, help, key_file, start};

const USAGE: u8 = 2;
const FAILURE: u8 = 1;
/// A preview was answered: no tokens.
const REFUSED: u8 = 3;
/// There is something to do, and only that was asked.
const CHANGES: u8 = 3;

/// Tokenmint, an authorization server that Okta's clients can use unmodified.
#[derive(Parser)]
#[command(
    name = "tokenmint",
    version,
    after_help = help::PROGRAM,
    max_term_width = 100
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until SIGTERM or SIGINT
    #[command(after_help = [help::SERVE, help::SETTINGS].join("\n\n"))]
    Serve(ServeFlags),
    /// Look after the master key
    #[command(subcommand, after_help = help::KEY)]
    Key(KeyCommand),
    /// Make, list and revoke tokens for the management API, while the server runs
    #[command(subcommand, after_help = help::API_TOKEN)]
    ApiToken(ApiTokenCommand),
    /// Say what is wrong with settings, data and keys, and how to mend it
    ///
    /// Takes the flags, variables and file of serve, changes nothing, and may run beside the server, whose own view it
    /// asks for. Each line begins with ok, warning or error; the exit code is 1 if there is any error.
    #[command(after_help = [help::DOCTOR, help::SETTINGS].join("\n\n"))]
    Doctor {
        /// A backup whose age and wholeness are looked at, too
        #[arg(long, value_name = "FILE")]
        backup: Option<PathBuf>,
        #[command(flatten)]
        settings: ServeFlags,
    },
    /// Copy everything that is remembered into one file, while the server runs; or check such a file
    #[command(after_help = help::BACKUP)]
    Backup {
        /// The file to write, which must not be there yet; or with --verify, to read
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Read the file, check every part of it, and say what it holds
        #[arg(long)]
        verify: bool,
        #[command(flatten)]
        database: DatabaseFlags,
    },
    /// Put a backup in the place of a database that nobody serves from
    #[command(after_help = help::RESTORE)]
    Restore(RestoreFlags),
    /// Show which tokens somebody would get, or which error, and why; nothing is signed or written
    ///
    /// The user need not exist. The same is POST /api/v1/authorizationServers/{id}/preview.
    #[command(after_help = help::PREVIEW)]
    Preview(Box<PreviewFlags>),
    /// Run golden token tests: who asks for what, and which token comes of it
    #[command(after_help = help::TEST)]
    Test {
        #[command(flatten)]
        wanted: test::Wanted,
        #[command(flatten)]
        remote: RemoteFlags,
    },
    /// Write a server's configuration as one readable file, with names in place of ids
    #[command(after_help = help::EXPORT)]
    Export {
        /// The authorization server: its id, its name, or default
        #[arg(value_name = "SERVER")]
        server: String,
        /// The file to write [default: stdout]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// As JSON instead of YAML
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: RemoteFlags,
    },
    /// Make a server's configuration what a file says, as one change, after the plan was shown
    #[command(after_help = help::APPLY)]
    Apply {
        #[command(flatten)]
        wanted: apply::Wanted,
        #[command(flatten)]
        remote: RemoteFlags,
    },
    /// Print a script that makes a shell complete commands and flags
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// Which shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
}

#[derive(Subcommand)]
enum ApiTokenCommand {
    /// Make a token and print it, once; what it is and when it ends is said on stderr
    ///
    /// Requests carry it as `Authorization: SSWS TOKEN`, and may do what its user may. It ends when it was not used for
    /// 30 days.
    #[command(after_help = help::API_TOKEN_CREATE)]
    Create {
        /// What to call it: 1 to 255 characters
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Whose it is: a login or an id of an active user [default: the first super admin]
        #[arg(long, value_name = "LOGIN")]
        user: Option<String>,
        #[command(flatten)]
        data: DataFlags,
    },
    /// Show every token: its id, name and user, when it was made and last used (to the hour), and when it ends
    #[command(after_help = help::API_TOKEN_LIST)]
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataFlags,
    },
    /// End a token at once, on every node
    #[command(after_help = help::API_TOKEN_REVOKE)]
    Revoke {
        /// Its id, as `api-token list` shows it: 00T…
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        data: DataFlags,
    },
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Make a master key and print it: for `--master-key-file` or `TOKENMINT_MASTER_KEY`
    #[command(after_help = help::KEY_GENERATE)]
    Generate,
    /// Seal every secret anew under another master key, while the server runs
    ///
    /// The key that the server made in its data directory is replaced. Of keys that you gave, the first one is used:
    /// put a new key (tokenmint key generate) on a line before the old one, restart, and rewrap.
    #[command(after_help = help::KEY_REWRAP)]
    Rewrap(DataFlags),
}

#[derive(Args)]
struct PreviewFlags {
    /// The authorization server: its id, its name, or default
    #[arg(
        value_name = "SERVER",
        required_unless_present = "configuration",
        conflicts_with = "configuration"
    )]
    server: Option<String>,
    /// Ask the configuration in this file instead, without a server: what `tokenmint export` writes
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "token_file", "ca"])]
    configuration: Option<PathBuf>,
    #[command(flatten)]
    asking: preview::Asking,
    #[command(flatten)]
    remote: RemoteFlags,
}

#[derive(Args)]
struct RestoreFlags {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Move a database that is there aside; it is never removed
    #[arg(long)]
    replace: bool,
    /// Undo what has ended since the backup, without being asked
    #[arg(long)]
    accept: bool,
    /// End every access token that was decided before the restore
    #[arg(long)]
    end_tokens: bool,
    #[command(flatten)]
    database: SealedDatabaseFlags,
}

/// The flags of every setting, from their table.
struct ServeFlags(ArgMatches);

/// The flags that find the running server.
struct DataFlags(ArgMatches);

/// The flags that find a database.
struct DatabaseFlags(ArgMatches);

/// The flags that find a database and its master key.
struct SealedDatabaseFlags(ArgMatches);

macro_rules! flags_from_the_table {
    ($name:ident, $settings:expr) => {
        impl Args for $name {
            fn augment_args(command: ClapCommand) -> ClapCommand {
                command.args($settings.iter().map(flag))
            }

            fn augment_args_for_update(command: ClapCommand) -> ClapCommand {
                Self::augment_args(command)
            }
        }

        impl FromArgMatches for $name {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                Ok(Self(matches.clone()))
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                self.0 = matches.clone();
                Ok(())
            }
        }
    };
}

flags_from_the_table!(ServeFlags, settings::ALL);
flags_from_the_table!(DataFlags, [settings::CONFIG, settings::DATA]);
flags_from_the_table!(DatabaseFlags, [settings::CONFIG, settings::DATA, settings::DATABASE_URL]);
flags_from_the_table!(
    SealedDatabaseFlags,
    [settings::CONFIG, settings::DATA, settings::DATABASE_URL, settings::MASTER_KEY_FILE]
);

fn flag(setting: &Setting) -> Arg {
    let flag = Arg::new(setting.flag).long(setting.flag).help(setting.help);
    if setting.value.is_empty() {
        // A switch has the text `true`, so that it is read as the same setting in the file is.
        return flag.num_args(0).default_missing_value("true").action(ArgAction::Set);
    }
    flag.value_name(setting.value).action(if setting.is_list() { ArgAction::Append } else { ArgAction::Set })
}

/// Runs the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: Environment<'_>) -> ExitCode {
    let matches = match CommandLine::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return explain(&error),
    };
    match CommandLine::from_arg_matches(&matches) {
        Ok(line) => carry_out(&line.command, environment),
        Err(error) => explain(&error),
    }
}

fn carry_out(command: &Command, environment: Environment<'_>) -> ExitCode {
    match command {
        Command::Serve(flags) => serve(flags, environment),
        Command::Key(KeyCommand::Generate) => finish(generate_key()),
        Command::Key(KeyCommand::Rewrap(data)) => remote(data, environment, rewrap),
        Command::ApiToken(command) => look_after_api_tokens(command, environment),
        Command::Doctor { backup, settings } => examine(settings, backup.as_deref(), environment),
        Command::Backup { file, verify: true, .. } => finish(backup::verify(file)),
        Command::Backup { file, verify: false, database } => back_up(database, file, environment),
        Command::Restore(flags) => put_back(flags, environment),
        Command::Preview(flags) => show_preview(flags, environment),
        Command::Test { wanted, remote } => run_tests(wanted, remote, environment),
        Command::Export { server, output, json, remote } => match Remote::open(remote, environment) {
            Ok(remote) => finish(export::run(&remote, server, output.as_deref(), *json)),
            Err(error) => refuse(&error),
        },
        Command::Apply { wanted, remote } => match Remote::open(remote, environment) {
            Ok(remote) => end_apply(apply::run(&remote, wanted)),
            Err(error) => refuse(&error),
        },
        Command::Completions { shell } => complete(*shell),
    }
}

fn serve(flags: &ServeFlags, environment: Environment<'_>) -> ExitCode {
    match read(&flags.0, environment, Config::read) {
        Ok(config) => finish(start::serve(&config)),
        Err(error) => refuse(&error),
    }
}

fn look_after_api_tokens(command: &ApiTokenCommand, environment: Environment<'_>) -> ExitCode {
    match command {
        ApiTokenCommand::Create { name, user, data } => {
            remote(data, environment, |data| api_token::create(data, name, user.as_deref()))
        }
        ApiTokenCommand::List { json, data } => {
            remote(data, environment, |data| api_token::list(data, *json))
        }
        ApiTokenCommand::Revoke { id, data } => remote(data, environment, |data| api_token::revoke(data, id)),
    }
}

/// Settings that cannot be read are a finding, too.
fn examine(settings: &ServeFlags, backup: Option<&Path>, environment: Environment<'_>) -> ExitCode {
    let config = read(&settings.0, environment, Config::read);
    let is_well = doctor::examine(config.map_err(|error| error.to_string()), backup);
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn back_up(database: &DatabaseFlags, file: &Path, environment: Environment<'_>) -> ExitCode {
    match read(&database.0, environment, config::place) {
        Ok(place) => finish(backup::make(&place, file)),
        Err(error) => refuse(&error),
    }
}

fn put_back(flags: &RestoreFlags, environment: Environment<'_>) -> ExitCode {
    let settings = |sources: &Sources<'_>| Ok((config::place(sources)?, config::master_key(sources)?));
    match read(&flags.database.0, environment, settings) {
        Ok((place, key)) => {
            let key = key_file::find(key, &place);
            let RestoreFlags { ref file, replace, accept, end_tokens, .. } = *flags;
            finish(restore::run(&Wanted { file: file.clone(), place, key, replace, accept, end_tokens }))
        }
        Err(error) => refuse(&error),
    }
}

fn show_preview(flags: &PreviewFlags, environment: Environment<'_>) -> ExitCode {
    if let Some(path) = &flags.configuration {
        return match Previewer::of_file(path, clock::now()) {
            Ok(previewer) => previewed(&flags.asking, preview::run(&previewer, &flags.asking)),
            Err(message) => previewed(&flags.asking, Err(Complaint::File(message))),
        };
    }
    let remote = match Remote::open(&flags.remote, environment) {
        Ok(remote) => remote,
        Err(error) => return refuse(&error),
    };
    let server = flags.server.as_deref().unwrap_or_default();
    let previewer = Previewer::live(&remote, server).map_err(Complaint::Trouble);
    previewed(&flags.asking, previewer.and_then(|previewer| preview::run(&previewer, &flags.asking)))
}

fn previewed(asking: &preview::Asking, granted: Result<bool, Complaint>) -> ExitCode {
    let (message, code) = match granted {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => return ExitCode::from(REFUSED),
        Err(Complaint::File(message)) => (message, USAGE),
        Err(Complaint::Trouble(message)) => (message, FAILURE),
    };
    preview::tell(asking, &message);
    complain(&message, code)
}

fn run_tests(wanted: &test::Wanted, remote: &RemoteFlags, environment: Environment<'_>) -> ExitCode {
    let ended = match &wanted.configuration {
        Some(path) => test::run(&test::Place::File(path), wanted),
        None => match Remote::open(remote, environment) {
            Ok(remote) => test::run(&test::Place::Live(&remote), wanted),
            Err(error) => return refuse(&error),
        },
    };
    match ended {
        Ok(test::Ending::Passed) => ExitCode::SUCCESS,
        Ok(test::Ending::Failed) => ExitCode::from(FAILURE),
        Err(Complaint::File(message)) => complain(&message, USAGE),
        Err(Complaint::Trouble(message)) => complain(&message, FAILURE),
    }
}

fn end_apply(ended: Result<apply::Outcome, apply::Complaint>) -> ExitCode {
    match ended {
        Ok(apply::Outcome::Done) => ExitCode::SUCCESS,
        Ok(apply::Outcome::Declined) => ExitCode::from(FAILURE),
        Ok(apply::Outcome::Changes) => ExitCode::from(CHANGES),
        Err(apply::Complaint::File(why)) => complain(&why, USAGE),
        Err(apply::Complaint::Refused(why)) => complain(&why, FAILURE),
    }
}

fn complete(shell: Shell) -> ExitCode {
    print(&Value::from(completions::script(shell, CommandLine::command())));
    ExitCode::SUCCESS
}

/// Does something with the server that runs on the data directory.
fn remote(
    flags: &DataFlags,
    environment: Environment<'_>,
    with: impl FnOnce(&Path) -> Result<(), String>,
) -> ExitCode {
    match read(&flags.0, environment, config::data) {
        Ok(data) => finish(with(&data)),
        Err(error) => refuse(&error),
    }
}

fn rewrap(data: &Path) -> Result<(), String> {
    control::call(data, "key.rewrap", Value::Null).map(|value| print(&value))
}

fn generate_key() -> Result<(), String> {
    let ring = jose::KeyRing::generate().map_err(|error| error.to_string())?;
    let text = ring.to_text();
    print(&Value::from(text.expose_text().unwrap_or_default().trim_end()));
    Ok(())
}

fn read<T>(
    flags: &ArgMatches,
    environment: Environment<'_>,
    meaning: impl FnOnce(&Sources<'_>) -> Result<T, BadSetting>,
) -> Result<T, BadSetting> {
    meaning(&Sources::open(flags, environment)?)
}

/// clap's own words: help and version go to stdout, mistakes to stderr with exit code 2.
fn explain(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn refuse(error: &BadSetting) -> ExitCode {
    complain(error, USAGE)
}

fn finish(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => complain(&message, FAILURE),
    }
}

fn complain(message: &dyn Display, code: u8) -> ExitCode {
    terminal::say(&format!("error: {message}"));
    ExitCode::from(code)
}

/// A text is shown as it is, anything else as JSON.
fn print(value: &Value) {
    match value {
        Value::Null => {}
        Value::String(text) => terminal::show(&format!("{text}\n")),
        value => terminal::show(&terminal::json_text(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Database;
    use crate::log::Format;
    use crate::testing::TemporaryDirectory;
    use crate::tls;
    use crate::tls::identity::Files;

    fn config(flags: &[&str], variables: &[(&str, &str)]) -> Result<Config, String> {
        let line = ["tokenmint", "serve"].iter().chain(flags);
        let matches = CommandLine::command().try_get_matches_from(line).map_err(|error| error.to_string())?;
        let (_, flags) = matches.subcommand().unwrap();
        let environment = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, text)| OsString::from(*text))
        };
        read(flags, &environment, Config::read).map_err(|error| error.to_string())
    }

    fn file(directory: &TemporaryDirectory, text: &str) -> String {
        let path = directory.path().join("tokenmint.toml");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_that_over_the_file_and_that_over_the_default() {
        let directory = TemporaryDirectory::new();
        let path = file(
            &directory,
            "listen = \"127.0.0.1:3\"\nlog = \"json\"\n[limits]\nstreams = 7\nheader_time = \"2s\"\n",
        );
        let flags = ["--config", &path];
        let variables = [("TOKENMINT_LISTEN", "127.0.0.1:2"), ("TOKENMINT_LIMIT_STREAMS", "8")];
        let port = |config: &Config| config.listen.port();

        let all = config(&["--config", &path, "--listen", "127.0.0.1:1"], &variables).unwrap();
        assert_eq!((port(&all), all.limits.streams, all.log.format), (1, 8, Format::Json));
        assert_eq!(port(&config(&flags, &variables).unwrap()), 2);
        let file = config(&flags, &[("TOKENMINT_LISTEN", "")]).unwrap();
        assert_eq!((port(&file), file.limits.streams), (3, 7));
        assert_eq!(file.limits.header_time.as_secs(), 2);
        let nothing = config(&[], &[]).unwrap();
        assert_eq!(nothing.listen.to_string(), "127.0.0.1:8080");
        assert_eq!((nothing.data.as_path(), nothing.database), (Path::new(".data"), Database::Embedded));
        assert_eq!(nothing.limits, crate::limits::Limits::default());
        let by_variable = config(&[], &[("TOKENMINT_CONFIG", &path)]).unwrap();
        assert_eq!(port(&by_variable), 3);
    }

    #[test]
    fn base_urls_may_be_many_wherever_they_stand() {
        let directory = TemporaryDirectory::new();
        let path = file(&directory, "base_url = [\"https://a.example\", \"https://b.example/\"]");
        let expected = ["https://a.example", "https://b.example"];
        for (flags, variables) in [
            (&["--base-url", "https://a.example", "--base-url", "https://b.example"][..], &[][..]),
            (&[], &[("TOKENMINT_BASE_URL", "https://a.example, https://b.example")]),
            (&["--config", &path], &[]),
        ] {
            let urls: Vec<_> =
                config(flags, variables).unwrap().base_urls.iter().map(ToString::to_string).collect();
            assert_eq!(urls, expected);
        }
    }

    #[test]
    fn networks_may_be_many_wherever_they_stand() {
        let directory = TemporaryDirectory::new();
        let path = file(&directory, "outbound_allow = [\"10.1.0.0/16\", \"::1\"]");
        for (flags, variables) in [
            (&["--outbound-allow", "10.1.0.0/16", "--outbound-allow", "::1"][..], &[][..]),
            (&[], &[("TOKENMINT_OUTBOUND_ALLOW", "10.1.0.0/16, ::1")]),
            (&["--config", &path], &[]),
        ] {
            let networks = config(flags, variables).unwrap().outbound_allow;
            let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
            assert_eq!(networks, ["10.1.0.0/16", "::1/128"]);
        }
        assert!(config(&[], &[]).unwrap().outbound_allow.is_empty());
    }

    #[test]
    fn tls_has_files_or_a_certificate_of_its_own() {
        let tls = |flags, variables| config(flags, variables).unwrap().tls;
        let files = Files { certificate: "c".into(), key: "k".into() };
        let own = tls::Settings::SelfSigned { data: "d".into() };
        assert_eq!(tls(&[], &[("TOKENMINT_TLS_SELF_SIGNED", "false")]), None);
        assert_eq!(
            tls(&["--tls-cert", "c"], &[("TOKENMINT_TLS_KEY", "k")]),
            Some(tls::Settings::Files(files))
        );
        assert_eq!(tls(&["--tls-self-signed", "--data", "d"], &[]), Some(own));
    }

    #[test]
    fn a_mistake_is_named_with_its_place_and_what_is_allowed() {
        for (flags, variables, said) in [
            (
                &["--listen", "foo"][..],
                &[][..],
                "--listen: `foo` is not an address; write an IP address and a port",
            ),
            (&[], &[("TOKENMINT_LISTEN", "1")], "TOKENMINT_LISTEN: `1` is not an address"),
            (&["--outbound-allow", "10.0.0.0/x"], &[], "--outbound-allow: `10.0.0.0/x` is not a network"),
            (&["--outbound-allow", "10.0.0.0/+8"], &[], "--outbound-allow: `10.0.0.0/+8` is not a network"),
            (&["--base-url", "localhost"], &[], "--base-url: `localhost` has no scheme"),
            (&["--base-url", "http://a/b"], &[], "--base-url: `http://a/b` has a path"),
            (
                &["--base-url", "http://a", "--base-url", "http://A:80/"],
                &[],
                "--base-url: `http://A:80/` is given twice",
            ),
            (&["--log", "xml"], &[], "--log: `xml` is neither text nor json"),
            (&["--log-level", "loud"], &[], "--log-level: `loud` is not a level"),
            (&["--limit-streams", "0"], &[], "--limit-streams: `0` is not a number from 1"),
            (&["--limit-streams", "+5"], &[], "--limit-streams: `+5` is not a number from 1"),
            (&["--limit-body-bytes", "1GB"], &[], "--limit-body-bytes: `1GB` is not a size"),
            (&["--limit-header-bytes", "1KiB"], &[], "--limit-header-bytes: `1KiB` is too small"),
            (&["--limit-idle-time", "soon"], &[], "--limit-idle-time: `soon` is not a time"),
            (&["--config", "/nowhere.toml"], &[], "--config: cannot read `/nowhere.toml`: No such file"),
            (
                &["--master-key-file", "/nowhere"],
                &[],
                "--master-key-file: `/nowhere` cannot be read: No such file",
            ),
            (
                &["--master-key-file", "/x"],
                &[("TOKENMINT_MASTER_KEY", "k")],
                "TOKENMINT_MASTER_KEY and --master-key-file are both given",
            ),
            (&["--tls-cert", "c"], &[], "--tls-cert: needs --tls-key, too"),
            (
                &["--tls-cert", "c", "--tls-key", "k", "--tls-self-signed"],
                &[],
                "--tls-cert and --tls-self-signed exclude",
            ),
            (&["--tls-key", "k", "--tls-self-signed"], &[], "--tls-key: needs --tls-cert, too"),
            (
                &[],
                &[("TOKENMINT_TLS_SELF_SIGNED", "yes")],
                "TOKENMINT_TLS_SELF_SIGNED: `yes` is neither true nor false",
            ),
            (&["--limit-handshake-time", "0"], &[], "--limit-handshake-time: `0` is not a time"),
        ] {
            let message = config(flags, variables).expect_err(said);
            assert!(message.starts_with(said), "{message}");
        }
    }

    #[test]
    fn a_mistake_in_the_file_is_named_with_its_key_or_line() {
        let directory = TemporaryDirectory::new();
        for (text, said) in [
            (
                "listn = \"x\"",
                ", listn: there is no such setting; there are listen, data, database_url, base_url",
            ),
            ("[limits]\nspeed = 1", ", limits.speed: there is no such setting"),
            ("[limit]\nstreams = 1", ", limit.streams: there is no such setting"),
            ("listen = 1", ", listen: `1` is not an address"),
            ("limits = 1", ", limits: there is no such setting"),
            ("listen = [1]", ", listen: must be a text, a whole number or a boolean"),
            ("log = \"text\"\nlisten = ", ", line 2: "),
        ] {
            let path = file(&directory, text);
            let message = config(&["--config", &path], &[]).expect_err(text);
            let rest = message.strip_prefix(&path).expect("the message begins with the file");
            assert!(rest.starts_with(said), "{message}");
            assert!(!message.contains("struct") && !message.contains("usize"), "{message}");
        }
    }

    #[test]
    fn secrets_show_neither_in_messages_nor_in_debug() {
        let secrets = [
            ("TOKENMINT_MASTER_KEY", "s3cret-key"),
            ("TOKENMINT_ADMIN_LOGIN", "ana@example.com"),
            ("TOKENMINT_ADMIN_PASSWORD", "s3cret-word"),
            ("TOKENMINT_API_TOKEN", "s3cret-token"),
            ("TOKENMINT_DATABASE_URL", "postgres://t:s3cret@db/t"),
        ];
        let config = config(&[], &secrets).unwrap();
        let shown = format!("{config:?}");
        assert!(shown.contains("ana@example.com") && !shown.contains("s3cret"), "{shown}");
        assert_eq!(config.first_admin.password.unwrap().expose(), "s3cret-word");
        let message = self::config(&["--database-url", "mysql://t:s3cret@db/t"], &[]).unwrap_err();
        assert!(
            message.starts_with("--database-url: is not a PostgreSQL URL") && !message.contains("s3cret")
        );
    }
}
