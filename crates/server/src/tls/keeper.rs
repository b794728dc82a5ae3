//! Keeps the certificate good while the server runs. Owns noticing that its files have changed, making our own anew
//! before it ends, and the warnings before an end; leaves out reading and checking (`identity`, `private_ca`).
//!
//! Files are looked at again and again, which works on every file system and however they are replaced: written over,
//! renamed, or behind a link that moves. They are read once they stand still for one interval, because a certificate
//! and its key are two files, and whoever replaces them needs a moment between the two.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use rustls::crypto::CryptoProvider;

use super::Tls;
use super::identity::{Files, Identity};
use super::private_ca::PrivateCa;
use crate::clock;

/// How often files are looked at.
pub const INTERVAL: Duration = Duration::from_secs(2);

/// Our own certificate is made anew so long before its end.
const RENEWAL_DAYS: i64 = 30;
/// The log tells of an end so long before.
const WARNING_DAYS: i64 = 14;
const DAY_MILLISECONDS: i64 = 86_400_000;
/// What failed is tried again after so long, where no file tells that there is something new.
const RETRY_MILLISECONDS: i64 = 3_600_000;

/// Where certificates come from.
pub(super) enum Source {
    /// Files of the operator, which should be for these hosts.
    Files(Files, Vec<String>),
    /// Our own CA, for these hosts.
    Own(Box<PrivateCa>, Vec<String>),
}

impl Source {
    /// A certificate that may be shown from now on.
    fn identity(&self, provider: &CryptoProvider, now: Timestamp) -> Result<Identity, String> {
        match self {
            Self::Files(files, hosts) => {
                let identity = files.read(provider, now)?;
                files.warn_of_open_key();
                for host in hosts.iter().filter(|host| !identity.is_for(host)) {
                    tracing::warn!(
                        "the TLS certificate is not for `{host}`, the name in a base URL (--base-url)"
                    );
                }
                Ok(identity)
            }
            Self::Own(ca, hosts) => ca.issue(hosts, provider, now),
        }
    }

    fn stamps(&self) -> Stamps {
        match self {
            Self::Files(files, _) => [Stamp::of(&files.certificate), Stamp::of(&files.key)],
            Self::Own(..) => [None, None],
        }
    }

    /// Whether a certificate that ends then should be replaced though no file has changed.
    fn is_due(&self, ends: Timestamp, now: Timestamp) -> bool {
        match self {
            Self::Files(..) => false,
            Self::Own(ca, _) => now.plus_days(RENEWAL_DAYS) > ends && ca.ends().whole_second() > ends,
        }
    }
}

/// What changes when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    bytes: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

