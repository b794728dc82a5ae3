//! Signing keys made ahead, so that no request waits for one.
//!
//! An RSA key takes some sixty milliseconds, sometimes several hundred. One thread at a time makes them; it rests
//! while the pool is full. Keys on curves take some microseconds and are made when they are wanted.

use std::time::Duration;

use jose::{Algorithm, KeyType, SigningKey};
use tokio::sync::{Mutex, mpsc};

use crate::failure::Fault;

/// How many RSA keys lie ready: enough for one server and one rotation.
const READY: usize = 3;

/// A pool of RSA keys, good for every RSA algorithm, and a maker of the others.
#[derive(Debug)]
pub struct KeyPool {
    ready: Mutex<mpsc::Receiver<SigningKey>>,
}

impl KeyPool {
    /// Starts to fill after `delay`, so that a start is not slowed down; a key that is wanted earlier is made at
    /// once.
    pub fn start(delay: Duration) -> Self {
        let (filled, ready) = mpsc::channel(READY);
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            while let Ok(place) = filled.reserve().await {
                match generate_rsa().await {
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

    /// A key for `algorithm` that nobody has seen.
    pub async fn take(&self, algorithm: Algorithm) -> Result<SigningKey, Fault> {
        let key = match algorithm.key_type() {
            KeyType::Rsa => self.take_rsa().await?.bound_to(algorithm),
            KeyType::Ec(_) | KeyType::Ed25519 => SigningKey::generate(algorithm),
        };
        key.map_err(Fault::internal)
    }

    async fn take_rsa(&self) -> Result<SigningKey, Fault> {
        let ready = self.ready.lock().await.try_recv();
        match ready {
            Ok(key) => Ok(key),
            Err(_) => generate_rsa().await,
        }
    }
}

async fn generate_rsa() -> Result<SigningKey, Fault> {
    let made = tokio::task::spawn_blocking(|| SigningKey::generate(Algorithm::Rs256)).await;
    made.map_err(Fault::internal)?.map_err(Fault::internal)
}
