//! A copy holds everything, on both databases, and becomes the same database again on either.

use std::fs;

use rusqlite::Connection;
use tokio_postgres::NoTls;

use super::bed::{Directory, NOON, ONE, TWO, batch, found_orgs};
use super::cluster;
use crate::batch::Batch;
use crate::copy::{Contents, CopyError, Holds, Piece, Place, Staging, TABLES, copy_out, newest_schema};
use crate::fault::OpenError;
use crate::migrate::{Dialect, MIGRATIONS, render};
use crate::port::Store;
use crate::rows::Revocation;
use crate::value::Value;

type Found = Vec<(String, String, String, i64)>;

fn listed() -> Found {
    let mut listed: Found = Vec::new();
    for table in TABLES {
        for (place, column) in (1..).zip(table.columns) {
            let holds = match column.holds {
                Holds::Int => "int",
                Holds::Text => "text",
                Holds::Bytes => "bytes",
            };
            let key = if place <= table.key { i64::try_from(place).expect("few columns") } else { 0 };
            listed.push((table.name.to_owned(), column.name.to_owned(), holds.to_owned(), key));
        }
    }
    listed.sort();
    listed
}

#[test]
fn the_list_of_tables_is_the_schema_with_its_keys() {
    let sqlite = Connection::open_in_memory().expect("memory opens");
    for migration in MIGRATIONS {
        sqlite.execute_batch(&render(migration.template, Dialect::Sqlite)).expect(migration.name);
        let columns = "select m.name, p.name, p.type from sqlite_schema m, pragma_table_info(m.name) p \
                       where m.type = 'table'";
        let mut columns = sqlite.prepare(columns).expect("it prepares");
        let there = columns.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).expect("it runs");
        let mut there: Vec<(String, String)> = there.collect::<Result<_, _>>().expect("rows");
        there.sort();
        let mut known: Vec<_> = TABLES
            .iter()
            .filter(|table| table.since <= migration.number)
            .flat_map(|table| {
                table
                    .columns_at(migration.number)
                    .map(|column| (table.name.to_owned(), column.name.to_owned()))
            })
            .collect();
        known.sort();
        assert_eq!(known, there, "after {}: see crates/store/src/copy/tables.rs", migration.name);
    }
    let columns = "select m.name, p.name, case p.type when 'INTEGER' then 'int' when 'TEXT' then 'text' \
                   when 'BLOB' then 'bytes' end, p.pk from sqlite_schema m, pragma_table_info(m.name) p \
                   where m.type = 'table'";
    let mut columns = sqlite.prepare(columns).expect("it prepares");
    let all = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let there = columns.query_map((), all).expect("it runs");
    let mut there: Found = there.collect::<Result<_, _>>().expect("rows");
    there.sort();
    assert_eq!(listed(), there);
}

/// Something in many tables, with nulls, bytes that are no text, and the ends of the numbers.
async fn fill(store: &Store) {
    found_orgs(store).await;
    let mut some = batch(ONE);
    some.put_org_secret("root", &[0, 255, 1]);
    some.advance_revision(0, 7);
    for (jti, at) in [(vec![0; 32], i64::MIN), (vec![255; 32], i64::MAX)] {
        some.insert_revocation(&Revocation { jti_hash: jti, expires: 5, at, client: "c".to_owned() });
    }
    some.insert_login("ünï\u{10ffff}@example.com", "00u1");
    some.event(NOON, 1, "{}");
    store.commit(some).await.expect("rows");
    let mut other: Batch = batch(TWO);
    other.insert_founding();
    other.event(NOON, 1, "");
    store.commit(other).await.expect("rows");
}

