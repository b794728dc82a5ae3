//! `tokenmint doctor` over real data directories, with and without a server.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::program::{Directory, Running, tokenmint};
use crate::tls::pem;

/// Exit code and findings.
fn doctor(data: &Path, more: &[&str]) -> (i32, String) {
    let flags = ["doctor", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let output = tokenmint(&[&flags, more].concat()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let marked = |line: &str| ["ok ", "warning ", "error "].iter().any(|mark| line.starts_with(mark));
    assert!(said.lines().all(marked), "{said}{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), said)
}

fn contents(data: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(data).unwrap().map(|file| file.unwrap().path());
    files.map(|path| (path.display().to_string(), fs::read(path).unwrap_or_default())).collect()
}

#[test]
fn nothing_is_wrong_before_the_first_start_and_nothing_is_made() {
    let directory = Directory::new();
    let data = directory.0.join("data");
    let (code, said) = doctor(&data, &["--base-url", "http://localhost:1"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("is not there; serve makes it") && said.contains("none yet; the first start makes one")
    );
    assert!(!data.exists());
}

#[test]
fn what_a_server_left_is_examined_and_left_as_it_is() {
    let directory = Directory::new();
    let data = directory.0.join("data");
    Running::start(&data, &[]).stop();
    let before = contents(&data);
    let (code, said) = doctor(&data, &[]);
    assert_eq!(code, 0, "{said}");
    for about in [
        "ok       settings: readable\n",
        "ok       data directory: ",
        "ok       server: none runs on this data directory\n",
        "ok       database: whole, its schema is this release's\n",
        "ok       master key: opens the root key of the org 00o",
        "not before the newest event\n",
        " is free (--listen)\n",
    ] {
        assert!(said.contains(about), "{about} in {said}");
    }
    assert!(!said.contains("warning"), "{said}");
    assert_eq!(contents(&data), before);
}

#[test]
fn the_running_server_says_how_it_is() {
    let directory = Directory::new();
    let data = directory.0.join("data");
    let server = Running::start(&data, &[]);
    let origin = server.origin.clone();
    let (code, said) = doctor(&data, &["--base-url", &origin]);
    assert_eq!(code, 0, "{said}");
    for about in [
        "server: runs on this data directory",
        "server: its store reads and writes",
        "server: knows the newest configuration, revision 1",
        "server: the master key opens 2 signing keys",
        "/health/ready answers that it is ready",
    ] {
        assert!(said.contains(&format!("ok       {about}")) || said.contains(about), "{about} in {said}");
    }
    drop(server);
}

#[test]
fn each_fault_is_an_error_that_says_how_to_mend_it() {
    let directory = Directory::new();
    let data = directory.0.join("data");
    Running::start(&data, &[]).stop();
    let fails = |more: &[&str], about: &str| {
        let (code, said) = doctor(&data, more);
        assert_eq!(code, 1, "{said}");
        assert!(
            said.lines().any(|line| line.starts_with("error ") && line.contains(about)),
            "{about} in {said}"
        );
    };
    fails(&["--limit-streams", "many"], "settings: --limit-streams: `many` is not a number");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    fails(&["--metrics-listen", &address], "see --metrics-listen");
    fails(&["--tls-cert", "/nowhere", "--tls-key", "/nowhere"], "certificate: cannot read the certificate");

    let key = data.join("master.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    fails(&[], "master key: others may read");
    fs::rename(&key, data.join("away")).unwrap();
    fails(&[], "is missing, and without it");
    let other = String::from_utf8(tokenmint(&["key", "generate"]).output().unwrap().stdout).unwrap();
    let file = directory.0.join("other.key");
    fs::write(&file, other).unwrap();
    fails(&["--master-key-file", file.to_str().unwrap()], "does not open this store");

    fs::write(data.join("tokenmint.db"), "this is no database".repeat(1_000)).unwrap();
    fails(&[], "tokenmint.db` is damaged");
    let file = directory.0.join("file");
    fs::write(&file, "").unwrap();
    let (code, said) = doctor(&file, &[]);
    assert!(code == 1 && said.contains("is no directory; see --data"), "{said}");
}

#[test]
fn a_database_that_was_cut_off_and_a_directory_that_others_enter_are_warnings() {
    let directory = Directory::new();
    let data = directory.0.join("data");
    let mut server = Running::start(&data, &[]);
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    let before = contents(&data);
    let (code, said) = doctor(&data, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("warning  database: the last server was cut off"), "{said}");
    assert!(said.contains("warning  data directory: others may enter"), "{said}");
    assert_eq!(contents(&data), before);
}

#[test]
fn a_postgresql_that_is_not_there_is_an_error_without_its_password() {
    let directory = Directory::new();
    let url = "postgresql://tokenmint:hidden-word@127.0.0.1:1/x";
    let (code, said) = doctor(&directory.0, &["--database-url", url]);
    assert_eq!(code, 1);
    assert!(said.contains("see --database-url") && said.contains("PostgreSQL needs a master key"), "{said}");
    assert!(!said.contains("hidden-word"), "{said}");
}

#[test]
fn a_certificate_must_be_for_the_name_that_clients_call_and_its_key_for_us_alone() {
    let directory = Directory::new();
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["id.example.com".to_owned()]).unwrap();
    let (certificate, key_file) = (directory.0.join("cert.pem"), directory.0.join("key.pem"));
    fs::write(&certificate, pem("CERTIFICATE", params.self_signed(&key).unwrap().der())).unwrap();
    fs::write(&key_file, pem("PRIVATE KEY", key.serialized_der())).unwrap();
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o640)).unwrap();
    let tls = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key_file.to_str().unwrap()];
    let ask = |url: &str| doctor(&directory.0.join("data"), &[&tls[..], &["--base-url", url]].concat());
    let (code, said) = ask("https://id.example.com:8443");
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("ok       certificate: is for id.example.com, as in https://id.example.com:8443\n"),
        "{said}"
    );
    assert!(said.contains("warning  certificate: others may read the key "), "{said}");
    let (code, said) = ask("https://login.example.com");
    assert_eq!(code, 1);
    assert!(said.contains("error    certificate: is not for login.example.com, and clients of"), "{said}");
}

