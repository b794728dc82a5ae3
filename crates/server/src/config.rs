//! What the server is told at start. Owns the meaning and the default of every setting, and which go together; leaves
//! out where their texts come from (`settings`) and what an administrator configures at run time (`service`).

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use store::Place;

use crate::limits::{Limits, MIN_HEADER_BYTES};
use crate::log::{Format, LogSettings};
use crate::origin::Origin;
use crate::outbound::network::Network;
use crate::secret::Secret;
use crate::settings::{self, BadSetting, Found, Setting, Sources};
use crate::tls;
use crate::tls::identity::Files;
use crate::whole_number::whole_number;

const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
const DEFAULT_DATA: &str = ".data";

/// Everything that `serve` is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The directory of the embedded database, of the control socket and of a private CA for TLS.
    pub data: PathBuf,
    /// What remembers.
    pub database: Database,
    /// The origins that were named, the default first. None: it follows from the address (see `Origin::of_listener`).
    pub base_urls: Vec<Origin>,
    /// The text of the key that seals secrets, if one was given.
    pub master_key: Option<Secret>,
    /// The file that it was read from, if it was.
    pub master_key_file: Option<PathBuf>,
    /// TLS, if the server speaks it.
    pub tls: Option<tls::Settings>,
    /// Where to serve metrics, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Networks that are not public and may be called.
    pub outbound_allow: Vec<Network>,
    /// The limits.
    pub limits: Limits,
    /// The log.
    pub log: LogSettings,
    /// What the first start makes.
    pub first_admin: FirstAdmin,
}

/// What remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// The embedded database, in the data directory.
    Embedded,
    /// PostgreSQL; the URL holds a password.
    Postgres(Secret),
}

/// The administrator that the first start makes, from `TOKENMINT_ADMIN_LOGIN`, `TOKENMINT_ADMIN_PASSWORD` and
/// `TOKENMINT_API_TOKEN`. What is missing is made up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FirstAdmin {
    /// The login.
    pub login: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The text of an API token of that administrator.
    pub api_token: Option<Secret>,
}

impl Config {
    /// Reads every setting.
    pub fn read(sources: &Sources<'_>) -> Result<Self, BadSetting> {
        Ok(Self {
            listen: read(sources, settings::LISTEN, DEFAULT_LISTEN, address)?,
            data: data(sources)?,
            database: database(sources)?,
            base_urls: base_urls(sources)?,
            master_key: master_key(sources)?,
            master_key_file: sources
                .find(settings::MASTER_KEY_FILE)?
                .map(|found| PathBuf::from(found.texts.concat())),
            tls: tls(sources)?,
            metrics_listen: limit(sources, settings::METRICS_LISTEN, None, |text| address(text).map(Some))?,
            outbound_allow: outbound_allow(sources)?,
            limits: limits(sources)?,
            log: LogSettings {
                format: read(sources, settings::LOG, "text", Format::parse)?,
                level: read(sources, settings::LOG_LEVEL, "info", crate::log::level)?,
            },
            first_admin: first_admin(sources)?,
        })
    }
}

fn first_admin(sources: &Sources<'_>) -> Result<FirstAdmin, BadSetting> {
    let text = |name: &'static str, legal: fn(char) -> bool, which: &str| match sources.variable(name)? {
        Some(text) if text.is_empty() || text.chars().count() > 200 || !text.chars().all(legal) => {
            Err(BadSetting(format!("{name}: must be 1 to 200 {which}")))
        }
        text => Ok(text),
    };
    // A header carries the token, so white space around it would never arrive.
    let visible = "visible ASCII characters, without white space";
    let api_token = text("TOKENMINT_API_TOKEN", |c| c.is_ascii_graphic(), visible)?;
    let password = text(
        "TOKENMINT_ADMIN_PASSWORD",
        |c| !c.is_control(),
        "characters, none of them a control character",
    )?;
    Ok(FirstAdmin {
        login: text(
            "TOKENMINT_ADMIN_LOGIN",
            |c| !c.is_whitespace() && !c.is_control(),
            "characters without white space",
        )?,
        password: password.map(Secret::new),
        api_token: api_token.map(Secret::new),
    })
}

/// The data directory: the one setting that commands to a running server need, too.
pub fn data(sources: &Sources<'_>) -> Result<PathBuf, BadSetting> {
    read(sources, settings::DATA, DEFAULT_DATA, |text| {
        if text.is_empty() { Err("is empty; name a directory".to_owned()) } else { Ok(PathBuf::from(text)) }
    })
}