/// A copy as text, for comparing.
async fn portrait(place: &Place) -> (Option<Contents>, Vec<String>) {
    let (mut contents, mut rows) = (None, Vec::new());
    let mut table = "";
    copy_out(place, &mut |piece| {
        match piece {
            Piece::Contents(found) => contents = Some(found),
            Piece::Table(found) => table = found.name,
            Piece::Row(row) => {
                let shown = row.iter().map(|value| match value {
                    Value::Null => "null".to_owned(),
                    Value::Int(value) => value.to_string(),
                    Value::Text(text) => format!("{text:?}"),
                    Value::Bytes(bytes) => format!("{bytes:?}"),
                });
                rows.push(format!("{table} {}", shown.collect::<Vec<_>>().join(" ")));
            }
        }
        Ok::<_, ()>(())
    })
    .await
    .expect("it is copied");
    (contents, rows)
}

/// The pieces of a place, one by one.
async fn pieces(place: &Place) -> std::vec::IntoIter<Piece> {
    let mut pieces = Vec::new();
    copy_out(place, &mut |piece| {
        pieces.push(piece);
        Ok::<_, ()>(())
    })
    .await
    .expect("it is copied");
    pieces.into_iter()
}

async fn restore(from: &Place, into: &Place) -> Option<String> {
    let staging = Staging::begin(into).await.expect("nobody is there");
    let mut pieces = pieces(from).await;
    staging.fill(newest_schema(), &mut || Ok::<_, ()>(pieces.next())).await.expect("it is filled");
    assert_eq!(portrait(staging.place()).await, portrait(from).await, "before it is put in place");
    let store = Store::open(staging.place()).await.expect("it can be worked on there");
    store.close().await.expect("it closes");
    drop(store);
    staging.put_in_place("aside").await.expect("it is put in place")
}

/// The thread that writes gives the directory back a moment after the store has closed.
async fn released(place: &Place) {
    for _ in 0..200 {
        match Staging::begin(place).await {
            Err(OpenError::Held { .. } | OpenError::InUse) => {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            begun => return begun.expect("nobody is there").discard().await.expect("nothing is left"),
        }
    }
    panic!("somebody still holds it");
}

#[tokio::test]
async fn a_copy_of_either_database_becomes_the_same_on_either() {
    let (one, two) = (Directory::new(), Directory::new());
    let (embedded, again) =
        (Place::Directory(one.path().to_owned()), Place::Directory(two.path().to_owned()));
    let store = Store::open(&embedded).await.expect("it opens");
    fill(&store).await;
    let (contents, rows) = portrait(&embedded).await;
    assert_eq!(
        contents,
        Some(Contents { schema: newest_schema(), orgs: vec![(ONE.to_owned(), 7), (TWO.to_owned(), 0)] })
    );
    assert!(rows.contains(&format!("revocation \"{ONE}\" {:?} 5 {} \"c\"", [255; 32], i64::MAX)), "{rows:?}");
    assert!(rows.iter().any(|row| row.starts_with("event")), "{rows:?}");
    assert_eq!(restore(&embedded, &again).await, None);
    assert_eq!(portrait(&again).await, portrait(&embedded).await, "while another serves from the first");

    let Some(url) = cluster::fresh_database().await else { return };
    let postgres = Place::Postgres(url);
    assert_eq!(restore(&embedded, &postgres).await, None);
    assert_eq!(portrait(&postgres).await, portrait(&embedded).await);
    let back = Directory::new();
    let back = Place::Directory(back.path().to_owned());
    restore(&postgres, &back).await;
    assert_eq!(portrait(&back).await, portrait(&embedded).await);
    let store = Store::open(&postgres).await.expect("it is a database to serve from");
    assert_eq!(store.revision(ONE).await.expect("it reads"), Some(7));
    let Place::Directory(back) = &back else { unreachable!("it is one") };
    fs::remove_dir_all(back).expect("it goes");
}

#[tokio::test]
async fn a_copy_is_of_one_moment_however_much_is_written_meanwhile() {
    let directory = Directory::new();
    let mut places = vec![Place::Directory(directory.path().to_owned())];
    places.extend(cluster::fresh_database().await.map(Place::Postgres));
    for place in places {
        let store = Store::open(&place).await.expect("it opens");
        fill(&store).await;
        let (sender, written) = std::sync::mpsc::channel();
        let written = std::sync::Mutex::new(written);
        let (ask, asked) = tokio::sync::oneshot::channel::<()>();
        let writer = store.clone();
        let writing = tokio::spawn(async move {
            asked.await.expect("it has begun");
            let mut more = batch(ONE);
            more.insert_revocation(&Revocation {
                jti_hash: vec![7; 32],
                expires: 5,
                at: 6,
                client: String::new(),
            });
            more.event(NOON, 1, "late");
            let committed = writer.commit(more).await;
            sender.send(()).expect("somebody waits");
            committed
        });
        let mut ask = Some(ask);
        let mut late = false;
        let from = place.clone();
        let copying = tokio::task::spawn_blocking(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(copy_out(&from, &mut |piece| {
                if let Some(ask) = ask.take() {
                    ask.send(()).expect("it waits");
                    written
                        .lock()
                        .expect("one at a time")
                        .recv()
                        .expect("a commit does not wait for the copy");
                }
                let is_late = |value: &Value| [Value::from("late"), Value::from(vec![7; 32])].contains(value);
                late |= matches!(&piece, Piece::Row(row) if row.iter().any(is_late));
                Ok::<_, ()>(())
            }))?;
            Ok::<_, CopyError<()>>(late)
        });
        let late = copying.await.expect("it ends").expect("it is copied");
        assert!(!late, "what was committed after the first piece is not in it");
        writing.await.expect("it ends").expect("it is committed");
        assert!(portrait(&place).await.1.iter().any(|row| row.contains("late")));
        store.close().await.expect("it closes");
    }
}

