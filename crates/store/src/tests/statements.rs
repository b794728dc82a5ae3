//! Every statement prepares on both databases, and asks and answers alike.

use rusqlite::Connection;
use tokio_postgres::NoTls;
use tokio_postgres::types::Type;

use super::cluster;
use crate::copy::TABLES;
use crate::migrate::{Dialect, MIGRATIONS, render};
use crate::port::Store;
use crate::statements::ALL;

#[tokio::test]
async fn every_statement_prepares_on_both_databases() {
    let Some(url) = cluster::fresh_database().await else { return };
    Store::open_postgres(&url).await.expect("the schema is made");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    let sqlite = Connection::open_in_memory().expect("memory opens");
    for migration in MIGRATIONS {
        sqlite.execute_batch(&render(migration.template, Dialect::Sqlite)).expect(migration.name);
    }
    for statement in ALL {
        let here =
            sqlite.prepare(statement.sql).unwrap_or_else(|error| panic!("{}: {error}", statement.name));
        let there = client.prepare(statement.sql).await;
        let there = there.unwrap_or_else(|error| panic!("{}: {error:?}", statement.name));
        assert_eq!(here.parameter_count(), there.params().len(), "{}", statement.name);
        assert_eq!(here.column_count(), there.columns().len(), "{}", statement.name);
        let types = there.columns().iter().map(tokio_postgres::Column::type_).chain(there.params());
        for ty in types {
            assert!([Type::INT8, Type::TEXT, Type::BYTEA].contains(ty), "{}: {ty}", statement.name);
        }
    }
}

fn schema() -> Connection {
    let sqlite = Connection::open_in_memory().expect("memory opens");
    for migration in MIGRATIONS {
        sqlite.execute_batch(&render(migration.template, Dialect::Sqlite)).expect(migration.name);
    }
    sqlite
}

#[test]
fn what_grows_with_the_load_could_be_distributed_over_servers() {
    // As docs/scaling.md says.
    let distributed = [
        ("event", "writer"),
        ("log_writer", "writer"),
        ("used_assertion", "jti_hash"),
        ("revocation", "jti_hash"),
        ("oauth_grant", "id"),
        ("refresh_grant", "id"),
        ("account", "id"),
        ("account_password", "account"),
        ("account_login", "login"),
    ];
    let reference = [
        "org",
        "founding",
        "document",
        "change",
        "signing_key",
        "client_secret",
        "org_secret",
        "api_token",
        "user_group",
        "role_assignment",
        "log_head",
        "log_segment",
        "schema_migration",
    ];
    let mut placed: Vec<&str> = distributed.iter().map(|(table, _)| *table).chain(reference).collect();
    let mut there: Vec<&str> = TABLES.iter().map(|table| table.name).chain(["schema_migration"]).collect();
    placed.sort_unstable();
    there.sort_unstable();
    assert_eq!(placed, there, "each table has its one place, and the page says which");
    let sqlite = schema();
    let count = |sql: &str, table: &str, column: &str| -> i64 {
        sqlite.query_row(sql, (table, column), |row| row.get(0)).expect("a count")
    };
    for (table, column) in distributed {
        let keyed = "select count(*) from pragma_table_info(?1) where name = ?2 and pk > 0";
        assert_eq!(count(keyed, table, column), 1, "the key of {table} contains {column}");
        let unique = "select count(*) from pragma_index_list(?1) i where i.\"unique\" = 1 and not exists \
                      (select 1 from pragma_index_info(i.name) c where c.name = ?2)";
        assert_eq!(count(unique, table, column), 0, "whatever is unique in {table} contains {column}");
    }
    for number in ["foreign_key_list", "table_info"] {
        let sql =
            format!("select count(*) from sqlite_schema m, pragma_{number}(m.name) where m.type = 'table'");
        let found: i64 = sqlite.query_row(&sql, (), |row| row.get(0)).expect("a count");
        assert_eq!(found == 0, number == "foreign_key_list", "no table refers to another: {number}");
    }
}

#[test]
fn every_table_is_keyed_by_the_org_first() {
    let sqlite = schema();
    let tables = "select m.name, p.name from sqlite_schema m, pragma_table_info(m.name) p \
                  where m.type = 'table' and p.pk = 1";
    let mut tables = sqlite.prepare(tables).expect("it prepares");
    let keys = tables.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).expect("it runs");
    let keys: Vec<(String, String)> = keys.collect::<Result<_, _>>().expect("rows");
    assert!(keys.len() >= 17, "{keys:?}");
    assert!(keys.iter().all(|(_, first)| first == "org"), "{keys:?}");
}
