//! Writes a backup: frames in order, their digests, and the footer that counts them.

use std::collections::BTreeSet;
use std::io::{self, Write};

use jose::Sha256;
use store::{Table, Value};

use super::format::{
    self, BYTES, FOOTER, FORMAT, FRAME_BYTES_MAX, Footer, HEADER, Header, INT, MAGIC, NULL, ROWS, ROWS_BYTES,
    SECTION, TABLE, TEXT, WHOLE,
};
use super::{Section, Summary};

/// A backup that is being written.
pub(super) struct Writer<W> {
    out: W,
    bytes: u64,
    whole: Sha256,
    section: Sha256,
    header: Header,
    /// The table whose rows come.
    table: Option<&'static Table>,
    rows: u64,
    block: Vec<u8>,
    sections: Vec<Section>,
    keys: BTreeSet<String>,
}

impl<W: Write> Writer<W> {
    /// Begins one.
    pub fn new(out: W, header: Header) -> io::Result<Self> {
        let (whole, section) = (Sha256::new(), Sha256::new());
        let (sections, keys, block) = (Vec::new(), BTreeSet::new(), Vec::with_capacity(ROWS_BYTES));
        let mut writer =
            Self { out, bytes: 0, whole, section, header, table: None, rows: 0, block, sections, keys };
        writer.put(MAGIC)?;
        writer.put(&FORMAT.to_be_bytes())?;
        let content = serde_json::to_vec(&writer.header)?;
        writer.frame(HEADER, &content)?;
        writer.end_section()?;
        Ok(writer)
    }

    /// The rows that follow are of `table`.
    pub fn table(&mut self, table: &'static Table) -> io::Result<()> {
        self.end_table()?;
        self.table = Some(table);
        let content = format::table(table, self.header.schema);
        self.frame(TABLE, content.as_bytes())
    }

    /// One row.
    pub fn row(&mut self, row: &[Value]) -> io::Result<()> {
        if let Some(table) = self.table {
            let sealed =
                table.columns_at(self.header.schema).zip(row).find(|(column, _)| column.name == "sealed");
            if let Some((_, Value::Bytes(sealed))) = sealed
                && let Some(key) = jose::sealed_under(sealed)
            {
                self.keys.insert(key.to_string());
            }
        }
        for value in row {
            self.value(value)?;
        }
        self.rows += 1;
        if self.block.len() >= ROWS_BYTES { self.flush_rows() } else { Ok(()) }
    }

    fn value(&mut self, value: &Value) -> io::Result<()> {
        let mut long = |letter, bytes: &[u8]| {
            let length = u32::try_from(bytes.len()).map_err(|_| io::Error::other("a value is too long"))?;
            self.block.push(letter);
            self.block.extend(length.to_be_bytes());
            self.block.extend(bytes);
            Ok(())
        };
        match value {
            Value::Text(text) => long(TEXT, text.as_bytes()),
            Value::Bytes(bytes) => long(BYTES, bytes),
            Value::Null => {
                self.block.push(NULL);
                Ok(())
            }
            Value::Int(value) => {
                self.block.push(INT);
                self.block.extend(value.to_be_bytes());
                Ok(())
            }
        }
    }

    fn flush_rows(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let block = std::mem::take(&mut self.block);
        self.frame(ROWS, &block)?;
        self.block = block;
        self.block.clear();
        Ok(())
    }

    fn end_table(&mut self) -> io::Result<()> {
        let Some(table) = self.table.take() else { return Ok(()) };
        self.flush_rows()?;
        let digest = self.end_section()?;
        self.sections.push(Section { table: table.name, rows: self.rows, digest });
        self.rows = 0;
        Ok(())
    }

    /// Ends it.
    pub fn finish(mut self) -> io::Result<(W, Summary)> {
        self.end_table()?;
        let rows = self.sections.iter().map(|section| (section.table.to_owned(), section.rows)).collect();
        let footer = Footer { rows, keys: self.keys.iter().cloned().collect() };
        let content = serde_json::to_vec(&footer)?;
        self.frame(FOOTER, &content)?;
        self.end_section()?;
        let digest = self.whole.clone().finish();
        self.frame(WHOLE, &digest)?;
        self.out.flush()?;
        let Self { out, bytes, header, sections, .. } = self;
        Ok((out, Summary { header, sections, keys: footer.keys, bytes }))
    }

    fn end_section(&mut self) -> io::Result<[u8; 32]> {
        let digest = std::mem::replace(&mut self.section, Sha256::new()).finish();
        self.frame(SECTION, &digest)?;
        self.section = Sha256::new();
        Ok(digest)
    }

    fn frame(&mut self, letter: u8, content: &[u8]) -> io::Result<()> {
        let length = u32::try_from(content.len()).ok().filter(|length| *length <= FRAME_BYTES_MAX);
        let length = length.ok_or_else(|| io::Error::other("a row is too long for a backup"))?;
        self.put(&[letter])?;
        self.put(&length.to_be_bytes())?;
        self.put(content)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.whole.update(bytes);
        self.section.update(bytes);
        self.bytes += u64::try_from(bytes.len()).unwrap_or(0);
        Ok(())
    }
}