#[tokio::test]
async fn what_was_there_is_moved_aside_and_nothing_of_it_is_lost() {
    let source = Directory::new();
    let from = Place::Directory(source.path().to_owned());
    let store = Store::open(&from).await.expect("it opens");
    fill(&store).await;
    let target = Directory::new();
    let mut places =
        vec![(Place::Directory(target.path().to_owned()), Place::Directory(target.path().join("aside")))];
    if let Some(url) = cluster::fresh_database().await {
        let aside = format!("{url}?options=-c%20search_path%3Daside");
        places.push((Place::Postgres(url), Place::Postgres(aside)));
    }
    for (place, aside) in places {
        let old = Store::open(&place).await.expect("it opens");
        found_orgs(&old).await;
        let refused = Staging::begin(&place).await;
        assert!(matches!(refused, Err(OpenError::Held { .. } | OpenError::InUse)), "{refused:?}");
        let before = portrait(&place).await;
        old.close().await.expect("it closes");
        drop(old);
        released(&place).await;
        assert!(restore(&from, &place).await.expect("it lies somewhere").contains("aside"));
        assert_eq!(portrait(&place).await, portrait(&from).await);
        assert_eq!(portrait(&aside).await, before);
    }
}

#[tokio::test]
async fn a_restore_that_is_given_up_or_cut_off_before_its_moves_leaves_the_database_as_it_was() {
    let (source, target) = (Directory::new(), Directory::new());
    let from = Place::Directory(source.path().to_owned());
    let store = Store::open(&from).await.expect("it opens");
    fill(&store).await;
    let mut places = vec![Place::Directory(target.path().to_owned())];
    places.extend(cluster::fresh_database().await.map(Place::Postgres));
    for place in places {
        let old = Store::open(&place).await.expect("it opens");
        found_orgs(&old).await;
        old.close().await.expect("it closes");
        drop(old);
        released(&place).await;
        let before = portrait(&place).await;
        for give_up in [false, true, true] {
            let staging = Staging::begin(&place).await.expect("what was cut off before is no obstacle");
            let mut pieces = pieces(&from).await.take(5);
            staging.fill(newest_schema(), &mut || Ok::<_, ()>(pieces.next())).await.expect("it is filled");
            if give_up {
                staging.discard().await.expect("nothing is left");
            } else {
                drop(staging);
                released(&place).await;
            }
            assert_eq!(portrait(&place).await, before);
        }
        let cut_off = Staging::begin(&place).await.expect("nobody is there");
        let second = Staging::begin(&place).await;
        assert!(
            matches!(second, Err(OpenError::Held { .. } | OpenError::InUse)),
            "one at a time: {second:?}"
        );
        cut_off.discard().await.expect("nothing is left");
        Store::open(&place).await.expect("it can be served from");
    }
}

