//! What operators run beside `serve`.

use std::path::Path;
use std::process::Output;

use crate::program::{Directory, Running, tokenmint};

/// Exit code, stdout and stderr.
pub fn run(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = tokenmint(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn api_token(data: &Path, arguments: &[&str]) -> (i32, String, String) {
    run(&[&["api-token"], arguments, &["--data", data.to_str().unwrap()]].concat())
}

fn status(server: &Running, token: &str) -> String {
    let reply = server.send(&format!(
        "GET /api/v1/users/me HTTP/1.1\r\nHost: x\r\nAuthorization: SSWS {token}\r\nConnection: close\r\n\r\n"
    ));
    reply[9..12].to_owned()
}

#[test]
fn a_token_is_made_used_listed_and_revoked() {
    let directory = Directory::new();
    let server = Running::start(&directory.0, &[]);
    let (code, out, said) = api_token(&directory.0, &["create", "--name", "deploy"]);
    assert_eq!(code, 0, "{said}");
    let token = out.strip_suffix('\n').expect("one line");
    assert!(token.starts_with("00") && token.len() == 42 && !said.contains(token), "{out}{said}");
    assert!(said.starts_with("API token `deploy` of admin@example.com, id 00T"), "{said}");
    assert_eq!(status(&server, token), "200");

    let (code, table, _) = api_token(&directory.0, &["list"]);
    assert_eq!((code, table.lines().count()), (0, 3), "{table}");
    assert!(table.starts_with("ID ") && table.contains("  deploy ") && !table.contains(token), "{table}");
    let (_, json, _) = api_token(&directory.0, &["list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&json).unwrap();
    let ours = listed.as_array().unwrap().iter().find(|one| one["name"] == "deploy").unwrap();
    assert_eq!((&ours["login"], &ours["lastUsed"]), (&"admin@example.com".into(), &serde_json::Value::Null));

    let id = ours["id"].as_str().unwrap();
    let (code, out, said) = api_token(&directory.0, &["revoke", id]);
    assert_eq!((code, out.as_str(), said), (0, "", format!("API token `deploy`, id {id}, is revoked\n")));
    assert_eq!(status(&server, token), "401");
    let (code, _, said) = api_token(&directory.0, &["revoke", id]);
    assert_eq!(code, 1);
    assert!(said.starts_with(&format!("error: there is no API token `{id}`")), "{said}");
}

#[test]
fn a_token_that_cannot_be_made_is_refused_in_words() {
    let directory = Directory::new();
    let create =
        |name: &str, user: &str| api_token(&directory.0, &["create", "--name", name, "--user", user]);
    let (code, _, said) = create("x", "admin@example.com");
    assert_eq!(code, 1);
    assert!(said.starts_with("error: no Tokenmint runs on the data directory"), "{said}");
    let _server = Running::start(&directory.0, &[]);
    for (name, user, about) in [
        ("x", "nobody@example.com", "error: there is no user `nobody@example.com` (--user LOGIN)\n"),
        ("", "admin@example.com", "error: name: The field cannot be left blank\n"),
        (
            &"x".repeat(256),
            "admin@example.com",
            "error: name: The field must be between 1 and 255 characters",
        ),
    ] {
        let (code, out, said) = create(name, user);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(said.starts_with(about), "{said}");
    }
    let (_, json, _) = api_token(&directory.0, &["list", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap().as_array().unwrap().len(), 1);
    let (code, ..) = create(&"é".repeat(255), "ADMIN@example.com");
    assert_eq!(code, 0);
}

/// The commands that `--help` names, and those below them.
pub fn commands(before: &[&str]) -> Vec<String> {
    let (_, help, _) = run(&[before, &["--help"]].concat());
    let listed = help.split_once("Commands:\n").map_or("", |(_, rest)| rest);
    let lines = listed.lines().take_while(|line| line.starts_with("  "));
    let names =
        lines.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    let mut found = Vec::new();
    for name in names.filter(|name| *name != "help") {
        found.push(name.to_owned());
        found.extend(commands(&[before, &[name]].concat()));
    }
    found
}

#[test]
fn completions_know_every_command() {
    let commands = commands(&[]);
    for known in
        ["serve", "key", "rewrap", "api-token", "create", "doctor", "backup", "restore", "completions"]
    {
        assert!(commands.iter().any(|command| command == known), "{known}: {commands:?}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, script, _) = run(&["completions", shell]);
        assert_eq!(code, 0);
        for command in &commands {
            assert!(script.contains(command), "{shell}: {command}");
        }
        assert!(script.contains("limit-idle-time"), "{shell} knows the flags");
    }
    assert_eq!(run(&["completions", "sh"]).0, 2);
}
