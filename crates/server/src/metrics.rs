//! `/metrics` for Prometheus, on a listener of its own. Owns the names and labels; leaves out counting (`meters`).
//!
//! Whoever may reach the listener may read it: it belongs on a private address.

use std::fmt;
use std::sync::Arc;

use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use model::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use service::Tenant;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::error::ApiError;
use crate::front::{Front, Shell};
use crate::gate::TenantGate;
use crate::listen;
use crate::meters::RANGES_MICROSECONDS;
use crate::origin::{Origin, Origins, Scheme};
use crate::routes::{Route, Routes};

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Serves `/metrics` on `listener`, with the limits of the server's own, until the process ends.
pub async fn serve(listener: TcpListener, front: Arc<Front>, tenant: Arc<Tenant>, started: Timestamp) {
    let Ok(address) = listener.local_addr() else { return };
    tracing::info!("metrics are served on http://{address}/metrics");
    let origins = Origins::new(Origin::of_listener(address, Scheme::Http), []);
    let gate = || Box::new(TenantGate::new(Arc::clone(&tenant)));
    let shell = Arc::new(Shell::new(origins, front.shell().limits.clone(), gate(), gate()));
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Server { front, tenant, started }));
    let registry = Arc::new(registry);
    let routes = Routes::new().route(Route::open(Method::GET, "/metrics"), move || {
        let shown = show(&registry);
        async { shown }
    });
    let (_told_never, stop) = mpsc::channel(1);
    listen::serve(listener, Arc::new(routes.mount(shell, ())), None, stop).await;
}

fn show(registry: &Registry) -> Response {
    let mut text = String::new();
    match text::encode(&mut text, registry) {
        Ok(()) => ([(CONTENT_TYPE, TEXT)], text).into_response(),
        Err(error) => ApiError::fault(&error).into_response(),
    }
}

/// What is shown, read when it is asked for.
struct Server {
    front: Arc<Front>,
    tenant: Arc<Tenant>,
    started: Timestamp,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Collector for Server {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        self.requests(&mut page)?;
        self.durations(&mut page)?;
        self.tokens(&mut page)?;
        let shell = self.front.shell();
        let snapshot = self.tenant.configuration.current();
        for (name, help, value) in [
            ("tokenmint_connections", "Open connections", as_gauge(shell.meters.connections.get())),
            ("tokenmint_body_bytes", "Bytes of request bodies in memory", as_gauge(shell.bodies.used())),
            (
                "tokenmint_configuration_revision",
                "The newest configuration known here",
                as_gauge(snapshot.revision),
            ),
            (
                "tokenmint_commits_waiting",
                "Commits that were asked for and not answered yet",
                as_gauge(self.tenant.store.waiting_commits()),
            ),
            ("tokenmint_authorization_servers", "Authorization servers", as_gauge(snapshot.server_count())),
            ("tokenmint_apps", "Apps", as_gauge(snapshot.app_count())),
            ("process_start_time_seconds", "When the process started, since 1970", self.started.seconds()),
        ] {
            page.0.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)?;
        }
        let help = "The release that runs";
        let mut build = page.0.encode_descriptor("tokenmint_build", help, None, MetricType::Info)?;
        build.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }
}

struct Page<'a>(DescriptorEncoder<'a>);

impl Server {
    fn requests(&self, page: &mut Page<'_>) -> fmt::Result {
        let help = "Requests answered, by route and status; those of no route have the route -";
        let name = "tokenmint_requests";
        let mut family = page.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (route, method, meter) in self.front.routes() {
            let classes = meter.classes();
            // A route that nobody called has no line: there are many routes.
            if classes.iter().all(|count| *count == 0) {
                continue;
            }
            for (class, count) in STATUS_CLASSES.into_iter().zip(classes).skip(1) {
                let labels = [("route", route), ("method", method), ("status", class)];
                family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
            }
        }
        Ok(())
    }

    fn durations(&self, page: &mut Page<'_>) -> fmt::Result {
        let help = "From a request's headers to its reply's, by route";
        let name = "tokenmint_request_duration_seconds";
        let mut family = page.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (route, method, meter) in self.front.routes() {
            let ranges = meter.ranges();
            let count = ranges.iter().sum();
            if count == 0 {
                continue;
            }
            let ends = RANGES_MICROSECONDS.iter().map(|end| as_seconds(*end)).chain([f64::INFINITY]);
            let ranges: Vec<(f64, u64)> = ends.zip(ranges).collect();
            let labels = [("route", route), ("method", method)];
            let sum = as_seconds(meter.microseconds());
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &ranges, None)?;
        }
        Ok(())
    }

    fn tokens(&self, page: &mut Page<'_>) -> fmt::Result {
        let tokens = &self.front.shell().meters.tokens;
        let mut granted = page.0.encode_descriptor(
            "tokenmint_tokens_granted",
            "Tokens granted",
            None,
            MetricType::Counter,
        )?;
        granted.encode_counter::<NoLabelSet, _, u64>(&tokens.granted(), None)?;
        let help = "Token requests refused, by the reason that the log gives; malformed_request and fault are not in it";
        let name = "tokenmint_tokens_refused";
        let mut family = page.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (reason, count) in tokens.refused() {
            let labels = [("reason", reason)];
            family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        Ok(())
    }
}

fn as_gauge(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn as_seconds(microseconds: u64) -> f64 {
    std::time::Duration::from_micros(microseconds).as_secs_f64()
}
