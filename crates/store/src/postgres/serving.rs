//! Serving and restoring exclude each other: each connection of a node shares a lock of the database that a restore wants
//! for itself, and the database lets go of it with the connection. Leaves out what a restore does (`staging`).
//!
//! The lock is that of the schema in which a connection finds its tables: what is in the making beside them, in a schema of
//! its own, is not being served from.

use std::time::Duration;

use deadpool_postgres::{Hook, HookError};
use tokio_postgres::{Client, Error, SimpleQueryMessage};

// The number may be any, as long as every release uses the same.
const SHARE: &str = "select pg_try_advisory_lock_shared(824691521, hashtext(current_schema()))";
const HAVE: &str = "select pg_try_advisory_lock(824691521, hashtext(current_schema()))";

/// Has each new connection of a pool share the lock, or be none where a restore has it.
pub(super) fn share(patience: Duration) -> Hook {
    Hook::async_fn(move |connection, _| {
        Box::pin(async move {
            match tokio::time::timeout(patience, locks(connection, SHARE)).await {
                Ok(Ok(true)) => Ok(()),
                Ok(Ok(false)) => Err(HookError::message("the database is being restored")),
                Ok(Err(error)) => Err(HookError::Backend(error)),
                Err(_) => Err(HookError::Backend(Error::__private_api_timeout())),
            }
        })
    })
}

/// Takes the lock for this connection alone; `false` where a node serves.
pub(super) async fn have(connection: &Client) -> Result<bool, Error> {
    locks(connection, HAVE).await
}

async fn locks(connection: &Client, lock: &str) -> Result<bool, Error> {
    let said = connection.simple_query(lock).await?;
    let refused = |message: &SimpleQueryMessage| matches!(message, SimpleQueryMessage::Row(row) if row.get(0) == Some("f"));
    Ok(!said.iter().any(refused))
}
