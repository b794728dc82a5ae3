//! A bad wire between a node and its PostgreSQL. Owns the runtime that carries it; what it does to the frames stands in the
//! file that the store's own suite uses, too.

#[path = "../../crates/store/src/tests/wire.rs"]
mod wire;

use std::net::{Ipv4Addr, SocketAddr};

use tokio::runtime::{Builder, Runtime};
pub use wire::Faults;
use wire::Wire;

/// A running proxy.
pub struct BadWire {
    wire: Wire,
    /// While it lives, the wire carries.
    _runtime: Runtime,
}

impl BadWire {
    /// A wire to a server of this machine.
    pub fn to(server: SocketAddr) -> Result<Self, String> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let wire = runtime.block_on(Wire::to(server.port()));
        Ok(Self { wire, _runtime: runtime })
    }

    /// Where it is entered.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.wire.port).into()
    }

    /// What is wrong with it.
    pub fn faults(&self) -> &Faults {
        &self.wire.faults
    }
}