#[test]
fn a_backup_is_examined_when_it_is_told_of() {
    let directory = Directory::new();
    let data = directory.0.join("data");
    Running::start(&data, &[]).stop();
    let file = directory.0.join("young.backup");
    let path = file.to_str().unwrap();
    let made = tokenmint(&["backup", path, "--data", data.to_str().unwrap()]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let (code, said) = doctor(&data, &["--backup", path]);
    assert_eq!(code, 0);
    assert!(said.contains("ok       backup: ") && said.contains("ok       disk: "), "{said}");

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let then = server::clock::now().plus_days(-2);
    let place = store::Place::Directory(data.clone());
    let mut silent = |_| {};
    let old = service::backup::write(&place, Vec::new(), "x", &mut silent, then);
    let (mut old, _) = runtime.block_on(old).unwrap();
    let file = directory.0.join("old.backup");
    fs::write(&file, &old).unwrap();
    let (code, said) = doctor(&data, &["--backup", file.to_str().unwrap()]);
    assert_eq!(code, 0);
    assert!(said.contains("is whole and 2 days old") && said.contains("warning  backup: "), "{said}");
    let last = old.len() - 1;
    old[last] ^= 1;
    fs::write(&file, &old).unwrap();
    let (code, said) = doctor(&data, &["--backup", file.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(
        said.contains("error    backup: ") && said.contains("checksum of the whole file is wrong"),
        "{said}"
    );
}

#[test]
fn files_that_others_may_read_are_warnings() {
    let directory = Directory::new();
    let data = directory.0.join("data");
    Running::start(&data, &[]).stop();
    fs::set_permissions(data.join("tokenmint.db"), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, said) = doctor(&data, &[]);
    assert_eq!(code, 0);
    assert!(said.contains("warning  data directory: others may read `"), "{said}");
    assert!(said.contains("tokenmint.db`: chmod 600 closes it"), "{said}");
    let key = directory.0.join("given.key");
    fs::copy(data.join("master.key"), &key).unwrap();
    for (mode, is_said) in [(0o640, true), (0o600, false)] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let (code, said) = doctor(&data, &["--master-key-file", key.to_str().unwrap()]);
        assert_eq!((code, said.contains("warning  master key: others may read `")), (0, is_said), "{said}");
    }
}
