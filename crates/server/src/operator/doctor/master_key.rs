//! The master key: whether it is there, closed to others, and opens what is sealed in the database.

use model::OrgId;
use service::org_secrets::OrgSecrets;
use store::{DATABASE_FILE, Inspection};

use super::files::others_may_read;
use super::finding::Findings;
use crate::config::{Config, Database};
use crate::key_file;

/// Examines the key, and opens with it what was `found`.
pub fn examine(config: &Config, found: Option<&Inspection>, findings: &mut Findings) {
    if config.master_key.is_none() && config.database == Database::Embedded {
        let path = config.data.join(key_file::NAME);
        let is_empty =
            |file: &str| std::fs::metadata(config.data.join(file)).map_or(0, |found| found.len()) == 0;
        if !path.exists() && is_empty(DATABASE_FILE) {
            return findings.ok("master key: none yet; the first start makes one");
        }
        if others_may_read(&path) {
            let path = path.display();
            findings.error(format!("master key: others may read `{path}`: chmod 600 closes it"));
        }
    }
    if let Some(path) = config.master_key_file.as_deref().filter(|path| others_may_read(path)) {
        let path = path.display();
        findings.warning(format!("master key: others may read `{path}`: chmod 600 closes it"));
    }
    let ring = match key_file::read(config, false) {
        Ok(keys) => keys.ring,
        Err(error) => return findings.error(format!("master key: {error}")),
    };
    let mut orgs = found.into_iter().flat_map(|found| &found.orgs).peekable();
    if orgs.peek().is_none() {
        findings.ok("master key: readable");
    }
    for (org, sealed) in orgs {
        let parsed = OrgId::parse(org).zip(sealed.as_deref());
        let ring = jose::KeyRing::parse(ring.to_text().expose_text().unwrap_or_default());
        match (parsed, ring) {
            (Some((id, sealed)), Ok(ring)) => match OrgSecrets::open(id, ring, sealed) {
                Ok(_) => findings.ok(format!("master key: opens the root key of the org {org}")),
                Err(error) => findings.error(format!("master key: {error}")),
            },
            _ => findings.error(format!("master key: the org {org} has no root key; put back a backup")),
        }
    }
}
