//! What a command waits on that asks a database by itself: nothing else runs beside it.

/// A runtime of one thread.
pub fn current_thread() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))
}
