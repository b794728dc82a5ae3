//! Walks every sealed row, so that the caller can seal it anew under another master key.
//! Leaves out sealing itself.

use crate::batch::{Batch, Pending};
use crate::fault::{CommitError, Fault};
use crate::kill_point::kill_point;
use crate::port::Store;
use crate::statements::{self, Statement};
use crate::value::{FromRow, Row, params};

const PAGE: i64 = 200;

/// Which kind of row a sealed value stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SealedKind {
    /// A secret of the org; it has no owner.
    OrgSecret,
    /// A signing key; its owner is the authorization server.
    SigningKey,
    /// A client secret; its owner is the app.
    ClientSecret,
}

impl SealedKind {
    const ALL: [Self; 3] = [Self::OrgSecret, Self::SigningKey, Self::ClientSecret];

    fn statements(self) -> (&'static Statement, &'static Statement) {
        match self {
            Self::OrgSecret => (statements::SEALED_ORG_SECRETS, statements::RESEAL_ORG_SECRET),
            Self::SigningKey => (statements::SEALED_SIGNING_KEYS, statements::RESEAL_SIGNING_KEY),
            Self::ClientSecret => (statements::SEALED_CLIENT_SECRETS, statements::RESEAL_CLIENT_SECRET),
        }
    }
}

/// A sealed value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// The org.
    pub org: String,
    /// The kind of row.
    pub kind: SealedKind,
    /// The server or app, or nothing.
    pub owner: String,
    /// The secret's name, the key's id, the client secret's id.
    pub name: String,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

struct Found(String, String, Vec<u8>);

impl FromRow for Found {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self(row.take()?, row.take()?, row.take()?))
    }
}

/// What a walk did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Rows whose bytes were replaced.
    pub changed: u64,
    /// Rows that the callback left as they are.
    pub kept: u64,
    /// Rows that somebody else changed or removed meanwhile: walk again.
    pub missed: u64,
}

/// Why a walk ended early. What was replaced before stays replaced: walk again.
#[derive(Debug, thiserror::Error)]
pub enum ResealError<E> {
    /// The callback could not seal a row.
    #[error("a sealed row could not be sealed anew: {0}")]
    Callback(E),
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Store {
    /// Shows every sealed row of every org to `reseal`, which answers the new bytes or `None` to keep the old.
    pub async fn reseal_each<E>(
        &self,
        actor: &str,
        mut reseal: impl FnMut(&SealedRow) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Resealed, ResealError<E>> {
        let mut total = Resealed::default();
        for org in self.orgs().await? {
            for kind in SealedKind::ALL {
                let mut after = (String::new(), String::new());
                while let Some(last) =
                    self.reseal_page(&org.id, kind, actor, after, &mut reseal, &mut total).await?
                {
                    after = last;
                }
            }
        }
        Ok(total)
    }

    /// One page; answers where the next one begins.
    async fn reseal_page<E>(
        &self,
        org: &str,
        kind: SealedKind,
        actor: &str,
        after: (String, String),
        reseal: &mut impl FnMut(&SealedRow) -> Result<Option<Vec<u8>>, E>,
        total: &mut Resealed,
    ) -> Result<Option<(String, String)>, ResealError<E>> {
        let (select, update) = kind.statements();
        let page: Vec<Found> = self.query(select, org, params![after.0, after.1, PAGE]).await?;
        let mut last = None;
        let mut pending: Vec<Pending> = Vec::new();
        for Found(owner, name, sealed) in page {
            let row = SealedRow { org: org.to_owned(), kind, owner, name, sealed };
            match reseal(&row).map_err(ResealError::Callback)? {
                Some(anew) => {
                    let mut batch = Batch::new(org, actor);
                    batch.one(update, params![anew, &row.owner, &row.name, row.sealed]);
                    pending.push(self.submit(batch));
                }
                None => total.kept += 1,
            }
            last = Some((row.owner, row.name));
        }
        for answer in pending {
            let moved = answer.await;
            kill_point("rewrap: moved a row");
            match moved {
                Ok(_) => total.changed += 1,
                Err(CommitError::Missed { .. } | CommitError::Conflict { .. }) => total.missed += 1,
                Err(CommitError::Fault(fault)) => return Err(fault.into()),
            }
        }
        Ok(last)
    }
}
