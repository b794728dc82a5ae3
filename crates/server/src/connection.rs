//! One connection: what it is doing, and when that has taken too long. Owns the clocks of slow headers, idle and
//! unread connections, when TLS begins, and the lingering close; leaves out accepting (`listen`), the handshake (`tls`)
//! and answering (`front`).
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
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_rustls::server::TlsStream;

use crate::front::Front;
use crate::limits::Limits;
use crate::tls::Tls;
use crate::tls::handshake::{self, Beginning};

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
        // What may lie unread: a body is read as soon as its request may be, so small windows cost nothing.
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(256 * 1024)
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(limits.reset_streams)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
    builder
}

/// What plain HTTP is told where TLS is spoken.
const NO_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 54\r\n\
    connection: close\r\n\r\nThis port speaks TLS: the URL has to begin with https\n";

/// Serves `stream` until either end has had enough. When `stop` resolves, requests in flight are still answered.
pub async fn serve(
    builder: Builder<TokioExecutor>,
    stream: TcpStream,
    peer: SocketAddr,
    front: Arc<Front>,
    tls: Option<Arc<Tls>>,
    stop: impl Future<Output = ()>,
) {
    // Replies are small and whole: waiting for more to send with them only delays them.
    let _ = stream.set_nodelay(true);
    let activity = Arc::new(Activity::new());
    let socket = Socket { stream, activity: Arc::clone(&activity) };
    let Some(tls) = tls else { return converse(builder, socket, activity, peer, front, stop).await };
    let mut stop = pin!(stop);
    let handshake_time = front.shell().limits.handshake_time;
    let opened = tokio::select! {
        biased;
        () = stop.as_mut() => return,
        opened = tokio::time::timeout(handshake_time, open(&tls, socket)) => opened,
    };
    match opened {
        Ok(Ok(Some(stream))) => {
            activity.open();
            converse(builder, stream, activity, peer, front, stop).await;
        }
        Ok(Ok(None)) => tracing::debug!(peer = %peer.ip(), "spoke something other than TLS"),
        Ok(Err(error)) => tracing::debug!(peer = %peer.ip(), "no TLS handshake: {error}"),
        Err(_) => tracing::debug!(peer = %peer.ip(), "a TLS handshake took too long"),
    }
}

/// Does the handshake. What does not speak TLS is seen off.
async fn open(tls: &Tls, socket: Socket) -> io::Result<Option<TlsStream<Socket>>> {
    let words = match handshake::beginning(&socket.stream).await? {
        Beginning::Tls => return tls.accept(socket).await.map(Some),
        Beginning::Http => NO_TLS,
        Beginning::Other => &[],
    };
    let activity = Arc::clone(&socket.activity);
    let mut stream = Watched { stream: socket, activity, lingered: 0 };
    stream.write_all(words).await?;
    let _ = tokio::time::timeout(LINGER, stream.shutdown()).await;
    Ok(None)
}

/// Answers what is asked on `stream`.
async fn converse<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    builder: Builder<TokioExecutor>,
    stream: S,
    activity: Arc<Activity>,
    peer: SocketAddr,
    front: Arc<Front>,
    stop: impl Future<Output = ()>,
) {
    let limits = front.shell().limits.clone();
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
    /// When the first request could come: at once, or after the TLS handshake.
    open_since: AtomicU64,
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
            open_since: AtomicU64::new(1),
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

    fn open(&self) {
        self.open_since.store(self.now(), Relaxed);
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
            let since = if headers == 0 { self.open_since.load(Relaxed) } else { headers };
            (Doing::SendingHeaders, until(since, limits.header_time))
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

/// A socket that tells [`Activity`] whether the other end takes what we send: what TLS has encrypted is not yet sent.
struct Socket {
    stream: TcpStream,
    activity: Arc<Activity>,
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
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

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A stream of requests that tells [`Activity`] when they come, and sees the other end off.
struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    /// Bytes that were read after our last one.
    lingered: usize,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
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

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
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
