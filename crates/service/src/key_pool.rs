//! Signing keys made ahead, so that no request waits for one.
//!
//! An RSA key takes some sixty milliseconds, sometimes several hundred. One thread at a time makes them; it rests
//! while the pool is full.

use std::sync::Arc;
use std::time::Duration;

use jose::{Algorithm, SigningKey};
use tokio::sync::{Mutex, mpsc};

use crate::failure::Fault;

/// How many keys lie ready: enough for one server and one rotation.
const READY: usize = 3;

/// A pool of RS256 keys.
#[derive(Debug)]
pub struct KeyPool {
    ready: Mutex<mpsc::Receiver<Arc<SigningKey>>>,
}

impl KeyPool {
    /// Starts to fill after `delay`, so that a start is not slowed down; a key that is wanted earlier is made at
    /// once.
    pub fn start(delay: Duration) -> Self {
        let (filled, ready) = mpsc::channel(READY);
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            while let Ok(place) = filled.reserve().await {
                match generate().await {
                    Ok(key) => place.send(key),
                    Err(fault) => {
                        tracing::error!(%fault, "a signing key could not be made; the next try is in a minute");
                        tokio::time::sleep(Duration::from_mins(1)).await;
                    }
                }
            }
        });
        Self { ready: Mutex::new(ready) }
    }

    /// A key that nobody has seen.
    pub async fn take(&self) -> Result<Arc<SigningKey>, Fault> {
        let ready = self.ready.lock().await.try_recv();
        match ready {
            Ok(key) => Ok(key),
            Err(_) => generate().await,
        }
    }
}

async fn generate() -> Result<Arc<SigningKey>, Fault> {
    let made = tokio::task::spawn_blocking(|| SigningKey::generate(Algorithm::Rs256)).await;
    made.map_err(Fault::internal)?.map(Arc::new).map_err(Fault::internal)
}
