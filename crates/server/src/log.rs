//! The process's own log: lines on stderr, as text or JSON. Owns its format, its level and what a panic writes; leaves
//! out the organization's log of events (`service`).

use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Format {
    /// Reads `text` or `json`; the error follows the text in a message.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("is neither text nor json (what is logged is set with --log-level)".to_owned()),
        }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// How a line looks.
    pub format: Format,
    /// A level, or pairs of a module and a level.
    pub level: String,
}

/// Checks a level; the error follows the text in a message.
pub fn level(text: &str) -> Result<String, String> {
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |level: &str| levels.iter().any(|known| level.eq_ignore_ascii_case(known));
    let directives =
        text.split(',').map(|directive| directive.rsplit_once('=').map_or(directive, |(_, level)| level));
    let well_formed = directives.map(str::trim).all(is_level) && text.parse::<EnvFilter>().is_ok();
    well_formed.then(|| text.to_owned()).ok_or_else(|| {
        "is not a level; write error, warn, info, debug or trace, or pairs such as info,server=debug"
            .to_owned()
    })
}

/// Starts logging, and makes panics lines of the log.
pub fn start(settings: &LogSettings) {
    // The HTTP/2 library would write headers, which carry tokens. Who wants that names it.
    let filter = EnvFilter::new(format!("h2=warn,{}", settings.level));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.format {
        Format::Text => lines.with_ansi(false).try_init(),
        Format::Json => lines.json().flatten_event(true).with_span_list(false).try_init(),
    };
    if started.is_ok() {
        std::panic::set_hook(Box::new(log_panic));
    }
}

/// A panic is a bug: one line with its place, and no backtrace.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, "panic: {message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_word_or_pairs() {
        for text in ["info", "DEBUG", "info,server=debug", "warn,hyper=off"] {
            assert_eq!(level(text), Ok(text.to_owned()));
        }
        for text in ["", "loud", "server=loud", "json", "info,"] {
            assert!(level(text).is_err(), "{text}");
        }
    }
}