/// Where the database is: what commands that copy it need.
pub fn place(sources: &Sources<'_>) -> Result<Place, BadSetting> {
    Ok(match database(sources)? {
        Database::Embedded => Place::Directory(data(sources)?),
        Database::Postgres(url) => Place::Postgres(url.expose().to_owned()),
    })
}

/// Reads one text, or the default. `parse` returns what is wrong as a sentence that follows the text.
fn read<T>(
    sources: &Sources<'_>,
    setting: Setting,
    default: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, BadSetting> {
    match sources.find(setting)? {
        None => parse(default).map_err(|why| BadSetting(format!("--{}: {why}", setting.flag))),
        Some(found) => {
            let text = found.texts.first().map_or("", String::as_str);
            parse(text).map_err(|why| bad(&found, text, &why))
        }
    }
}

fn bad(found: &Found, text: &str, why: &dyn fmt::Display) -> BadSetting {
    BadSetting(format!("{}: `{text}` {why}", found.place))
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| {
        "is not an address; write an IP address and a port, such as 127.0.0.1:8080 or [::]:8080".to_owned()
    })
}

fn database(sources: &Sources<'_>) -> Result<Database, BadSetting> {
    let Some(found) = sources.find(settings::DATABASE_URL)? else { return Ok(Database::Embedded) };
    let url = found.texts.concat();
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Database::Postgres(Secret::new(url)));
    }
    // The URL may hold a password, so the message does not repeat it.
    Err(BadSetting(format!(
        "{}: is not a PostgreSQL URL; write postgresql://user:password@host/database, or leave it out for the \
         embedded database in --data",
        found.place
    )))
}

fn base_urls(sources: &Sources<'_>) -> Result<Vec<Origin>, BadSetting> {
    let Some(found) = sources.find(settings::BASE_URL)? else { return Ok(Vec::new()) };
    let mut origins = Vec::new();
    for text in &found.texts {
        let origin = Origin::parse(text)
            .map_err(|why| bad(&found, text, &format!("{why}, such as https://id.example.com")))?;
        if origins.contains(&origin) {
            return Err(bad(&found, text, &"is given twice"));
        }
        origins.push(origin);
    }
    Ok(origins)
}

fn outbound_allow(sources: &Sources<'_>) -> Result<Vec<Network>, BadSetting> {
    let Some(found) = sources.find(settings::OUTBOUND_ALLOW)? else { return Ok(Vec::new()) };
    found.texts.iter().map(|text| Network::parse(text).map_err(|why| bad(&found, text, &why))).collect()
}

/// The text of the key that seals secrets, if one was given.
pub fn master_key(sources: &Sources<'_>) -> Result<Option<Secret>, BadSetting> {
    let text = sources.variable("TOKENMINT_MASTER_KEY")?;
    let file = sources.find(settings::MASTER_KEY_FILE)?;
    let Some(file) = file else { return Ok(text.map(|text| Secret::new(text.trim()))) };
    if text.is_some() {
        return Err(BadSetting(format!(
            "TOKENMINT_MASTER_KEY and {} are both given; the master key comes from one of them",
            file.place
        )));
    }
    let path = file.texts.concat();
    let text = std::fs::read_to_string(&path)
        .map_err(|error| bad(&file, &path, &format!("cannot be read: {error}")))?;
    if text.trim().is_empty() {
        return Err(bad(&file, &path, &"is an empty file"));
    }
    Ok(Some(Secret::new(text.trim())))
}

fn tls(sources: &Sources<'_>) -> Result<Option<tls::Settings>, BadSetting> {
    let certificate = sources.find(settings::TLS_CERT)?;
    let key = sources.find(settings::TLS_KEY)?;
    let self_signed = match sources.find(settings::TLS_SELF_SIGNED)? {
        Some(found) if switch(&found)? => Some(found),
        _ => None,
    };
    match (certificate, key, self_signed) {
        (Some(found), None, _) => {
            Err(BadSetting(format!("{}: needs --{}, too", found.place, settings::TLS_KEY.flag)))
        }
        (None, Some(found), _) => {
            Err(BadSetting(format!("{}: needs --{}, too", found.place, settings::TLS_CERT.flag)))
        }
        (Some(found), _, Some(other)) => {
            Err(BadSetting(format!("{} and {} exclude each other", found.place, other.place)))
        }
        (Some(certificate), Some(key), None) => {
            let [certificate, key] = [certificate, key].map(|found| PathBuf::from(found.texts.concat()));
            Ok(Some(tls::Settings::Files(Files { certificate, key })))
        }
        (None, None, Some(_)) => Ok(Some(tls::Settings::SelfSigned { data: data(sources)? })),
        (None, None, None) => Ok(None),
    }
}