#[tokio::test]
async fn a_restore_that_was_cut_off_between_its_moves_stops_a_start_until_it_is_done_again() {
    let (source, target) = (Directory::new(), Directory::new());
    let (from, into) =
        (Place::Directory(source.path().to_owned()), Place::Directory(target.path().to_owned()));
    let store = Store::open(&from).await.expect("it opens");
    fill(&store).await;
    restore(&from, &into).await;
    fs::rename(target.path().join("tokenmint.db"), target.path().join("tokenmint.db.restored"))
        .expect("a move");
    let refused = Store::open(&into).await;
    assert!(matches!(refused, Err(OpenError::HalfRestored { .. })), "{refused:?}");
    let looked = crate::inspect::inspect_directory(target.path(), "root");
    assert!(matches!(looked, Err(OpenError::HalfRestored { .. })), "the doctor says so, too: {looked:?}");
    restore(&from, &into).await;
    assert_eq!(portrait(&into).await, portrait(&from).await);
    Store::open(&into).await.expect("it is whole");
}

/// A database whose last commits are still in its log, as after a crash, and what it holds.
async fn crashed(directory: &Directory) -> Vec<String> {
    let alive = Directory::new();
    let place = Place::Directory(alive.path().to_owned());
    let store = Store::open(&place).await.expect("it opens");
    found_orgs(&store).await;
    fs::create_dir(directory.path()).expect("a directory");
    for name in ["tokenmint.db", "tokenmint.db-wal"] {
        fs::copy(alive.path().join(name), directory.path().join(name)).expect("a copy");
    }
    let log = fs::metadata(directory.path().join("tokenmint.db-wal")).expect("it is there");
    assert!(log.len() > 0, "something is only in the log");
    portrait(&place).await.1
}

async fn small(directory: &Directory) -> Place {
    let place = Place::Directory(directory.path().to_owned());
    let store = Store::open(&place).await.expect("it opens");
    fill(&store).await;
    place
}

#[tokio::test]
async fn what_was_only_in_the_log_of_the_old_database_is_in_its_file_before_that_is_moved() {
    let (source, target) = (Directory::new(), Directory::new());
    let from = small(&source).await;
    let before = crashed(&target).await;
    let into = Place::Directory(target.path().to_owned());
    restore(&from, &into).await.expect("it lies somewhere");
    let aside = target.path().join("aside");
    assert!(!aside.join("tokenmint.db-wal").exists(), "nothing is left that could be lost on the way");
    assert_eq!(portrait(&Place::Directory(aside)).await.1, before);
    assert!(!target.path().join("tokenmint.db.goes_to").exists(), "nothing is left behind");
}

#[tokio::test]
async fn a_restore_that_is_done_again_leaves_the_old_database_in_one_piece_where_the_first_began() {
    let (source, target) = (Directory::new(), Directory::new());
    let from = small(&source).await;
    let before = crashed(&target).await;
    // Cut off between the moves of a database whose log could not be folded.
    let first = target.path().join("first");
    fs::create_dir(&first).expect("a directory");
    fs::rename(target.path().join("tokenmint.db"), first.join("tokenmint.db")).expect("a move");
    fs::write(target.path().join("tokenmint.db.restored"), "").expect("it is written");
    fs::write(target.path().join("tokenmint.db.goes_to"), "first").expect("it is written");
    let into = Place::Directory(target.path().to_owned());
    let lies = restore(&from, &into).await.expect("it lies somewhere");
    assert_eq!(std::path::Path::new(&lies), first);
    assert!(!target.path().join("aside").exists(), "there is no second part of it");
    assert_eq!(portrait(&Place::Directory(first)).await.1, before);
    assert_eq!(portrait(&into).await, portrait(&from).await);
    // A name that was left by a restore that ended means nothing to the next one.
    fs::write(target.path().join("tokenmint.db.goes_to"), "first").expect("it is written");
    released(&into).await;
    assert!(restore(&from, &into).await.expect("it lies somewhere").ends_with("aside"));
}

