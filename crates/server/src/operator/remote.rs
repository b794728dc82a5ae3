//! A server that runs somewhere, as a command speaks to it: over the management API, with an API token. Owns which server,
//! the token, whom to trust, and what is said when it does not work; leaves out what is asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HOST, HeaderValue, IF_MATCH, USER_AGENT};
use hyper::{Method, Request, Response};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::runtime;
use crate::http_client::{Target, client_config, connect, encrypt, exchange};
use crate::secret::Secret;
use crate::settings::{BadSetting, Environment};

/// Where a server listens that was started without settings.
const USUAL_URL: &str = "http://localhost:8080";
const URL: &str = "TOKENMINT_URL";
const TOKEN: &str = "TOKENMINT_API_TOKEN";
const CA: &str = "TOKENMINT_CA";

const CONNECT_TIME: Duration = Duration::from_secs(10);
const TOTAL_TIME: Duration = Duration::from_mins(2);
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The flags that find a server and its token.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct RemoteFlags {
    #[expect(missing_docs, reason = "the help says it")]
    #[arg(
        long,
        value_name = "URL",
        help = "Where the server is [default: TOKENMINT_URL, or http://localhost:8080]"
    )]
    pub url: Option<String>,
    #[expect(missing_docs, reason = "the help says it")]
    #[arg(
        long,
        value_name = "FILE",
        help = "A file with the API token [default: the token in TOKENMINT_API_TOKEN]"
    )]
    pub token_file: Option<PathBuf>,
    #[expect(missing_docs, reason = "the help says it")]
    #[arg(
        long,
        value_name = "FILE",
        help = "A PEM file with the authority of the server's certificate, beside those that the system trusts \
                [default: TOKENMINT_CA]"
    )]
    pub ca: Option<PathBuf>,
}

/// A server and the token for it.
#[derive(Debug)]
pub struct Remote {
    base: Target,
    url: String,
    token: Secret,
    tls: Option<Arc<ClientConfig>>,
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `ETag`, as it is to be sent back in `If-Match`.
    pub etag: Option<String>,
    /// The body; null if there was none.
    pub body: Value,
}

/// Why there is no answer to work with.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CallError {
    /// The server could not be asked.
    #[error("{0}")]
    Unreachable(String),
    /// It said no.
    #[error("{}", .0.explain())]
    Refused(Refused),
}

/// An error object of the management API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The status.
    pub status: u16,
    /// `errorCode`; empty if it was no such object.
    pub code: String,
    /// `errorSummary`.
    pub summary: String,
    /// The summaries of `errorCauses`.
    pub causes: Vec<String>,
}

impl Refused {
    fn explain(&self) -> String {
        let causes = std::iter::once("").chain(self.causes.iter().map(String::as_str));
        let causes = causes.collect::<Vec<_>>().join("\n  ");
        match self.status {
            401 => "the server does not know this API token: make one on its machine (tokenmint api-token create \
                    --name NAME) and put it into TOKENMINT_API_TOKEN, or into the file of --token-file"
                .to_owned(),
            403 => format!("the user of this API token may not do this ({}){causes}", self.summary),
            _ if self.code.is_empty() => format!("the server answered with status {}", self.status),
            _ => format!("{} ({}){causes}", self.summary, self.code),
        }
    }
}

impl Remote {
    /// The server that flags and environment name.
    pub fn open(flags: &RemoteFlags, environment: Environment<'_>) -> Result<Self, BadSetting> {
        let variable = |name: &str| match environment(name).map(std::ffi::OsString::into_string) {
            Some(Ok(text)) if !text.is_empty() => Ok(Some(text)),
            Some(Err(_)) => Err(BadSetting(format!("{name}: is not valid UTF-8"))),
            _ => Ok(None),
        };
        let (place, url) = match (&flags.url, variable(URL)?) {
            (Some(url), _) => ("--url", url.clone()),
            (None, Some(url)) => (URL, url),
            (None, None) => ("--url", USUAL_URL.to_owned()),
        };
        let url = url.trim_end_matches('/').to_owned();
        let base = Target::parse(&url).map_err(|error| BadSetting(format!("{place}: {error}: `{url}`")))?;
        let token = match &flags.token_file {
            Some(path) => read(path, "--token-file")?,
            None => variable(TOKEN)?.unwrap_or_default(),
        };
        let token = token.trim();
        if token.is_empty() {
            return Err(BadSetting(format!(
                "there is no API token: put one into {TOKEN}, or into the file of --token-file (tokenmint api-token \
                 create --name NAME makes one, on the server's machine)"
            )));
        }
        let ca = flags.ca.clone().or(variable(CA)?.map(PathBuf::from));
        let tls = if base.is_tls { Some(trust(ca.as_deref())?) } else { None };
        Ok(Self { base, url, token: Secret::new(token), tls })
    }

