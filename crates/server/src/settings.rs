//! Every setting and where its text comes from: a flag, the environment, the file. Owns the names and the precedence;
//! leaves out what a text means and its default (`config`).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

/// One setting. The three names are forms of one: `--base-url`, `TOKENMINT_BASE_URL`, `base_url`.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The key in the file; `limits.x` is `x` in the table `[limits]`.
    pub key: &'static str,
    /// The flag, without its dashes.
    pub flag: &'static str,
    /// The variable.
    pub variable: &'static str,
    /// What stands for the value in `--help`; empty for a switch.
    pub value: &'static str,
    /// One line of `--help`.
    pub help: &'static str,
}

macro_rules! settings {
    ($($name:ident = $key:literal $flag:literal $variable:literal $value:literal $help:literal;)+) => {
        $(
            #[doc = $help]
            pub const $name: Setting =
                Setting { key: $key, flag: $flag, variable: $variable, value: $value, help: $help };
        )+

        /// Every setting of `serve`, in the order of `--help`.
        pub const ALL: &[Setting] = &[$($name),+];
    };
}

settings! {
    CONFIG = "config" "config" "TOKENMINT_CONFIG" "FILE"
        "A TOML file with settings";
    LISTEN = "listen" "listen" "TOKENMINT_LISTEN" "ADDRESS"
        "Where to listen: an IP address and a port; port 0 takes a free one [default: 127.0.0.1:8080]";
    DATA = "data" "data" "TOKENMINT_DATA" "DIR"
        "The directory of the embedded database and of the control socket; it is made if missing [default: ./.data]";
    DATABASE_URL = "database_url" "database-url" "TOKENMINT_DATABASE_URL" "URL"
        "A PostgreSQL database (postgresql://…) instead of the embedded one";
    BASE_URL = "base_url" "base-url" "TOKENMINT_BASE_URL" "URL"
        "The origin that clients reach us by: issuers and links start with it. May be given more than once: the \
         first is the org's own, the second the custom domain of issuerMode CUSTOM_URL \
         [default: http://localhost:PORT, with TLS https://…]";
    MASTER_KEY_FILE = "master_key_file" "master-key-file" "TOKENMINT_MASTER_KEY_FILE" "FILE"
        "The file with the key that seals what is secret in the database. TOKENMINT_MASTER_KEY may hold the key's text \
         instead";
    TLS_CERT = "tls_cert" "tls-cert" "TOKENMINT_TLS_CERT" "FILE"
        "Speak TLS with the certificate in this PEM file, followed by those of its authorities. The file is read anew \
         when it changes";
    TLS_KEY = "tls_key" "tls-key" "TOKENMINT_TLS_KEY" "FILE"
        "The certificate's private key, PEM, without a passphrase";
    TLS_SELF_SIGNED = "tls_self_signed" "tls-self-signed" "TOKENMINT_TLS_SELF_SIGNED" ""
        "Speak TLS with a certificate of a private CA, which is made in --data: for localhost, 127.0.0.1, ::1 and the \
         names of --base-url";
    METRICS_LISTEN = "metrics_listen" "metrics-listen" "TOKENMINT_METRICS_LISTEN" "ADDRESS"
        "Serve /metrics for Prometheus here, without TLS: an IP address and a port that only your network reaches \
         [default: nowhere]";
    OUTBOUND_ALLOW = "outbound_allow" "outbound-allow" "TOKENMINT_OUTBOUND_ALLOW" "NETWORK"
        "A private network (10.1.0.0/16, fd00::/8, 127.0.0.1) that may be called where a client publishes its keys \
         (jwks_uri). May be given more than once [default: public addresses only]";
    LOG = "log" "log" "TOKENMINT_LOG" "FORMAT"
        "How lines of the log look on stderr: text or json [default: text]";
    LOG_LEVEL = "log_level" "log-level" "TOKENMINT_LOG_LEVEL" "LEVEL"
        "What is logged: error, warn, info, debug or trace, or pairs such as info,server=debug [default: info]";
    LIMIT_CONNECTIONS = "limits.connections" "limit-connections" "TOKENMINT_LIMIT_CONNECTIONS" "NUMBER"
        "Open connections; beyond it, none is accepted until one ends. Never more than `ulimit -n` allows \
         [default: 10000]";
    LIMIT_HANDSHAKE_TIME = "limits.handshake_time" "limit-handshake-time" "TOKENMINT_LIMIT_HANDSHAKE_TIME" "TIME"
        "Time for a TLS handshake [default: 10s]";
    LIMIT_HEADER_BYTES = "limits.header_bytes" "limit-header-bytes" "TOKENMINT_LIMIT_HEADER_BYTES" "SIZE"
        "Size of a request's headers, from 8KiB; more is answered with 431 [default: 32KiB]";
    LIMIT_HEADERS = "limits.headers" "limit-headers" "TOKENMINT_LIMIT_HEADERS" "NUMBER"
        "Number of a request's headers; more is answered with 431 [default: 100]";
    LIMIT_HEADER_TIME = "limits.header_time" "limit-header-time" "TOKENMINT_LIMIT_HEADER_TIME" "TIME"
        "Time for a request's headers to arrive [default: 10s]";
    LIMIT_BODY_BYTES = "limits.body_bytes" "limit-body-bytes" "TOKENMINT_LIMIT_BODY_BYTES" "SIZE"
        "Size of a request's body, where the route has no smaller one; more is answered with 413 [default: 1MiB]";
    LIMIT_ALL_BODY_BYTES = "limits.all_body_bytes" "limit-all-body-bytes" "TOKENMINT_LIMIT_ALL_BODY_BYTES" "SIZE"
        "Size of the bodies of all requests in memory together; more is answered with 503 [default: 64MiB]";
    LIMIT_BODY_PAUSE = "limits.body_pause" "limit-body-pause" "TOKENMINT_LIMIT_BODY_PAUSE" "TIME"
        "The longest pause between two pieces of a body; a longer one is answered with 408 [default: 10s]";
    LIMIT_IDLE_TIME = "limits.idle_time" "limit-idle-time" "TOKENMINT_LIMIT_IDLE_TIME" "TIME"
        "How long a connection may stay open without a request [default: 75s]";
    LIMIT_WRITE_PAUSE = "limits.write_pause" "limit-write-pause" "TOKENMINT_LIMIT_WRITE_PAUSE" "TIME"
        "How long a client may leave a reply unread [default: 30s]";
    LIMIT_REQUEST_TIME = "limits.request_time" "limit-request-time" "TOKENMINT_LIMIT_REQUEST_TIME" "TIME"
        "Time from a request's headers to its reply; longer is answered with 503 [default: 60s]";
    LIMIT_STREAMS = "limits.streams" "limit-streams" "TOKENMINT_LIMIT_STREAMS" "NUMBER"
        "Requests at the same time on one HTTP/2 connection [default: 100]";
    LIMIT_RESET_STREAMS = "limits.reset_streams" "limit-reset-streams" "TOKENMINT_LIMIT_RESET_STREAMS" "NUMBER"
        "Reset but unhandled requests on one HTTP/2 connection; more end it [default: 20]";
    LIMIT_DRAIN_TIME = "limits.drain_time" "limit-drain-time" "TOKENMINT_LIMIT_DRAIN_TIME" "TIME"
        "Time after SIGTERM in which connections are accepted and clients are told to leave [default: 250ms]";
    LIMIT_SHUTDOWN_TIME = "limits.shutdown_time" "limit-shutdown-time" "TOKENMINT_LIMIT_SHUTDOWN_TIME" "TIME"
        "Time for requests in flight to end after SIGTERM [default: 30s]";
}

