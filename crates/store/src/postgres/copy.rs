//! Copying a PostgreSQL database out in one transaction, while every node goes on, and into tables that nobody uses yet.

use std::pin::pin;

use tokio_postgres::IsolationLevel;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::servers::parted;
use super::session::{IS_THERE, Session, fault, row};
use crate::copy::{self, CopyError, Give, Holds, ORGS_AT_A_GLANCE, Piece, Table, Take, tables_at};
use crate::fault::{Fault, FaultKind};
use crate::migrate::{self, MIGRATIONS, READ_LEDGER};
use crate::value::{Row, Value};

/// How many rows are in memory at once.
const ROWS: i32 = 500;
/// A copy takes as long as it takes.
const PATIENT: &str = "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0";

impl Session {
    /// Reads everything in one snapshot. Nobody waits for it.
    pub(crate) async fn copy_out<E>(&self, take: Take<'_, E>) -> Result<(), CopyError<E>> {
        let mut connection = self.connection().await?;
        let begun = connection.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        let snapshot = begun.read_only(true).start().await.map_err(fault)?;
        snapshot.batch_execute(PATIENT).await.map_err(fault)?;
        let there = snapshot.query_one(IS_THERE, &[]).await;
        if !there.and_then(|row| row.try_get::<_, bool>(0)).map_err(fault)? {
            return Err(CopyError::Empty);
        }
        let all =
            |found: Vec<tokio_postgres::Row>| found.iter().map(row).collect::<Result<Vec<Row>, Fault>>();
        let schema = copy::schema_of(all(snapshot.query(READ_LEDGER, &[]).await.map_err(fault)?)?)?;
        let orgs = all(snapshot.query(ORGS_AT_A_GLANCE, &[]).await.map_err(fault)?)?;
        take(Piece::Contents(copy::contents(schema, orgs)?)).map_err(CopyError::Other)?;
        for table in tables_at(schema) {
            take(Piece::Table(table)).map_err(CopyError::Other)?;
            let select = snapshot.prepare(&table.select(schema)).await.map_err(fault)?;
            let portal = snapshot.bind(&select, &[]).await.map_err(fault)?;
            loop {
                let rows = snapshot.query_portal(&portal, ROWS).await.map_err(fault)?;
                if rows.is_empty() {
                    break;
                }
                for found in &rows {
                    take(Piece::Row(row(found)?.into_values())).map_err(CopyError::Other)?;
                }
            }
        }
        snapshot.commit().await.map_err(fault)?;
        Ok(())
    }

    /// Makes the tables of pieces: the schema that they were copied at, their rows, and what this release has added since.
    pub(super) async fn fill<E>(&self, schema: i64, give: Give<'_, E>) -> Result<(), CopyError<E>> {
        self.migrate(migrate::up_to(schema)).await?;
        let mut next = give().map_err(CopyError::Other)?;
        let mut into = None;
        while let Some(piece) = next.take() {
            next = match (piece, into) {
                (Piece::Contents(_), _) => give().map_err(CopyError::Other)?,
                (Piece::Table(table), _) => {
                    into = Some(table);
                    give().map_err(CopyError::Other)?
                }
                (Piece::Row(row), Some(table)) => self.fill_table(table, schema, row, give).await?,
                (Piece::Row(_), None) => {
                    return Err(Fault::new(FaultKind::Internal, "a row belongs to no table").into());
                }
            };
        }
        self.migrate(MIGRATIONS).await?;
        Ok(())
    }

    /// Writes the rows of one table, of which `first` is the first; answers the piece behind them.
    async fn fill_table<E>(
        &self,
        table: &'static Table,
        schema: i64,
        first: Vec<Value>,
        give: Give<'_, E>,
    ) -> Result<Option<Piece>, CopyError<E>> {
        let mut connection = self.connection().await?;
        let transaction = connection.transaction().await.map_err(fault)?;
        transaction.batch_execute(PATIENT).await.map_err(fault)?;
        let sink = transaction.copy_in(&table.copy_in(schema)).await.map_err(fault)?;
        let types: Vec<Type> = table.columns_at(schema).map(|column| type_of(column.holds)).collect();
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        let mut next = Some(Piece::Row(first));
        while let Some(Piece::Row(row)) = &next {
            let row: Vec<&(dyn ToSql + Sync)> = row.iter().map(|value| value as _).collect();
            writer.as_mut().write(&row).await.map_err(fault)?;
            next = give().map_err(CopyError::Other)?;
        }
        writer.finish().await.map_err(fault)?;
        transaction.commit().await.map_err(fault)?;
        Ok(next)
    }
}

fn type_of(holds: Holds) -> Type {
    match holds {
        Holds::Int => Type::INT8,
        Holds::Text => Type::TEXT,
        Holds::Bytes => Type::BYTEA,
    }
}

/// The URL with `schema` as the only place where tables are looked for.
pub(super) fn url_within(schema: &str, url: &str) -> String {
    let (base, query) = parted(url);
    let is_options = |pair: &&str| pair.starts_with("options=");
    let mut pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut all: Vec<String> = pairs.clone().filter(|pair| !is_options(pair)).map(str::to_owned).collect();
    // The last one counts, as it does for the driver.
    let options = pairs.rfind(is_options).map_or("options=".to_owned(), |given| format!("{given}%20"));
    all.push(format!("{options}-c%20search_path%3D{schema}"));
    format!("{base}?{}", all.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_what_it_says_and_gets_the_schema() {
        for (url, expected) in [
            ("postgres://db/mint", "postgres://db/mint?options=-c%20search_path%3Ds"),
            (
                "postgres://ana:a?b@db/mint?sslmode=disable",
                "postgres://ana:a?b@db/mint?sslmode=disable&options=-c%20search_path%3Ds",
            ),
            ("postgres://ana:a?b@db/mint", "postgres://ana:a?b@db/mint?options=-c%20search_path%3Ds"),
            (
                "postgres://db/mint?options=-c%20b%3D1&options=-c%20a%3D1&sslmode=disable",
                "postgres://db/mint?sslmode=disable&options=-c%20a%3D1%20-c%20search_path%3Ds",
            ),
        ] {
            assert_eq!(url_within("s", url), expected);
        }
    }
}
