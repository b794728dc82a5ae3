//! Serving from a PostgreSQL and restoring into it exclude each other, whatever the URLs say besides.

use tokio_postgres::NoTls;

use super::bed::{ONE, found_orgs, wait_for};
use super::cluster;
use crate::copy::{Place, Staging};
use crate::fault::OpenError;
use crate::port::Store;

async fn begin(url: &str) -> Result<Staging, OpenError> {
    Staging::begin(&Place::Postgres(url.to_owned())).await
}

async fn tell(url: &str, statement: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    client.batch_execute(statement).await.expect(statement);
}

#[tokio::test]
async fn a_node_is_noticed_by_a_restore_whatever_its_connections_are_called() {
    let Some(url) = cluster::fresh_database().await else { return };
    let node = Store::open_postgres(&format!("{url}?application_name=x")).await.expect("it opens");
    let refused = begin(&url).await;
    assert!(matches!(refused, Err(OpenError::InUse)), "{refused:?}");
    node.health().await.expect("it goes on");
    node.close().await.expect("it closes");
    wait_for("the database lets go of the lock", async || begin(&url).await.ok()).await;
}

#[tokio::test]
async fn whoever_serves_from_another_schema_or_only_copies_is_no_obstacle_to_a_restore() {
    let Some(url) = cluster::fresh_database().await else { return };
    tell(&url, "create schema other").await;
    let beside = Place::Postgres(format!("{url}?options=-c%20search_path%3Dother"));
    let node = Store::open(&beside).await.expect("it opens");
    found_orgs(&node).await;
    let staging = begin(&url).await.expect("nobody serves from there");
    crate::copy::copy_out(&beside, &mut |_| Ok::<_, ()>(())).await.expect("it is copied");
    assert_eq!(node.revision(ONE).await.expect("it serves on"), Some(0));
    staging.discard().await.expect("nothing is left");
}

#[tokio::test]
async fn no_node_starts_while_a_restore_is_under_way() {
    let Some(url) = cluster::fresh_database().await else { return };
    let staging = begin(&url).await.expect("nobody serves");
    let refused = Store::open_postgres(&url).await.expect_err("it is being restored");
    assert!(refused.to_string().contains("being restored"), "{refused}");
    staging.discard().await.expect("nothing is left");
    Store::open_postgres(&url).await.expect("it may start at once");
}

#[tokio::test]
async fn a_node_that_comes_back_to_a_restore_stays_away_for_what_it_knows_is_old() {
    let Some(url) = cluster::fresh_database().await else { return };
    let node = Store::open_postgres(&url).await.expect("it opens");
    found_orgs(&node).await;
    let cut_off = "select pg_terminate_backend(pid) from pg_stat_activity \
                   where datname = current_database() and pid <> pg_backend_pid()";
    tell(&url, cut_off).await;
    let staging = wait_for("its connections end", async || begin(&url).await.ok()).await;
    node.revision(ONE).await.expect_err("a restore is under way");
    staging.discard().await.expect("nothing is left");
    let other = Store::open_postgres(&url).await.expect("another may start");
    assert_eq!(other.revision(ONE).await.expect("it serves"), Some(0));
    let refused = node.health().await.expect_err("it stays away");
    assert!(refused.to_string().contains("are closed"), "{refused}");
}
