//! The beginning of a TLS connection, where nobody is known yet. Owns whose turn it is to compute, and telling TLS from
//! plain HTTP; leaves out how long it may take (`connection`) and what is agreed (`tls`).
//!
//! A handshake costs more than most requests. So each of its steps takes a turn, and there are fewer turns than
//! processors: however many strangers knock, those who are in still get theirs. A turn lasts as long as the computing,
//! never as long as the waiting; otherwise whoever sends nothing would hold it. (The longest step is one signature: far
//! below a millisecond with ECDSA or RSA of 2,048 bits, a little above with 4,096.)

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Every TLS connection begins with a record of this type.
const HANDSHAKE_RECORD: u8 = 0x16;

/// How a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// With TLS.
    Tls,
    /// With what may be a request of HTTP/1: the client was given an http URL.
    Http,
    /// With something else, or it ended.
    Other,
}

/// Waits for the first byte, and leaves it there.
pub async fn beginning(stream: &TcpStream) -> io::Result<Beginning> {
    let mut first = [0];
    Ok(match stream.peek(&mut first).await? {
        0 => Beginning::Other,
        _ if first[0] == HANDSHAKE_RECORD => Beginning::Tls,
        _ if first[0].is_ascii_uppercase() => Beginning::Http,
        _ => Beginning::Other,
    })
}

/// The turns of a machine: half of its processors compute handshakes, at most.
pub fn turns() -> Semaphore {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Semaphore::new((processors / 2).max(1))
}

/// Does `work`, taking a turn for each of its steps.
pub async fn in_turns<T>(turns: &Semaphore, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        let turn = turns.acquire().await;
        let step = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
        drop(turn);
        if let Poll::Ready(done) = step {
            return done;
        }
        until_woken().await;
    }
}

/// Gives way once; what was polled before has asked to be woken.
async fn until_woken() {
    let mut gave_way = false;
    poll_fn(|_| if std::mem::replace(&mut gave_way, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn who_waits_holds_no_turn() {
        let turns = Arc::new(Semaphore::new(1));
        let go_on = Arc::new(Notify::new());
        let waiting: Vec<_> = (0..300)
            .map(|_| {
                let (turns, go_on) = (Arc::clone(&turns), Arc::clone(&go_on));
                tokio::spawn(async move { in_turns(&turns, go_on.notified()).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(in_turns(&turns, async { 7 }).await, 7);
        go_on.notify_waiters();
        for waiting in waiting {
            waiting.await.unwrap();
        }
        assert_eq!(turns.available_permits(), 1);
    }
}
