//! A database that is made beside the one that it will replace: filled, looked at and completed where nobody serves from
//! it, and then put in place in one move. Cut off before that, nothing has happened to the old one.

use super::{CopyError, Give, Place};
use crate::fault::OpenError;
use crate::postgres::StagedSchema;
use crate::sqlite::{self, StagedDirectory};

/// A database in the making.
#[derive(Debug)]
pub struct Staging {
    place: Place,
    held: Held,
}

#[derive(Debug)]
enum Held {
    Directory(StagedDirectory),
    Schema(Box<StagedSchema>),
}

impl Staging {
    /// Makes sure that nobody serves from `target`, nor restores into it, and makes an empty place beside it. What an
    /// earlier restore left half done there is removed.
    pub async fn begin(target: &Place) -> Result<Self, OpenError> {
        match target {
            Place::Directory(directory) => {
                let held = StagedDirectory::begin(directory)?;
                let place = Place::Directory(held.directory());
                Ok(Self { place, held: Held::Directory(held) })
            }
            Place::Postgres(url) => {
                let held = StagedSchema::begin(url).await?;
                let place = Place::Postgres(held.url().to_owned());
                Ok(Self { place, held: Held::Schema(Box::new(held)) })
            }
        }
    }

    /// Where it is made.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Makes it of the pieces of a copy at `schema`, in the schema of this release.
    pub async fn fill<E: Send>(&self, schema: i64, give: Give<'_, E>) -> Result<(), CopyError<E>> {
        match &self.held {
            Held::Directory(held) => sqlite::fill(&held.directory(), schema, give),
            Held::Schema(held) => held.fill(schema, give).await,
        }
    }

    /// Puts it in place. What is there already is moved aside under the name `aside`, and never removed; answers where it
    /// lies now, if anything was there.
    pub async fn put_in_place(self, aside: &str) -> Result<Option<String>, OpenError> {
        match self.held {
            Held::Directory(held) => held.put_in_place(aside),
            Held::Schema(held) => held.put_in_place(aside).await,
        }
    }

    /// Removes it. The database beside which it was made is as it was.
    pub async fn discard(self) -> Result<(), OpenError> {
        match self.held {
            Held::Directory(held) => held.discard(),
            Held::Schema(held) => held.discard().await,
        }
    }
}
