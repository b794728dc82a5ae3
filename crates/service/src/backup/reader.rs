//! Reads a backup piece by piece and believes nothing: each frame must be where it belongs, and each digest be right. The
//! bytes may be anybody's: whatever they are, the answer is an error with its place, within bounded memory.

use std::collections::BTreeMap;
use std::io::{self, Read};

use jose::Sha256;
use store::{Holds, Piece, Table, Value};
use thiserror::Error;

use super::format::{
    self, BYTES, FOOTER, FORMAT, FRAME_BYTES_MAX, Footer, HEADER, Header, INT, MAGIC, NULL, ROWS, SECTION,
    TABLE, TEXT, WHOLE,
};
use super::{Section, Summary};

/// Why a file is not restored.
#[derive(Debug, Error)]
pub enum Damage {
    /// It is something else.
    #[error("it is not a backup of Tokenmint")]
    Foreign,
    /// A newer release wrote it.
    #[error(
        "it has format {0}, and this release reads {FORMAT}: use the release that wrote it, or a newer one"
    )]
    NewerFormat(u32),
    /// A newer release wrote it.
    #[error(
        "it is of release {release} with migration {found}, and this release knows {known}: use that release, or a newer one"
    )]
    NewerSchema {
        /// The release that wrote it.
        release: String,
        /// Its newest migration.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// It is cut off or changed.
    #[error("it is damaged in {section}, at byte {at}: {what}")]
    Broken {
        /// How far it was read.
        at: u64,
        /// The part that was read.
        section: String,
        /// What is wrong.
        what: String,
    },
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// A backup that is being read.
pub struct Reader<R> {
    input: R,
    at: u64,
    whole: Sha256,
    section: Sha256,
    /// Both digests as they were before the newest frame.
    before: [[u8; 32]; 2],
    header: Header,
    /// The tables that must still come.
    tables: std::vec::IntoIter<&'static Table>,
    table: Option<&'static Table>,
    holds: Vec<Holds>,
    block: Vec<u8>,
    cursor: usize,
    rows: u64,
    sections: Vec<Section>,
    footer: Option<Footer>,
}

impl<R: Read> Reader<R> {
    /// Reads the beginning.
    pub fn open(input: R) -> Result<Self, Damage> {
        let header = Header { release: String::new(), created: 0, schema: 0, orgs: Vec::new() };
        let mut reader = Self {
            input,
            at: 0,
            whole: Sha256::new(),
            section: Sha256::new(),
            before: [[0; 32]; 2],
            header,
            tables: Vec::new().into_iter(),
            table: None,
            holds: Vec::new(),
            block: Vec::new(),
            cursor: 0,
            rows: 0,
            sections: Vec::new(),
            footer: None,
        };
        reader.begin()?;
        Ok(reader)
    }

    fn begin(&mut self) -> Result<(), Damage> {
        let mut magic = Vec::new();
        self.read_up_to(MAGIC.len(), &mut magic)?;
        if magic != MAGIC {
            return Err(Damage::Foreign);
        }
        let format = u32::from_be_bytes(self.array()?);
        if format > FORMAT {
            return Err(Damage::NewerFormat(format));
        }
        if format == 0 {
            return Err(self.broken("there is no format 0"));
        }
        let (letter, content) = self.frame()?;
        if letter != HEADER {
            return Err(self.broken("a header was expected"));
        }
        let header: Header = serde_json::from_slice(&content)
            .map_err(|error| self.broken(format!("the header says {error}")))?;
        self.end_section("header")?;
        let known = store::newest_schema();
        if header.schema > known {
            let (release, found) = (header.release, header.schema);
            return Err(Damage::NewerSchema { release, found, known });
        }
        self.tables = store::tables_at(header.schema).collect::<Vec<_>>().into_iter();
        self.header = header;
        Ok(())
    }

    /// What it says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next table or row; nothing once everything was read and found right.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, Damage> {
        loop {
            if self.cursor < self.block.len() {
                return self.row().map(Piece::Row).map(Some);
            }
            if self.footer.is_some() {
                return Ok(None);
            }
            let (letter, content) = self.frame()?;
            match (letter, self.table) {
                (ROWS, Some(_)) if !content.is_empty() => (self.block, self.cursor) = (content, 0),
                (SECTION, Some(table)) => {
                    let digest = self.check_section(&content)?;
                    self.sections.push(Section { table: table.name, rows: self.rows, digest });
                    self.table = None;
                }
                (TABLE, None) => return self.begin_table(&content).map(Some),
                (FOOTER, None) if self.tables.len() == 0 => self.end(&content)?,
                _ => return Err(self.broken("this does not belong here")),
            }
        }
    }

    /// What was read: the whole of it, once [`Reader::next_piece`] has answered with nothing.
    pub fn summary(self) -> Summary {
        let keys = self.footer.unwrap_or_default().keys;
        Summary { header: self.header, sections: self.sections, keys, bytes: self.at }
    }

    fn begin_table(&mut self, content: &[u8]) -> Result<Piece, Damage> {
        let schema = self.header.schema;
        let next = self.tables.next();
        let Some(table) = next.filter(|table| format::table(table, schema).as_bytes() == content) else {
            let expected = next.map_or("the footer", |table| table.name);
            return Err(self.broken(format!("{expected} was expected, as schema {schema} has it")));
        };
        (self.table, self.rows) = (Some(table), 0);
        self.holds = table.columns_at(schema).map(|column| column.holds).collect();
        Ok(Piece::Table(table))
    }

    fn row(&mut self) -> Result<Vec<Value>, Damage> {
        let mut row = Vec::with_capacity(self.holds.len());
        for column in 0..self.holds.len() {
            let value = self.value(self.holds[column]);
            row.push(value.ok_or_else(|| self.broken(format!("row {} is no row", self.rows + 1)))?);
        }
        self.rows += 1;
        Ok(row)
    }

    fn value(&mut self, holds: Holds) -> Option<Value> {
        let [letter] = self.take::<1>()?;
        match (letter, holds) {
            (NULL, _) => Some(Value::Null),
            (INT, Holds::Int) => Some(Value::Int(i64::from_be_bytes(self.take()?))),
            (TEXT, Holds::Text) => String::from_utf8(self.take_long()?).ok().map(Value::Text),
            (BYTES, Holds::Bytes) => self.take_long().map(Value::Bytes),
            _ => None,
        }
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, _) = self.block.get(self.cursor..)?.split_first_chunk()?;
        self.cursor += N;
        Some(*taken)
    }

    fn take_long(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(u32::from_be_bytes(self.take()?)).ok()?;
        let taken = self.block.get(self.cursor..)?.get(..length)?.to_vec();
        self.cursor += length;
        Some(taken)
    }

    fn end(&mut self, content: &[u8]) -> Result<(), Damage> {
        let footer: Footer = serde_json::from_slice(content)
            .map_err(|error| self.broken(format!("the footer says {error}")))?;
        self.end_section("footer")?;
        let counted = self.sections.iter().map(|section| (section.table.to_owned(), section.rows));
        if counted.collect::<BTreeMap<_, _>>() != footer.rows {
            return Err(self.broken("the footer counts other rows"));
        }
        let (letter, digest) = self.frame()?;
        if letter != WHOLE || digest != self.before[1] {
            return Err(self.broken("the checksum of the whole file is wrong"));
        }
        let mut rest = Vec::new();
        if self.read_up_to(1, &mut rest)? > 0 {
            return Err(self.broken("something follows its end"));
        }
        self.footer = Some(footer);
        Ok(())
    }

    fn end_section(&mut self, name: &str) -> Result<(), Damage> {
        let (letter, content) = self.frame()?;
        if letter != SECTION {
            return Err(self.broken(format!("the end of the {name} was expected")));
        }
        self.check_section(&content).map(drop)
    }

    /// Compares a section's checksum.
    fn check_section(&mut self, content: &[u8]) -> Result<[u8; 32], Damage> {
        let expected = self.before[0];
        if content != expected {
            return Err(self.broken("its checksum is wrong"));
        }
        self.section = Sha256::new();
        Ok(expected)
    }

    /// A letter and its content.
    fn frame(&mut self) -> Result<(u8, Vec<u8>), Damage> {
        self.before = [self.section.clone().finish(), self.whole.clone().finish()];
        let [letter] = self.array::<1>()?;
        let length = u32::from_be_bytes(self.array()?);
        if length > FRAME_BYTES_MAX {
            return Err(self.broken(format!("a part of {length} bytes is longer than any can be")));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let mut content = Vec::new();
        let read = self.read_up_to(length, &mut content)?;
        if read < length {
            return Err(self.cut_off(length - read));
        }
        Ok((letter, content))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let mut bytes = Vec::with_capacity(N);
        self.read_up_to(N, &mut bytes)?;
        let read = bytes.len();
        bytes.try_into().map_err(|_| self.cut_off(N - read))
    }

    /// Memory grows with what is there, not with what is promised.
    fn read_up_to(&mut self, length: usize, into: &mut Vec<u8>) -> Result<usize, Damage> {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let read = self.input.by_ref().take(length).read_to_end(into)?;
        self.whole.update(into);
        self.section.update(into);
        self.at += u64::try_from(read).unwrap_or(0);
        Ok(read)
    }

    fn cut_off(&self, missing: usize) -> Damage {
        self.broken(format!("the file ends here, and at least {missing} more bytes belong to it"))
    }

    fn broken(&self, what: impl Into<String>) -> Damage {
        let section = match (self.table, self.sections.last()) {
            (Some(table), _) => format!("the table {}", table.name),
            (None, Some(last)) => format!("what follows the table {}", last.table),
            (None, None) => "its beginning".to_owned(),
        };
        Damage::Broken { at: self.at, section, what: what.into() }
    }
}
