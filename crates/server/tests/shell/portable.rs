//! `tokenmint export` and `tokenmint apply` against a running server.

use std::path::Path;
use std::process::Output;

use crate::program::{Directory, Running, tokenmint};

/// A server, a token for it, and a place for files.
struct Site {
    directory: Directory,
    server: Running,
    token: String,
}

impl Site {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(flags: &[&str]) -> Self {
        let directory = Directory::new();
        let data = directory.0.join("data");
        let server = Running::start(&data, flags);
        let create = ["api-token", "create", "--name", "test", "--data", data.to_str().unwrap()];
        let made = tokenmint(&create).output().unwrap();
        let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        Self { directory, server, token }
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.directory.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Exit code, stdout and stderr.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = tokenmint(arguments);
        command.env("TOKENMINT_URL", &self.server.origin).env("TOKENMINT_API_TOKEN", &self.token);
        told(&command.stdin(std::process::Stdio::null()).output().unwrap())
    }
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

const ORDERS: &str = "\
tokenmint: 1
server:
  name: Orders
  description: For orders
  audience: api://orders
  issuerMode: ORG_URL
  signingAlgorithm: ES256
scopes:
  - name: orders:read
claims: []
policies:
  - name: Machines
    description: Without users
    clients: [ALL_CLIENTS]
    rules:
      - name: Read
        grantTypes: [client_credentials]
        scopes: [orders:read]
        accessTokenLifetimeMinutes: 15
";

#[test]
fn a_file_is_planned_applied_exported_and_the_same_again() {
    let site = Site::new();
    let file = site.write("orders.yaml", ORDERS);
    let (code, plan, said) = site.run(&["apply", &file, "--dry-run", "--exit-code"]);
    assert_eq!((code, said.as_str()), (3, ""));
    assert!(plan.starts_with("+ server Orders\n    description: \"For orders\"\n"), "{plan}");
    assert!(plan.ends_with("4 to create, 0 to change, 0 to move, 0 to delete\n"), "{plan}");
    let (code, out, said) = site.run(&["apply", &file]);
    assert_eq!((code, out), (1, plan.clone()));
    assert_eq!(said, "error: nothing was changed: say --yes if that is meant\n", "nobody can be asked");
    assert_eq!(site.run(&["export", "Orders"]).0, 1, "and it was not made");

    let (code, out, said) = site.run(&["apply", &file, "--yes"]);
    assert_eq!((code, out), (0, plan));
    assert!(said.starts_with("applied to `Orders` (aus"), "{said}");
    let (code, text, _) = site.run(&["export", "Orders"]);
    assert_eq!((code, text.as_str()), (0, ORDERS), "what went in comes out");
    let (code, out, _) = site.run(&["apply", &file, "--dry-run", "--exit-code"]);
    assert_eq!((code, out.as_str()), (0, "Nothing to do: everything is as the document says.\n"));
    for (flag, is_rehearsal) in [("--yes", false), ("--dry-run", true)] {
        let (_, out, _) = site.run(&["apply", &file, flag, "--json"]);
        let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(answer["dryRun"], is_rehearsal, "{flag}: {out}");
    }
    let renamed = site.write("renamed.yaml", &ORDERS.replace("name: Orders", "name: orders"));
    let (_, plan, _) = site.run(&["apply", &renamed, "--dry-run"]);
    assert!(plan.contains("(this is a new server; did you mean `Orders`, which is there?)"), "{plan}");

    let changed = site.write("orders.yaml", &ORDERS.replace("Minutes: 15", "Minutes: 20"));
    let (code, out, _) = site.run(&["apply", &changed, "--yes", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, answer["plan"]["steps"][0]["verb"].as_str()), (0, Some("CHANGE")), "{out}");
    let kept = site.directory.0.join("kept.yaml");
    let id = answer["server"]["id"].as_str().unwrap();
    let (code, out, _) = site.run(&["export", id, "--output", kept.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(std::fs::read_to_string(kept).unwrap(), ORDERS.replace("Minutes: 15", "Minutes: 20"));
}

#[test]
fn problems_are_told_with_their_lines_and_nothing_is_changed() {
    let site = Site::new();
    let bad =
        ORDERS.replace("clients: [ALL_CLIENTS]", "clients: [Portal]").replace("Minutes: 15", "Minutes: 2");
    let file = site.write("orders.yaml", &bad);
    let (code, out, said) = site.run(&["apply", &file, "--yes"]);
    assert_eq!((code, out.as_str()), (1, ""));
    let expected = format!(
        "{file}:14:15: policies[0].clients[0]: there is no client `Portal`\n\
         {file}:19:9: policies[0].rules[0].accessTokenLifetimeMinutes: The lifetime must be between 5 and 1440 \
         minutes, and is 2\n\
         error: nothing was changed: 2 problems in {file}\n"
    );
    assert_eq!(said, expected);
    let (code, out, _) = site.run(&["apply", &file, "--yes", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, told["problems"][1]["line"].as_u64()), (1, Some(19)), "{out}");
    assert_eq!(site.run(&["export", "Orders"]).0, 1);

    for (text, at) in [
        ("tokenmint: 1\nserver: *x\n", ":2:9: "),
        (
            "tokenmint: 1\nserver:\n  name: a\n  audiance: b\n",
            ":4:3: server.audiance: there is no member `audiance`; did you mean `audience`?",
        ),
        (
            "tokenmint: 1\nscopes:\n",
            ":2:1: scopes: must be a list; leave the member out, or write [] for none",
        ),
        ("- 1\n", ":1:1: must be an object"),
    ] {
        let file = site.write("bad.yaml", text);
        let (code, _, said) = site.run(&["apply", &file]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(at), "{at}\n{said}");
    }
    let (code, _, said) = site.run(&["apply", "/nowhere.yaml"]);
    assert_eq!(code, 2);
    assert!(said.starts_with("error: cannot read `/nowhere.yaml`"), "{said}");
}

#[test]
fn a_server_that_is_not_there_and_a_token_that_is_none_are_said_in_words() {
    let site = Site::new();
    let (code, _, said) = site.run(&["export", "No such thing"]);
    assert_eq!(
        (code, said.as_str()),
        (1, "error: there is no authorization server `No such thing`, by id or by name\n")
    );
    let (code, _, said) = site.run(&["export", "defualt"]);
    assert!(code == 1 && said.contains("by id or by name; did you mean `default`?"), "{said}");
    let below = format!("{}/oauth2/default", site.server.origin);
    let (code, _, said) = site.run(&["export", "default", "--url", &below]);
    assert!(code == 1 && said.contains("give the server's address without a path"), "{said}");
    let encrypted = site.server.origin.replace("http://", "https://");
    let (code, _, said) = site.run(&["export", "default", "--url", &encrypted]);
    assert!(code == 1 && said.contains("try http:// in place of https://"), "{said}");
    let (code, _, said) = site.run(&["export", "default", "--url", "http://127.0.0.1:1"]);
    assert_eq!(code, 1);
    assert!(said.starts_with("error: the server at http://127.0.0.1:1 could not be asked: "), "{said}");
    let bad = site.write("token", "00wrong\n");
    let (code, _, said) = site.run(&["export", "default", "--token-file", &bad]);
    assert_eq!(code, 1);
    assert!(said.contains("does not know this API token") && !said.contains("00wrong"), "{said}");
    let (code, _, said) = told(&tokenmint(&["export", "default"]).output().unwrap());
    assert_eq!(code, 2);
    assert!(said.contains("TOKENMINT_API_TOKEN"), "{said}");
}

#[test]
fn over_tls_the_authority_is_named_and_a_stranger_is_not_believed() {
    let site = Site::with(&["--tls-self-signed"]);
    assert!(site.server.origin.starts_with("https://"));
    let (code, _, said) = site.run(&["export", "default"]);
    assert_eq!(code, 1);
    assert!(said.contains("--ca names the authority"), "{said}");
    let ca = site.directory.0.join("data/tls-ca.pem");
    assert!(Path::new(&ca).exists());
    let (code, text, said) = site.run(&["export", "default", "--ca", ca.to_str().unwrap()]);
    assert_eq!((code, said.as_str()), (0, ""));
    assert!(text.starts_with("tokenmint: 1\nserver:\n  name: default\n"), "{text}");
}