impl Setting {
    /// Whether it may be given more than once.
    pub fn is_list(&self) -> bool {
        is_list(self.key)
    }
}

fn is_list(key: &str) -> bool {
    [BASE_URL.key, OUTBOUND_ALLOW.key].contains(&key)
}

/// Where a text was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `--listen`
    Flag(&'static str),
    /// `TOKENMINT_LISTEN`
    Variable(&'static str),
    /// `tokenmint.toml, listen`
    File(PathBuf, &'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "--{flag}"),
            Self::Variable(variable) => f.write_str(variable),
            Self::File(path, key) => write!(f, "{}, {key}", path.display()),
        }
    }
}

/// A setting's texts (one, but for settings that may be given more than once) and where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The texts.
    pub texts: Vec<String>,
    /// Their place.
    pub place: Place,
}

/// A setting that cannot be used: a message for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(pub String);

/// Reads a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The three places, the first of which wins: flags, the environment, the file.
pub struct Sources<'a> {
    flags: &'a ArgMatches,
    environment: Environment<'a>,
    file: Option<(PathBuf, BTreeMap<String, Vec<String>>)>,
}

impl<'a> Sources<'a> {
    /// Reads the file, if a flag or a variable names one.
    pub fn open(flags: &'a ArgMatches, environment: Environment<'a>) -> Result<Self, BadSetting> {
        let sources = Self { flags, environment, file: None };
        let Some(found) = sources.find(CONFIG)? else { return Ok(sources) };
        let path = PathBuf::from(found.texts.concat());
        let text = std::fs::read_to_string(&path).map_err(|error| {
            BadSetting(format!("{}: cannot read `{}`: {error}", found.place, path.display()))
        })?;
        sources.with_file(path, &text)
    }

