//! `tokenmint serve`: from a configuration to a running server and to its end. Owns the order; leaves out the parts
//! (`application`) and their settings (`config`).

use std::fs::DirBuilder;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use service::first_start::Made;

use crate::application::{self, Application};
use crate::config::Config;
use crate::control::ControlSocket;
use crate::listen::{self, Ended};
use crate::origin::{Origin, Origins, Scheme};
use crate::{clock, log, metrics, settings, signals, tls};

/// Serves until a signal. The error is a sentence for the person who started the server.
pub fn serve(config: &Config) -> Result<(), String> {
    log::start(&config.log);
    make_data_directory(&config.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start threads: {error}"))?;
    runtime.block_on(run(config))
}

async fn run(config: &Config) -> Result<(), String> {
    let started = clock::now();
    let listener = listen::bind(config.listen, settings::LISTEN.flag).await?;
    let metrics_listener = match config.metrics_listen {
        Some(address) => Some(listen::bind(address, settings::METRICS_LISTEN.flag).await?),
        None => None,
    };
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let control = ControlSocket::bind(&config.data)?;
    let origins = origins(config, address);
    let (tls, keeper) = match &config.tls {
        Some(settings) => {
            tls::start(settings, &origins, clock::now()).map(|(tls, keeper)| (Some(tls), Some(keeper)))?
        }
        None => (None, None),
    };
    let Application { front, commands, made, tenant, following } =
        application::assemble(config, origins).await?;
    let stop = signals::words_to_stop().map_err(|error| format!("cannot wait for signals: {error}"))?;
    announce(front.shell().origins.default_origin(), address);
    if let Some(keeper) = keeper {
        keeper.ca().into_iter().for_each(explain_trust);
        tokio::spawn(keeper.keep(tls::keeper::INTERVAL));
    }
    if let Some(made) = made {
        show(&made);
    }
    if let Some(listener) = metrics_listener {
        tokio::spawn(metrics::serve(listener, Arc::clone(&front), Arc::clone(&tenant), started));
    }
    let ended = tokio::select! {
        ended = listen::serve(listener, front, tls, stop) => ended,
        () = control.serve(commands) => Ended::Quietly,
        // Nothing is written any more: it would be of the time that was undone.
        _ = following => return Err(
            "the database was restored while this node served from it: start it anew".to_owned()
        ),
    };
    application::close(&tenant).await;
    match ended {
        Ended::Quietly => tracing::info!("stopped"),
        Ended::CutOff(connections) => tracing::warn!(connections, "stopped, cutting connections off"),
    }
    Ok(())
}

fn origins(config: &Config, address: SocketAddr) -> Origins {
    let mut configured = config.base_urls.iter().cloned();
    let default = configured.next().unwrap_or_else(|| {
        let scheme = if config.tls.is_some() { Scheme::Https } else { Scheme::Http };
        Origin::of_listener(address, scheme)
    });
    Origins::new(default, configured)
}

/// The one line on stdout, at once: whoever started us waits for it to learn where we are.
fn announce(origin: &Origin, address: SocketAddr) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "Tokenmint listens on {origin}").and_then(|()| out.flush());
    tracing::info!(%address, %origin, "listening");
}

/// Where the private CA is, and what makes clients trust it.
fn explain_trust(ca: &Path) {
    let ca = ca.display();
    let text = format!(
        "Private CA:      {ca}\n\
         Clients trust it with NODE_EXTRA_CA_CERTS={ca} (Node.js), SSL_CERT_FILE={ca} (Go, OpenSSL) or curl --cacert \
         {ca}\n"
    );
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// What the first start made: shown now and never again.
fn show(made: &Made) {
    let mut lines = vec![format!("First admin:     {}", made.login)];
    lines.extend(made.password.as_ref().map(|password| format!("First password:  {password}")));
    lines.extend(made.api_token.as_ref().map(|token| format!("First API token: {token}")));
    if lines.len() > 1 {
        lines.push("Keep them: they are not shown again.".to_owned());
    }
    lines.push(String::new());
    let text = lines.join("\n");
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Makes the directory, for its owner alone, if it is not there.
fn make_data_directory(data: &Path) -> Result<(), String> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.map_err(|error| format!("cannot make the data directory `{}` (see --data): {error}", data.display()))
}
