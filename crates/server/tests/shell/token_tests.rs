//! `tokenmint test` and `tokenmint preview` on configurations in files: the worked examples of `docs/guides/` pass, without
//! a server, and a case that is wrong fails.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::operator::run;
use crate::program::Directory;

fn guide(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides").join(name)
}

/// Every example: the file beside it that says what it is for, the configuration, the tests.
fn guides() -> Vec<String> {
    let entries = std::fs::read_dir(guide("")).unwrap().map(|entry| entry.unwrap().file_name());
    let pages = entries.filter_map(|name| name.to_str().unwrap().strip_suffix(".md").map(str::to_owned));
    pages.collect()
}

fn test(name: &str, more: &[&str]) -> (i32, String, String) {
    let (tests, configuration) = (guide(&format!("{name}.tests.yaml")), guide(&format!("{name}.yaml")));
    let arguments = ["test", tests.to_str().unwrap(), "--configuration", configuration.to_str().unwrap()];
    run(&[&arguments[..], more].concat())
}

#[test]
fn every_worked_example_passes_its_tests_and_leaves_nothing_untouched() {
    let guides = guides();
    assert!(guides.len() >= 3, "{guides:?}");
    for name in guides {
        let (code, out, said) = test(&name, &["--coverage"]);
        assert_eq!(code, 0, "{name}:\n{out}{said}");
        assert!(out.contains(" 100 %\n"), "{name}:\n{out}");
    }
}

/// A copy of an example with one line changed.
fn changed(directory: &Directory, file: &str, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(guide(file)).unwrap();
    assert!(text.contains(from), "{file} has no `{from}`");
    let path = directory.0.join(file);
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_change_of_the_configuration_that_gives_out_more_fails_with_the_reason() {
    let directory = Directory::new();
    let wider = changed(
        &directory,
        "partner-portal.yaml",
        "scopes: [openid, profile, email, orders.read]",
        "scopes: ['*']",
    );
    let (tests, junit) = (guide("partner-portal.tests.yaml"), directory.0.join("results.xml"));
    let arguments =
        ["test", tests.to_str().unwrap(), "--configuration", &wider, "--junit", junit.to_str().unwrap()];
    let (code, out, _) = run(&arguments);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("FAILED  A partner may not place orders (line "), "{out}");
    assert!(
        out.contains("expected  \"access_denied (no_matching_policy)\"\n")
            && out.contains("tokens, by the rule `Partners`")
            && out.contains(
                "          granted by the rule `Partners` of the policy `Portal`\n            scopes: "
            ),
        "{out}"
    );
    assert!(out.lines().count() < 20 && !out.contains("Access token"), "{out}");
    assert!(out.contains("7 cases: 6 passed, 1 failed\n"), "{out}");
    let (_, long, _) = run(&[&arguments[..4], &["--explain"]].concat());
    assert!(long.contains("Access token") && long.contains("claims of userinfo"), "{long}");
    let xml = std::fs::read_to_string(&junit).unwrap();
    assert!(!xml.contains("Access token"), "{xml}");
    assert_eq!(run(&[&arguments[..4], &["--junit", "-"]].concat()).1, xml, "the same on stdout");
    assert!(xml.contains("tests=\"7\" failures=\"1\" errors=\"0\""), "{xml}");
    let (code, out, _) = run(&[&arguments[..4], &["--json"]].concat());
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &json["failed"], &json["files"][0]["cases"][2]["result"]),
        (1, &1.into(), &"FAILED".into())
    );
}