    /// The same flags and environment over a file that holds `text`.
    pub fn with_file(self, path: PathBuf, text: &str) -> Result<Self, BadSetting> {
        let texts = read_file(&path, text)?;
        Ok(Self { file: Some((path, texts)), ..self })
    }

    /// The setting's texts from the first place that has any. An empty variable counts as none.
    pub fn find(&self, setting: Setting) -> Result<Option<Found>, BadSetting> {
        if let Ok(Some(texts)) = self.flags.try_get_many::<String>(setting.flag) {
            let place = Place::Flag(setting.flag);
            return Ok(Some(Found { texts: texts.cloned().collect(), place }));
        }
        if let Some(text) = self.variable(setting.variable)? {
            let separators =
                |character: char| setting.is_list() && (character == ',' || character.is_whitespace());
            let texts = text.split(separators).filter(|text| !text.is_empty()).map(str::to_owned).collect();
            return Ok(Some(Found { texts, place: Place::Variable(setting.variable) }));
        }
        let Some((path, texts)) = &self.file else { return Ok(None) };
        let place = || Place::File(path.clone(), setting.key);
        Ok(texts.get(setting.key).map(|texts| Found { texts: texts.clone(), place: place() }))
    }

    /// A variable that is no setting of its own, such as a secret that no flag or file should hold.
    pub fn variable(&self, name: &str) -> Result<Option<String>, BadSetting> {
        match (self.environment)(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Err(_)) => Err(BadSetting(format!("{name}: is not valid UTF-8"))),
            Some(Ok(text)) if text.is_empty() => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
        }
    }
}

/// The file's texts by key. A key that is no setting is refused.
fn read_file(path: &Path, text: &str) -> Result<BTreeMap<String, Vec<String>>, BadSetting> {
    let file = path.display();
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line =
            error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        BadSetting(format!("{file}, line {line}: {}", error.message()))
    })?;
    let mut texts = BTreeMap::new();
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => {
                for (inner_key, value) in inner {
                    let key = format!("{key}.{inner_key}");
                    texts.insert(known(&file, &key)?.to_owned(), read_value(&file, &key, value)?);
                }
            }
            value => {
                texts.insert(known(&file, &key)?.to_owned(), read_value(&file, &key, value)?);
            }
        }
    }
    Ok(texts)
}

fn known<'k>(file: &dyn fmt::Display, key: &'k str) -> Result<&'k str, BadSetting> {
    let keys = || ALL.iter().map(|setting| setting.key).filter(|key| *key != CONFIG.key);
    if keys().any(|known| known == key) {
        return Ok(key);
    }
    let keys: Vec<&str> = keys().collect();
    Err(BadSetting(format!("{file}, {key}: there is no such setting; there are {}", keys.join(", "))))
}

/// Numbers and booleans are written as a flag would be, so that one parser reads all three places.
fn read_value(file: &dyn fmt::Display, key: &str, value: toml::Value) -> Result<Vec<String>, BadSetting> {
    match value {
        toml::Value::String(text) => Ok(vec![text]),
        toml::Value::Integer(number) => Ok(vec![number.to_string()]),
        toml::Value::Boolean(yes) => Ok(vec![yes.to_string()]),
        toml::Value::Array(values) if is_list(key) => {
            let texts: Result<Vec<_>, _> =
                values.into_iter().map(|value| read_value(file, "", value)).collect();
            texts.map(|texts| texts.concat())
        }
        _ => Err(BadSetting(format!("{file}, {key}: must be a text, a whole number or a boolean"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_names_of_a_setting_are_forms_of_one() {
        for setting in ALL {
            let flag = setting.key.replace("limits.", "limit-").replace('_', "-");
            assert_eq!(setting.flag, flag);
            assert_eq!(setting.variable, format!("TOKENMINT_{}", flag.replace('-', "_").to_uppercase()));
        }
    }
}