type Stamps = [Option<Stamp>; 2];

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        Some(Self {
            file: (found.dev(), found.ino()),
            bytes: found.size(),
            written: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

/// Keeps the certificate of one [`Tls`].
pub struct Keeper {
    tls: Arc<Tls>,
    source: Source,
    /// The files as they were at the last look, and as they were when they were read last.
    seen: Stamps,
    read: Stamps,
    ends: Timestamp,
    next_warning: Timestamp,
    next_renewal: Timestamp,
}

impl Keeper {
    /// Reads or makes the first certificate. The error is a sentence for whoever starts the server.
    pub(super) fn start(source: Source, now: Timestamp) -> Result<(Arc<Tls>, Self), String> {
        let provider = super::provider();
        let stamps = source.stamps();
        let identity = source.identity(&provider, now)?;
        let ends = identity.ends;
        let tls = Arc::new(Tls::new(provider, identity)?);
        let (seen, read, next_warning, next_renewal) = (stamps, stamps, now, now);
        let mut keeper = Self { tls: Arc::clone(&tls), source, seen, read, ends, next_warning, next_renewal };
        keeper.warn(now);
        Ok((tls, keeper))
    }

    /// The private CA's certificate, if there is one.
    pub fn ca(&self) -> Option<&Path> {
        match &self.source {
            Source::Files(..) => None,
            Source::Own(ca, _) => Some(ca.path()),
        }
    }

    /// Looks every `interval`, as long as the program runs.
    pub async fn keep(mut self, interval: Duration) {
        loop {
            tokio::time::sleep(interval).await;
            // Files may lie on a disk that takes its time.
            let looked = tokio::task::spawn_blocking(move || {
                self.look(clock::now());
                self
            });
            match looked.await {
                Ok(keeper) => self = keeper,
                Err(error) => {
                    tracing::error!("the TLS certificate is not looked after any more: {error}");
                    return;
                }
            }
        }
    }

    fn look(&mut self, now: Timestamp) {
        let stamps = self.source.stamps();
        let stands_still = stamps == self.seen;
        self.seen = stamps;
        let is_new = stands_still && stamps != self.read;
        let is_due = now >= self.next_renewal && self.source.is_due(self.ends, now);
        if is_new || is_due {
            self.read = stamps;
            self.next_renewal = now.plus_milliseconds(RETRY_MILLISECONDS);
            self.replace(now);
        }
        self.warn(now);
    }

    fn replace(&mut self, now: Timestamp) {
        let shown = self.source.identity(&self.tls.provider, now).and_then(|identity| {
            let ends = identity.ends;
            self.tls.show(identity).map(|()| ends)
        });
        match shown {
            Ok(ends) => {
                (self.ends, self.next_warning) = (ends, now);
                tracing::info!(%ends, "new connections get the new TLS certificate");
            }
            Err(error) => tracing::error!("the TLS certificate in use stays: {error}"),
        }
    }

    /// Once a day, when there is reason to.
    fn warn(&mut self, now: Timestamp) {
        if now < self.next_warning {
            return;
        }
        self.next_warning = now.plus_milliseconds(DAY_MILLISECONDS);
        match ending(self.ends, now) {
            Ending::Later => {}
            Ending::Soon(days) => {
                tracing::warn!(ends = %self.ends, "the TLS certificate ends in {days} days");
            }
            Ending::Past => {
                tracing::error!(ends = %self.ends, "the TLS certificate has expired: clients refuse it");
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ending {
    Later,
    Soon(i64),
    Past,
}

fn ending(ends: Timestamp, now: Timestamp) -> Ending {
    if now > ends {
        Ending::Past
    } else if now.plus_days(WARNING_DAYS) >= ends {
        Ending::Soon((ends.milliseconds() - now.milliseconds()) / DAY_MILLISECONDS)
    } else {
        Ending::Later
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::{Origin, Origins};
    use crate::testing::TemporaryDirectory;
    use crate::tls::{self, Settings};

    #[test]
    fn an_end_is_told_two_weeks_before() {
        let ends = Timestamp::from_seconds(1_800_000_000);
        for (days, told) in [
            (-15, Ending::Later),
            (-14, Ending::Soon(14)),
            (-1, Ending::Soon(1)),
            (0, Ending::Soon(0)),
            (1, Ending::Past),
        ] {
            assert_eq!(ending(ends, ends.plus_days(days)), told, "{days}");
        }
    }

    #[test]
    fn our_own_certificate_is_made_anew_a_month_before_its_end_and_never_outlives_its_ca() {
        let data = TemporaryDirectory::new();
        let began = clock::now();
        let own = Settings::SelfSigned { data: data.path().to_owned() };
        let origins = Origins::new(Origin::parse("https://id.example.com").unwrap(), []);
        let (_, mut keeper) = tls::start(&own, &origins, began).unwrap();
        let first = keeper.ends;
        assert_eq!(first, began.plus_days(365).whole_second());
        keeper.look(began.plus_days(334));
        assert_eq!(keeper.ends, first, "there is time");
        let late = began.plus_days(336);
        keeper.look(late);
        assert_eq!(keeper.ends, late.plus_days(365).whole_second());
        let last = began.plus_days(3_600);
        keeper.look(last);
        let Source::Own(ca, _) = &keeper.source else { unreachable!() };
        assert_eq!(keeper.ends, ca.ends());
        assert!(!keeper.source.is_due(keeper.ends, last.plus_days(40)), "a new one would not end later");
    }
}