#[tokio::test]
async fn an_old_database_that_is_damaged_is_moved_aside_all_the_same() {
    let (source, target) = (Directory::new(), Directory::new());
    let from = small(&source).await;
    fs::create_dir(target.path()).expect("a directory");
    fs::write(target.path().join("tokenmint.db"), [7; 9_000]).expect("it is written");
    let into = Place::Directory(target.path().to_owned());
    restore(&from, &into).await.expect("it lies somewhere");
    assert_eq!(fs::read(target.path().join("aside/tokenmint.db")).expect("it is there"), [7; 9_000]);
    assert_eq!(portrait(&into).await, portrait(&from).await);
}

#[tokio::test]
async fn a_copy_of_an_older_schema_becomes_one_of_this_release() {
    let old = Directory::new();
    fs::create_dir(old.path()).expect("a directory");
    let sqlite = Connection::open(old.path().join("tokenmint.db")).expect("it opens");
    sqlite.execute_batch(&render(crate::migrate::CREATE_LEDGER, Dialect::Sqlite)).expect("a ledger");
    for migration in &MIGRATIONS[..7] {
        sqlite.execute_batch(&render(migration.template, Dialect::Sqlite)).expect(migration.name);
        let entry =
            (migration.number, migration.major, migration.name, crate::migrate::checksum(migration.template));
        sqlite.execute(crate::migrate::WRITE_LEDGER, entry).expect("an entry");
    }
    sqlite.execute("insert into org values ('org1', '{}', 3, 4)", ()).expect("a row");
    let from = Place::Directory(old.path().to_owned());
    let mut places = vec![Directory::new()].into_iter();
    let target = places.next().expect("one");
    let mut targets = vec![Place::Directory(target.path().to_owned())];
    targets.extend(cluster::fresh_database().await.map(Place::Postgres));
    for into in targets {
        let staging = Staging::begin(&into).await.expect("nobody is there");
        let mut pieces = pieces(&from).await;
        staging.fill(7, &mut || Ok::<_, ()>(pieces.next())).await.expect("it is filled");
        staging.put_in_place("aside").await.expect("it is put in place");
        let store = Store::open(&into).await.expect("it opens");
        assert_eq!(store.revision("org1").await.expect("it reads"), Some(3));
        assert_eq!(portrait(&into).await.0.expect("contents").schema, newest_schema());
    }
}

#[tokio::test]
async fn a_database_of_a_newer_release_and_none_at_all_are_refused() {
    let directory = Directory::new();
    let place = Place::Directory(directory.path().to_owned());
    let copied = copy_out(&place, &mut |_| Ok::<_, ()>(())).await;
    assert!(matches!(copied, Err(CopyError::Empty)), "{copied:?}");
    Store::open(&place).await.expect("it opens").close().await.expect("it closes");
    let sqlite = Connection::open(directory.path().join("tokenmint.db")).expect("it opens");
    sqlite.execute("insert into schema_migration values (99, 1, 'x', 'y')", ()).expect("a row");
    let copied = copy_out(&place, &mut |_| Ok::<_, ()>(())).await;
    assert!(matches!(copied, Err(CopyError::Newer { found: 99, .. })), "{copied:?}");

    let Some(url) = cluster::fresh_database().await else { return };
    let copied = copy_out(&Place::Postgres(url.clone()), &mut |_| Ok::<_, ()>(())).await;
    assert!(matches!(copied, Err(CopyError::Empty)), "{copied:?}");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    Store::open_postgres(&url).await.expect("the schema is made");
    client.execute("insert into schema_migration values (99, 1, 'x', 'y')", &[]).await.expect("a row");
    let copied = copy_out(&Place::Postgres(url), &mut |_| Ok::<_, ()>(())).await;
    assert!(matches!(copied, Err(CopyError::Newer { found: 99, .. })), "{copied:?}");
}