    /// Sends one request; only answers of 200 to 299 are answers.
    pub fn call(
        &self,
        method: &Method,
        path: &str,
        if_match: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, CallError> {
        let request = self.request(method, path, if_match, body);
        answer(&self.exchange(request)?).map_err(|refused| self.refused(refused))
    }

    /// A path in the URL is right where a proxy puts the server below one, and else a mistake.
    fn refused(&self, refused: Refused) -> CallError {
        let is_below = !self.base.path.trim_end_matches('/').is_empty();
        if refused.status == 404 && refused.code != "E0000007" && is_below {
            return CallError::Unreachable(format!(
                "there is no management API at {}: give the server's address without a path",
                self.url
            ));
        }
        CallError::Refused(refused)
    }

    /// As [`Remote::call`], for an answer that people read.
    pub fn text(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<String, CallError> {
        let request = self.request(method, path, None, body).map(|mut request| {
            request.headers_mut().insert(ACCEPT, HeaderValue::from_static("text/plain"));
            request
        });
        let response = self.exchange(request)?;
        answer(&response).map_err(|refused| self.refused(refused))?;
        Ok(String::from_utf8_lossy(response.body()).into_owned())
    }

    fn exchange(&self, request: Result<Request<Full<Bytes>>, String>) -> Result<Response<Bytes>, CallError> {
        let unreachable = |why: String| CallError::Unreachable(self.explain(&why));
        let request = request.map_err(unreachable)?;
        let runtime = runtime::current_thread().map_err(CallError::Unreachable)?;
        let exchanged = runtime.block_on(async {
            match timeout(TOTAL_TIME, self.send(request)).await {
                Ok(exchanged) => exchanged,
                Err(_) => Err("the answer was not complete in time".to_owned()),
            }
        });
        exchanged.map_err(unreachable)
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        if_match: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Request<Full<Bytes>>, String> {
        let path = format!("{}{path}", self.base.path.trim_end_matches('/'));
        let mut token = HeaderValue::try_from(format!("SSWS {}", self.token.expose()))
            .map_err(|_| "the API token has characters that no token has".to_owned())?;
        token.set_sensitive(true);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.base.authority)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("tokenmint/", env!("CARGO_PKG_VERSION")))
            .header(AUTHORIZATION, token);
        if let Some(tag) = if_match {
            request = request.header(IF_MATCH, tag);
        }
        let body = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        request.body(Full::new(body)).map_err(|error| error.to_string())
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, String> {
        let connecting = async {
            let found = lookup_host((self.base.host.as_str(), self.base.port)).await;
            let addresses: Vec<_> = found.map_err(|error| error.to_string())?.collect();
            connect(&addresses).await
        };
        let connected = timeout(CONNECT_TIME, connecting).await;
        let stream = connected.map_err(|_| "there was no connection in time".to_owned())??;
        match &self.tls {
            None => exchange(stream, request, BODY_BYTES_MAX).await,
            Some(tls) => {
                let stream = encrypt(stream, &self.base, Arc::clone(tls)).await?;
                exchange(stream, request, BODY_BYTES_MAX).await
            }
        }
    }

    fn explain(&self, why: &str) -> String {
        let hint = if why.contains("InvalidContentType") {
            "; nobody speaks TLS there: try http:// in place of https://"
        } else if why.contains("certificate") || why.contains("UnknownIssuer") {
            "; --ca names the authority that signed its certificate"
        } else {
            "; is it running, and is it there (--url, TOKENMINT_URL)?"
        };
        format!("the server at {} could not be asked: {why}{hint}", self.url)
    }
}

/// What an answer says.
fn answer(response: &Response<Bytes>) -> Result<Answer, Refused> {
    let status = response.status().as_u16();
    let body = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
    if response.status().is_success() {
        let etag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        return Ok(Answer { status, etag, body });
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let causes = body["errorCauses"].as_array().map(Vec::as_slice).unwrap_or_default();
    Err(Refused {
        status,
        code: text(&body["errorCode"]),
        summary: text(&body["errorSummary"]),
        causes: causes.iter().map(|cause| text(&cause["errorSummary"])).collect(),
    })
}

fn read(path: &Path, flag: &str) -> Result<String, BadSetting> {
    let text = std::fs::read_to_string(path);
    text.map_err(|error| BadSetting(format!("{flag}: cannot read `{}`: {error}", path.display())))
}

/// The system's authorities, and those of a file.
fn trust(ca: Option<&Path>) -> Result<Arc<ClientConfig>, BadSetting> {
    let mut more = Vec::new();
    if let Some(path) = ca {
        let text = read(path, "--ca")?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
        more =
            found.map_err(|error| BadSetting(format!("--ca: cannot read `{}`: {error}", path.display())))?;
        if more.is_empty() {
            return Err(BadSetting(format!("--ca: there is no certificate in `{}`", path.display())));
        }
    }
    client_config(&more).map_err(|error| BadSetting(format!("--ca: {error}")))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn open(url: Option<&str>, variables: &[(&str, &str)]) -> Result<Remote, String> {
        let environment = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, text)| OsString::from(*text))
        };
        let flags = RemoteFlags { url: url.map(str::to_owned), ..RemoteFlags::default() };
        Remote::open(&flags, &environment).map_err(|error| error.to_string())
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_no_token_is_said_at_once() {
        let variables = [(TOKEN, "t"), (URL, "https://id.example.com/")];
        let remote = open(None, &variables).unwrap();
        assert_eq!((remote.url.as_str(), remote.base.is_tls), ("https://id.example.com", true));
        assert_eq!(open(Some("http://a.example:1"), &variables).unwrap().base.port, 1);
        assert_eq!(open(None, &[(TOKEN, "t")]).unwrap().url, USUAL_URL);
        assert!(open(None, &[]).unwrap_err().contains("api-token create"));
        assert!(open(Some("ftp://a.example"), &variables).unwrap_err().starts_with("--url: "));
    }

    #[test]
    fn a_token_is_in_no_debug_output() {
        let remote = open(None, &[(TOKEN, "00secret")]).unwrap();
        assert!(!format!("{remote:?}").contains("00secret"));
    }

    #[test]
    fn a_server_that_is_not_there_is_said_with_what_to_do() {
        // Nobody listens on port 1.
        let remote = open(Some("http://127.0.0.1:1"), &[(TOKEN, "t")]).unwrap();
        let error = remote.call(&Method::GET, "/api/v1/org", None, None).unwrap_err().to_string();
        assert!(error.contains("http://127.0.0.1:1") && error.contains("is it running"), "{error}");
    }

    #[test]
    fn a_url_with_a_path_that_is_nowhere_is_said_to_have_one() {
        let not_found = |code: &str| Refused {
            status: 404,
            code: code.to_owned(),
            summary: "Not found".to_owned(),
            causes: Vec::new(),
        };
        let remote = |url| open(Some(url), &[(TOKEN, "t")]).unwrap();
        let below = remote("http://id.example.com/oauth2/default");
        assert!(below.refused(not_found("E0000008")).to_string().contains("without a path"));
        assert!(!below.refused(not_found("E0000007")).to_string().contains("without a path"));
        let root = remote("http://id.example.com");
        assert!(!root.refused(not_found("E0000008")).to_string().contains("without a path"));
    }

    #[test]
    fn a_refusal_is_told_with_its_causes() {
        let body = r#"{"errorCode":"E0000001","errorSummary":"Api validation failed: x","errorCauses":[{"errorSummary":"a: b"}]}"#;
        let response = Response::builder().status(400).body(Bytes::from_static(body.as_bytes())).unwrap();
        let refused = CallError::Refused(answer(&response).unwrap_err()).to_string();
        assert_eq!(refused, "Api validation failed: x (E0000001)\n  a: b");
    }
}