fn switch(found: &Found) -> Result<bool, BadSetting> {
    let text = found.texts.concat();
    text.parse().map_err(|_| bad(found, &text, &"is neither true nor false"))
}

fn limits(sources: &Sources<'_>) -> Result<Limits, BadSetting> {
    let default = Limits::default();
    let one = |setting, default: usize| limit(sources, setting, default, count);
    let bytes = |setting, default: usize| limit(sources, setting, default, size);
    let time = |setting, default: Duration| limit(sources, setting, default, duration);
    Ok(Limits {
        connections: one(settings::LIMIT_CONNECTIONS, default.connections)?,
        handshake_time: time(settings::LIMIT_HANDSHAKE_TIME, default.handshake_time)?,
        header_bytes: limit(sources, settings::LIMIT_HEADER_BYTES, default.header_bytes, header_size)?,
        headers: one(settings::LIMIT_HEADERS, default.headers)?,
        header_time: time(settings::LIMIT_HEADER_TIME, default.header_time)?,
        body_pause: time(settings::LIMIT_BODY_PAUSE, default.body_pause)?,
        body_bytes: bytes(settings::LIMIT_BODY_BYTES, default.body_bytes)?,
        all_body_bytes: bytes(settings::LIMIT_ALL_BODY_BYTES, default.all_body_bytes)?,
        idle_time: time(settings::LIMIT_IDLE_TIME, default.idle_time)?,
        write_pause: time(settings::LIMIT_WRITE_PAUSE, default.write_pause)?,
        request_time: time(settings::LIMIT_REQUEST_TIME, default.request_time)?,
        streams: limit(sources, settings::LIMIT_STREAMS, default.streams, count)?,
        reset_streams: one(settings::LIMIT_RESET_STREAMS, default.reset_streams)?,
        drain_time: time(settings::LIMIT_DRAIN_TIME, default.drain_time)?,
        shutdown_time: time(settings::LIMIT_SHUTDOWN_TIME, default.shutdown_time)?,
    })
}

fn limit<T>(
    sources: &Sources<'_>,
    setting: Setting,
    default: T,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, BadSetting> {
    let Some(found) = sources.find(setting)? else { return Ok(default) };
    let text = found.texts.first().map_or("", String::as_str);
    parse(text).map_err(|why| bad(&found, text, &why))
}

fn count<T: TryFrom<u32>>(text: &str) -> Result<T, String> {
    let number = whole_number(text).filter(|number| (1..=1_000_000).contains(number));
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| "is not a number from 1 to 1000000".to_owned())
}

/// `32KiB`, `1MiB`, or bytes.
fn size(text: &str) -> Result<usize, String> {
    let (digits, unit) = split_unit(text);
    let factor = match unit {
        "" => Some(1),
        "KiB" => Some(1_024),
        "MiB" => Some(1_024 * 1_024),
        _ => None,
    };
    let bytes = factor.and_then(|factor| digits.parse::<usize>().ok()?.checked_mul(factor));
    bytes.filter(|bytes| (1..=1 << 30).contains(bytes)).ok_or_else(|| {
        "is not a size; write a number of bytes, or such as 32KiB or 1MiB, up to 1024MiB".to_owned()
    })
}

fn header_size(text: &str) -> Result<usize, String> {
    let bytes = size(text)?;
    if bytes < MIN_HEADER_BYTES {
        Err("is too small; headers need at least 8KiB".to_owned())
    } else {
        Ok(bytes)
    }
}

/// `500ms`, `10s`, `2m`, or seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let (digits, unit) = split_unit(text);
    let factor = match unit {
        "ms" => Some(1),
        "" | "s" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let milliseconds = factor.and_then(|factor| digits.parse::<u64>().ok()?.checked_mul(factor));
    milliseconds
        .filter(|milliseconds| (1..=86_400_000).contains(milliseconds))
        .map(Duration::from_millis)
        .ok_or_else(|| "is not a time; write such as 500ms, 10s or 2m, up to a day".to_owned())
}

fn split_unit(text: &str) -> (&str, &str) {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}