#[test]
fn a_file_that_is_wrong_runs_nothing_and_names_the_place() {
    let directory = Directory::new();
    let tests = guide("microservices.tests.yaml");
    let tests = tests.to_str().unwrap();
    let configuration = guide("microservices.yaml");
    let configuration = configuration.to_str().unwrap();
    let misspelt = changed(&directory, "microservices.tests.yaml", "rule: Sending", "rules: Sending");
    let foreign = changed(&directory, "group-claims.tests.yaml", "rule: Everybody", "rule: Everybody");
    let broken = changed(&directory, "microservices.yaml", "value: app.profile?.team", "value: app.profile.");
    for (files, said) in [
        ([misspelt.as_str(), configuration], "there is no member `rules`"),
        (
            [foreign.as_str(), configuration],
            "the cases are for `Workspace`, and the configuration is that of `Fulfilment`",
        ),
        ([misspelt.as_str(), configuration], "microservices.tests.yaml:"),
        ([tests, broken.as_str()], "microservices.yaml:23:5: claims[0].value"),
        ([tests, "/nowhere.yaml"], "cannot read `/nowhere.yaml`"),
        (["/nowhere.yaml", configuration], "cannot read `/nowhere.yaml`"),
    ] {
        let (code, out, error) = run(&["test", files[0], "--configuration", files[1]]);
        assert_eq!((code, out.as_str()), (2, ""), "{files:?}: {error}");
        assert!(error.starts_with("error: ") && error.contains(said), "{files:?}: {error}");
    }
    let (code, _, error) = run(&["test", tests]);
    assert!(code == 2 && error.contains("there is no API token"), "{error}");
}

#[test]
fn a_case_that_cannot_be_asked_is_no_success() {
    let directory = Directory::new();
    let tests = changed(&directory, "microservices.tests.yaml", "client: Dashboard", "client: Dashbord");
    let configuration = guide("microservices.yaml");
    let (code, out, _) = run(&["test", &tests, "--configuration", configuration.to_str().unwrap()]);
    assert_eq!(code, 1, "{out}");
    assert!(
        out.contains("BROKEN") && out.contains("there is no app `Dashbord`; did you mean `Dashboard`?\n"),
        "{out}"
    );
    assert!(out.contains("apps stand in `clients:`"), "{out}");
}

