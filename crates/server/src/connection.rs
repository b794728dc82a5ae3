//! One connection: what it is doing, and when that has taken too long. Owns the clocks of slow headers, idle and
//! unread connections, and the lingering close; leaves out accepting (`listen`) and answering (`front`).
//!
//! hyper's own header timeout runs while a kept-alive connection is idle, too, so it cannot be shorter than the idle
//! time. Here the two are apart: the socket tells when the first byte of a request came.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Version};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use crate::front::Front;
use crate::limits::Limits;

/// How long we go on reading what a client still sends after our last byte, so that our reply reaches it: closing a
/// socket with unread bytes makes the kernel discard what the other end has not read yet.
const LINGER: Duration = Duration::from_secs(2);
/// And how much of it.
const LINGER_BYTES: usize = 16 * 1024 * 1024;

/// The first bytes of HTTP/2. (Should they come in two pieces, the first request tells.)
const HTTP2: &[u8] = b"PRI ";

/// The protocol of every connection, set up once.
pub fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(limits.header_bytes.max(crate::limits::MIN_HEADER_BYTES))
        .max_headers(limits.headers);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(limits.reset_streams)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
    builder
}

/// Serves `stream` until either end has had enough. When `stop` resolves, requests in flight are still answered.
pub async fn serve(
    builder: Builder<TokioExecutor>,
    stream: TcpStream,
    peer: SocketAddr,
    front: Arc<Front>,
    stop: impl Future<Output = ()>,
) {
    // Replies are small and whole: waiting for more to send with them only delays them.
    let _ = stream.set_nodelay(true);
    let limits = front.shell().limits.clone();
    let activity = Arc::new(Activity::new());
    let counted = Arc::clone(&activity);
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let (front, in_flight) = (Arc::clone(&front), InFlight::new(Arc::clone(&counted), request.version()));
        async move {
            let response = front.answer(request.map(Body::new), peer).await;
            drop(in_flight);
            Ok::<_, Infallible>(response)
        }
    });
    let stream = TokioIo::new(Watched { stream, activity: Arc::clone(&activity), lingered: 0 });
    let mut connection = pin!(builder.serve_connection(stream, service));
    let (mut stop, mut stopped) = (pin!(stop), false);
    let mut alarm = Alarm { limits, armed: Doing::Idle, sleep: Box::pin(tokio::time::sleep(Duration::ZERO)) };
    std::future::poll_fn(|context| {
        if !stopped && stop.as_mut().poll(context).is_ready() {
            stopped = true;
            connection.as_mut().graceful_shutdown();
        }
        loop {
            if let Poll::Ready(ended) = connection.as_mut().poll(context) {
                if let Err(error) = ended {
                    tracing::trace!("connection ended: {error}");
                }
                return Poll::Ready(());
            }
            match ready!(alarm.poll(&activity, context)) {
                Doing::Idle => {
                    activity.close();
                    connection.as_mut().graceful_shutdown();
                }
                Doing::Answering => {}
                Doing::SendingHeaders | Doing::Reading | Doing::Closing => return Poll::Ready(()),
            }
        }
    })
    .await;
}

/// What the client is doing, as far as it has only so much time for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// Nothing, between requests.
    Idle,
    /// Sending the headers of a request, or not even that after it connected.
    SendingHeaders,
    /// Waiting for an answer: the request's own time counts.
    Answering,
    /// Not reading what we send.
    Reading,
    /// Seeing the connection off.
    Closing,
}

/// A connection's times, in milliseconds after it began plus one; zero is "not".
#[derive(Debug)]
struct Activity {
    began: Instant,
    in_flight: AtomicUsize,
    is_http2: AtomicBool,
    /// Since when there is no request; zero before the first byte.
    idle_since: AtomicU64,
    headers_since: AtomicU64,
    unread_since: AtomicU64,
    closing_since: AtomicU64,
}

