//! The control socket: how commands on this machine speak with the running server. Owns `tokenmint.sock` in the data
//! directory, its protocol (one line of JSON each way) and the registry of commands; leaves out what a command does.
//!
//! Whoever may open the socket may do everything, so it belongs to its owner alone (mode 0600).

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::access::BoxFuture;

/// The socket's name within the data directory.
pub const SOCKET: &str = "tokenmint.sock";

/// The longest request or reply.
const MAX_LINE: u64 = 1024 * 1024;
/// What the kernel takes for a path, without its final zero.
const MAX_PATH: usize = 107;
const REQUEST_TIME: Duration = Duration::from_secs(10);

/// A command that the running server carries out.
pub trait Command: Send + Sync + 'static {
    /// Carries it out. The value is shown to the person who asked; the error is a sentence for them.
    fn run(&self, arguments: Value) -> BoxFuture<'_, Result<Value, String>>;
}

/// The commands of a server, by name: `key.rewrap`.
#[derive(Clone, Default)]
pub struct Commands(BTreeMap<&'static str, Arc<dyn Command>>);

impl Commands {
    /// One more command.
    #[must_use]
    pub fn with(mut self, name: &'static str, command: impl Command) -> Self {
        self.0.insert(name, Arc::new(command));
        self
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    command: String,
    #[serde(default)]
    arguments: Value,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reply {
    Result(Value),
    Error(String),
}

/// A bound socket. It is removed when this is dropped, unless another server has put its own in its place.
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

impl ControlSocket {
    /// Binds the socket in `data`. A socket that nobody listens on any more is replaced.
    pub fn bind(data: &Path) -> Result<Self, String> {
        let path = data.join(SOCKET);
        let failed =
            |error: io::Error| format!("cannot open the control socket `{}`: {error}", path.display());
        check_vacant(data, &path)?;
        // Made in a directory that only we may enter and then moved, it is never open to others, not even briefly.
        let nursery = data.join(format!(".{SOCKET}.{}", std::process::id()));
        let _ = fs::remove_dir_all(&nursery);
        DirBuilder::new().mode(0o700).create(&nursery).map_err(failed)?;
        let listener = bind_private(&nursery, &path);
        let _ = fs::remove_dir_all(&nursery);
        let listener = listener.map_err(failed)?;
        let inode = fs::metadata(&path).map_err(failed)?.ino();
        Ok(Self { listener, path, inode })
    }

    /// Answers until it is dropped.
    pub async fn serve(&self, commands: Commands) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let commands = commands.clone();
                    tokio::spawn(async move {
                        if let Err(error) = answer(stream, &commands).await {
                            tracing::debug!("a control connection ended: {error}");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!("cannot accept control connections: {error}");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if fs::metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn check_vacant(data: &Path, path: &Path) -> Result<(), String> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            Err(format!("`{}` is there and is not a socket; move it away", path.display()))
        }
        Ok(_) if connect(data).is_ok() => {
            Err(format!("another Tokenmint runs on the data directory `{}`", data.display()))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

fn bind_private(nursery: &Path, path: &Path) -> io::Result<UnixListener> {
    let listener = within(nursery, |short| UnixListener::bind(short))?;
    let made = nursery.join(SOCKET);
    fs::set_permissions(&made, Permissions::from_mode(0o600))?;
    fs::rename(made, path)?;
    Ok(listener)
}

/// Gives `with` a path of the socket in `directory` that the kernel takes: the plain one, or for a long one the same
/// place by way of an open directory.
fn within<T>(directory: &Path, with: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let plain = directory.join(SOCKET);
    if plain.as_os_str().len() <= MAX_PATH {
        return with(&plain);
    }
    let open = File::open(directory)?;
    with(&PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", open.as_raw_fd())))
}

fn connect(data: &Path) -> io::Result<BlockingStream> {
    within(data, |path| BlockingStream::connect(path))
}

async fn answer(mut stream: UnixStream, commands: &Commands) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut line = String::new();
    let mut reader = tokio::io::BufReader::new(reader.take(MAX_LINE));
    tokio::time::timeout(REQUEST_TIME, reader.read_line(&mut line)).await??;
    let reply = match serde_json::from_str::<Request>(&line) {
        Err(error) => Reply::Error(format!("the request is not readable: {error}")),
        Ok(request) => match commands.0.get(request.command.as_str()) {
            None => Reply::Error(format!("this server has no command `{}`", request.command)),
            Some(command) => {
                tracing::info!(command = request.command, "control command");
                command.run(request.arguments).await.map_or_else(Reply::Error, Reply::Result)
            }
        },
    };
    let mut line = serde_json::to_vec(&reply)?;
    line.push(b'\n');
    writer.write_all(&line).await
}

/// Whether a server that runs on `data` takes our connections.
pub fn is_answered(data: &Path) -> bool {
    connect(data).is_ok()
}

/// Asks the server that runs on `data` to carry out a command, and waits for its reply however long that takes.
pub fn call(data: &Path, command: &str, arguments: Value) -> Result<Value, String> {
    let nobody = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            format!("no Tokenmint runs on the data directory `{}`; see --data", data.display())
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "`{}` belongs to another user; run this as the user of the server",
                data.join(SOCKET).display()
            )
        }
        _ => format!("cannot reach the server on `{}`: {error}", data.display()),
    };
    let mut stream = connect(data).map_err(nobody)?;
    let line = exchange(&mut stream, &Request { command: command.to_owned(), arguments });
    let line = line.map_err(|error| format!("the server ended before it answered: {error}"))?;
    match serde_json::from_str(&line) {
        Ok(Reply::Result(value)) => Ok(value),
        Ok(Reply::Error(message)) => Err(message),
        Err(_) => Err("the server ended before it answered".to_owned()),
    }
}

fn exchange(stream: &mut BlockingStream, request: &Request) -> io::Result<String> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut reply = String::new();
    BufReader::new(stream.take(MAX_LINE)).read_line(&mut reply)?;
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TemporaryDirectory;

    struct Echo;

    impl Command for Echo {
        fn run(&self, arguments: Value) -> BoxFuture<'_, Result<Value, String>> {
            Box::pin(async move {
                if arguments.is_null() { Err("nothing to say".to_owned()) } else { Ok(arguments) }
            })
        }
    }

    async fn ask(data: &Path, command: &'static str, arguments: Value) -> Result<Value, String> {
        let data = data.to_owned();
        tokio::task::spawn_blocking(move || call(&data, command, arguments)).await.unwrap()
    }

    #[tokio::test]
    async fn commands_are_answered_by_name_and_the_socket_is_the_owners_alone() {
        let data = TemporaryDirectory::new();
        let socket = ControlSocket::bind(data.path()).unwrap();
        let mode = fs::metadata(data.path().join(SOCKET)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let serving = tokio::spawn(async move { socket.serve(Commands::default().with("echo", Echo)).await });
        let words = serde_json::json!({ "words": ["a"] });
        assert_eq!(ask(data.path(), "echo", words.clone()).await, Ok(words));
        assert_eq!(ask(data.path(), "echo", Value::Null).await, Err("nothing to say".to_owned()));
        let unknown = ask(data.path(), "sing", Value::Null).await;
        assert_eq!(unknown, Err("this server has no command `sing`".to_owned()));
        serving.abort();
        assert!(serving.await.unwrap_err().is_cancelled());
        assert!(!data.path().join(SOCKET).exists(), "the socket goes with the server");
        let gone = ask(data.path(), "echo", Value::Null).await.unwrap_err();
        assert!(gone.starts_with("no Tokenmint runs on"), "{gone}");
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_but_neither_a_live_one_nor_another_file() {
        let data = TemporaryDirectory::new();
        let path = data.path().join(SOCKET);
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let live = ControlSocket::bind(data.path()).expect("a stale socket is replaced");
        let second = ControlSocket::bind(data.path()).err().unwrap();
        assert!(second.starts_with("another Tokenmint runs on"), "{second}");
        drop(live);
        fs::write(&path, "mine").unwrap();
        let refused = ControlSocket::bind(data.path()).err().unwrap();
        assert!(refused.ends_with("is not a socket; move it away"), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[tokio::test]
    async fn a_long_path_is_no_obstacle() {
        let data = TemporaryDirectory::new();
        let deep = data.path().join("d".repeat(120));
        fs::create_dir(&deep).unwrap();
        let socket = ControlSocket::bind(&deep).unwrap();
        tokio::spawn(async move { socket.serve(Commands::default().with("echo", Echo)).await });
        assert_eq!(ask(&deep, "echo", Value::from(1)).await, Ok(Value::from(1)));
    }
}