#[test]
fn results_are_shown_whatever_becomes_of_the_file_for_them() {
    let (code, out, said) = test("microservices", &["--junit", "/nowhere/results.xml"]);
    assert_eq!(code, 1, "{said}");
    assert!(out.contains(" passed\n") && said.contains("cannot write `/nowhere/results.xml`"), "{out}{said}");
    let (code, out, said) = test("microservices", &["--junit", "-", "--json"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(said.contains("both want stdout"), "{said}");
}

#[test]
fn a_server_that_cannot_be_asked_breaks_its_cases_and_the_results_say_so() {
    let directory = Directory::new();
    let tests = guide("microservices.tests.yaml");
    let token = directory.0.join("token");
    std::fs::write(&token, "00token\n").unwrap();
    let junit = directory.0.join("results.xml");
    let (code, out, _) = run(&[
        "test",
        tests.to_str().unwrap(),
        // Nobody listens on port 1.
        "--url",
        "http://127.0.0.1:1",
        "--token-file",
        token.to_str().unwrap(),
        "--junit",
        junit.to_str().unwrap(),
    ]);
    assert!(code == 1 && out.contains("BROKEN") && out.contains("could not be asked"), "{out}");
    let xml = std::fs::read_to_string(&junit).unwrap();
    assert!(xml.contains("<error message=\"the server at http://127.0.0.1:1 could not be asked"), "{xml}");
}

#[test]
fn a_preview_of_a_file_says_what_somebody_would_get_and_why() {
    let configuration = guide("microservices.yaml");
    let ask = |more: &[&str]| {
        let arguments =
            ["preview", "--configuration", configuration.to_str().unwrap(), "--client", "Courier"];
        run(&[&arguments[..], more].concat())
    };
    let (code, out, said) = ask(&["--scope", "stock.read"]);
    assert_eq!(code, 0, "{said}");
    assert!(out.starts_with("Granted by the rule `Sending` of the policy `Couriers`\n"), "{out}");
    assert!(out.contains("\"team\": \"logistics\""), "{out}");
    let (code, out, _) = ask(&["--scope", "invoices.create"]);
    assert_eq!(code, 3, "{out}");
    assert!(out.starts_with("Refused: 401 access_denied (no_matching_policy)\n"), "{out}");
    let (code, out, _) = ask(&["--scope", "stock.read", "--json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["accessToken"]["claims"]["team"]), (0, &"logistics".into()));
    for (more, expected, said) in [
        (&["--at", "noon"][..], 2, "at: `noon` is not a time"),
        (&["--login", "ana@example.com", "--group", "Nobody"], 1, "there is no group `Nobody`"),
        (&["--group", "Nobody"], 2, "say with --login or --user who that is"),
        (&["--login", "ana@example.com", "--group", "{nam: Team}"], 2, "is not a group such as {name: Team}"),
        (&["--user", "/nowhere"], 2, "cannot read `/nowhere`"),
        (&["--draft", "/nowhere"], 2, "cannot read `/nowhere`"),
        (&["default"], 2, "cannot be used with"),
    ] {
        let (code, out, error) = ask(more);
        assert_eq!((code, out.as_str()), (expected, ""), "{more:?}: {error}");
        assert!(error.contains(said), "{more:?}: {error}");
    }
    // A group that is only imagined is written as the message about one that is not there says.
    let imagined = ["--login", "ana@example.com", "--group", "{\"name\": \"Team Blue\"}", "--json"];
    let (_, out, error) = ask(&imagined);
    let json: Value = serde_json::from_str(&out).expect(&error);
    assert_eq!(json["schema"], 1, "{out}");
    let (_, _, error) = ask(&["--grant-type", "client_credential"]);
    assert!(
        error.contains("there is no grant type `client_credential`; did you mean `client_credentials`?"),
        "{error}"
    );
}

#[test]
fn a_preview_that_fails_says_so_to_a_program_too() {
    let configuration = guide("microservices.yaml");
    let (code, out, said) = run(&[
        "preview",
        "--configuration",
        configuration.to_str().unwrap(),
        "--client",
        "Currier",
        "--json",
    ]);
    let json: Value = serde_json::from_str(&out).unwrap();
    let message = json["problems"][0]["message"].as_str().unwrap();
    assert!(
        code == 1 && message.contains("there is no app `Currier`; did you mean `Courier`?"),
        "{out}{said}"
    );
}

#[test]
fn the_org_that_an_id_token_names_is_the_same_every_time() {
    let configuration = guide("partner-portal.yaml");
    let ask = || {
        let arguments = ["--client", "Partner Portal", "--scope", "openid", "--login", "ana@example.com"];
        let more = ["--group", "Partners", "--json"];
        let (_, out, said) =
            run(&[&["preview", "--configuration", configuration.to_str().unwrap()][..], &arguments, &more]
                .concat());
        let json: Value = serde_json::from_str(&out).expect(&said);
        json["idToken"]["claims"]["idp"].as_str().expect("the ID token names the org").to_owned()
    };
    assert_eq!(ask(), ask());
}

#[test]
fn a_preview_tries_a_draft_and_a_user_from_files() {
    let directory = Directory::new();
    let file = |name: &str, text: &str| {
        let path = directory.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let user =
        file("user.yaml", "profile: {login: ana@acme.example.com, organization: Acme}\ngroups: [Partners]\n");
    let draft = file(
        "draft.yaml",
        "claims:\n  - {name: company, claimType: RESOURCE, value: String.toUpperCase(user.organization)}\n",
    );
    let configuration = guide("partner-portal.yaml");
    let ask = |user: &str, draft: &str| {
        let configuration = configuration.to_str().unwrap();
        let client = ["--client", "Partner Portal", "--scope", "openid orders.read", "--json"];
        let files = ["--user", user, "--draft", draft];
        run(&[&["preview", "--configuration", configuration][..], &client, &files].concat())
    };
    let (code, out, said) = ask(&user, &draft);
    assert_eq!(code, 0, "{said}");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&json["accessToken"]["claims"]["company"], &json["configuration"]["draft"]),
        (&"ACME".into(), &true.into())
    );
    let wrong = file("wrong.yaml", "profile: {}\ngrups: [Partners]\n");
    let (code, _, said) = ask(&wrong, &draft);
    assert!(code == 2 && said.contains("wrong.yaml:2:1: grups: there is no member `grups`"), "{said}");
    assert!(said.contains("did you mean `groups`?"), "{said}");
    let misspelt = file("misspelt.yaml", "claim: []\n");
    let (code, _, said) = ask(&user, &misspelt);
    assert!(code == 2 && said.contains("misspelt.yaml:1:1: claim: there is no member `claim`"), "{said}");
    let wrong = file("wrong.yaml", "claims:\n  - {name: company, claimType: RESOURCE, value: user.}\n");
    let (code, _, said) = ask(&user, &wrong);
    assert!(code == 1 && said.contains("draft: claims[0].value"), "{said}");
}