impl Activity {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            in_flight: AtomicUsize::new(0),
            is_http2: AtomicBool::new(false),
            idle_since: AtomicU64::new(0),
            headers_since: AtomicU64::new(0),
            unread_since: AtomicU64::new(0),
            closing_since: AtomicU64::new(0),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    /// Bytes came. HTTP/2 sends frames between requests, too; there only the idle time counts.
    fn read(&self, bytes: &[u8]) {
        if self.idle_since.load(Relaxed) == 0 {
            self.idle_since.store(self.now(), Relaxed);
            self.is_http2.store(bytes.starts_with(HTTP2), Relaxed);
        }
        let between_requests = self.in_flight.load(Relaxed) == 0 && !self.is_http2.load(Relaxed);
        if between_requests && self.headers_since.load(Relaxed) == 0 {
            self.headers_since.store(self.now(), Relaxed);
        }
    }

    fn wrote(&self, accepted: bool) {
        if accepted {
            self.unread_since.store(0, Relaxed);
        } else if self.unread_since.load(Relaxed) == 0 {
            self.unread_since.store(self.now(), Relaxed);
        }
    }

    fn close(&self) {
        if self.closing_since.load(Relaxed) == 0 {
            self.closing_since.store(self.now(), Relaxed);
        }
    }

    /// What goes on, and until when it may; without an end it is looked at again when something happens.
    fn doing(&self, limits: &Limits) -> (Doing, Instant) {
        let until = |since: u64, allowed: Duration| {
            self.began + Duration::from_millis(since.saturating_sub(1)) + allowed
        };
        let (closing, unread) = (self.closing_since.load(Relaxed), self.unread_since.load(Relaxed));
        let (headers, idle) = (self.headers_since.load(Relaxed), self.idle_since.load(Relaxed));
        if closing != 0 {
            (Doing::Closing, until(closing, LINGER))
        } else if unread != 0 {
            (Doing::Reading, until(unread, limits.write_pause))
        } else if self.in_flight.load(Relaxed) != 0 {
            (Doing::Answering, Instant::now() + limits.request_time)
        } else if headers != 0 || idle == 0 {
            (Doing::SendingHeaders, until(headers, limits.header_time))
        } else {
            (Doing::Idle, until(idle, limits.idle_time))
        }
    }
}

/// A request between its headers and its reply.
struct InFlight(Arc<Activity>);

impl InFlight {
    fn new(activity: Arc<Activity>, version: Version) -> Self {
        if version == Version::HTTP_2 {
            activity.is_http2.store(true, Relaxed);
        }
        activity.in_flight.fetch_add(1, Relaxed);
        activity.headers_since.store(0, Relaxed);
        Self(activity)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Relaxed);
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// The one timer of a connection.
struct Alarm {
    limits: Limits,
    armed: Doing,
    sleep: Pin<Box<Sleep>>,
}

impl Alarm {
    /// Ready with what has taken too long. While a request is answered, it only looks again from time to time.
    fn poll(&mut self, activity: &Activity, context: &mut Context<'_>) -> Poll<Doing> {
        let (doing, until) = activity.doing(&self.limits);
        let looks_again = doing == Doing::Answering && self.armed == doing && !self.sleep.is_elapsed();
        if !looks_again && self.sleep.deadline() != until {
            self.sleep.as_mut().reset(until);
        }
        self.armed = doing;
        ready!(self.sleep.as_mut().poll(context));
        Poll::Ready(doing)
    }
}

/// A socket that tells [`Activity`] what passes.
struct Watched {
    stream: TcpStream,
    activity: Arc<Activity>,
    /// Bytes that were read after our last one.
    lingered: usize,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if let Some(bytes) = buffer.filled().get(before..).filter(|bytes| !bytes.is_empty()) {
            self.activity.read(bytes);
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.activity.wrote(written.is_ready());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.activity.wrote(written.is_ready());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Says goodbye, then reads what still comes until the other end closes; the alarm ends it.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.activity.close();
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        let mut space = [0; 16 * 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut space);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
            let bytes = buffer.filled().len();
            self.lingered += bytes;
            if read.is_err() || bytes == 0 || self.lingered > LINGER_BYTES {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
