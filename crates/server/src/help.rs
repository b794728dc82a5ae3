//! What `--help` teaches beside the flags: examples, where data lies, variables, exit codes. Owns the texts; leaves out
//! the commands and their flags (`cli`).

/// Below `tokenmint --help`.
pub const PROGRAM: &str = "\
Begin:
  tokenmint serve                              prints the address and, on the first start, an
                                               administrator and an API token, once
  tokenmint doctor                             what is wrong here, and how to mend it
  tokenmint backup tokenmint-1.backup          a copy of everything, while the server runs
  tokenmint preview default --client NAME      which token somebody would get, and why
  tokenmint export default -o default.yaml     a server's configuration as a file; apply puts it back

Where data lies:
  ./.data, or the directory of --data: the embedded database (tokenmint.db), the master key
  that opens its secrets (master.key), the control socket of the running server
  (tokenmint.sock). With --database-url, rows lie in PostgreSQL and the master key is yours.

Settings come from flags, from the environment (--database-url is TOKENMINT_DATABASE_URL) and
from a TOML file (--config, TOKENMINT_CONFIG), in this order.

Exit codes: 0 done; 1 failed, the reason is on stderr; 2 a flag, variable or file is wrong.";

/// Below `serve` and `doctor`.
pub const SETTINGS: &str = "\
Every option may also be given in the environment (--base-url is TOKENMINT_BASE_URL) or in
the file of --config (base_url = \"…\"; --limit-idle-time is idle_time in the table [limits]).
A flag wins over the environment, the environment over the file. In TOKENMINT_BASE_URL
and TOKENMINT_OUTBOUND_ALLOW, several values are parted by commas.

Secrets come from the environment only, or from a file that only the server may read:
  TOKENMINT_MASTER_KEY      the master key's text, instead of --master-key-file
  TOKENMINT_ADMIN_LOGIN     the first administrator, made when the database is empty
  TOKENMINT_ADMIN_PASSWORD  that administrator's password
  TOKENMINT_API_TOKEN       that administrator's API token";

/// Before the settings of `serve`.
pub const SERVE: &str = "\
Examples:
  tokenmint serve
      on http://localhost:8080, everything in ./.data
  tokenmint serve --listen 0.0.0.0:443 --base-url https://id.example.com \\
      --tls-cert chain.pem --tls-key key.pem --data /var/lib/tokenmint
  TOKENMINT_MASTER_KEY=$(cat key) tokenmint serve \\
      --database-url postgresql://tokenmint@db.example.com/tokenmint
      one of several nodes on one PostgreSQL

Exit codes: 0 ended by a signal; 1 cannot start, the reason is on stderr; 2 a setting is wrong.";

/// Before the settings of `doctor`.
pub const DOCTOR: &str = "\
Examples:
  tokenmint doctor --data /var/lib/tokenmint
  tokenmint doctor --config /etc/tokenmint.toml --backup /backups/newest.backup
      with the settings of serve, and whether the newest backup is young enough

Exit codes: 0 no error (there may be warnings); 1 at least one error.";

/// Below `key`.
pub const KEY: &str = "\
The master key seals signing keys and client secrets in the database. Beside the embedded
database it lies in master.key in --data. For PostgreSQL you make it and give it by
--master-key-file or TOKENMINT_MASTER_KEY. Without it, what it sealed is lost: keep a copy,
in another place than copies of the database.

Examples:
  (umask 077; tokenmint key generate > /etc/tokenmint/master.key)
  tokenmint key rewrap --data /var/lib/tokenmint";

/// Below `key generate`.
pub const KEY_GENERATE: &str = "\
Example:
  (umask 077; tokenmint key generate > /etc/tokenmint/master.key)
  tokenmint serve --master-key-file /etc/tokenmint/master.key --database-url postgresql://…

It is printed to stdout, written nowhere, and never the same again.";

/// Below `key rewrap`.
pub const KEY_REWRAP: &str = "\
Examples:
  tokenmint key rewrap
      the server on ./.data made its key itself: a new one takes its place
  (umask 077; tokenmint key generate > new; cat new old > keys)
  tokenmint serve --master-key-file keys … ; tokenmint key rewrap
      you gave the key: the new one first, restart, rewrap, take the old one out

The server must run, and be reached by the control socket in --data (TOKENMINT_DATA).
Backups of before need the key of before: keep it as long as them.
Exit codes: 0 everything is sealed under the new key; 1 not; 2 a setting is wrong.";

/// Below `api-token`.
pub const API_TOKEN: &str = "\
Examples:
  TOKEN=$(tokenmint api-token create --name deploy)
  curl -H \"Authorization: SSWS $TOKEN\" http://localhost:8080/api/v1/users/me
  tokenmint api-token list
  tokenmint api-token revoke 00T1a2b3c4d5e6f7g8h9

For whoever has the machine and not, or no longer, a token. The server must run; it is reached
by the control socket in --data (TOKENMINT_DATA), as the user that it runs as.
Exit codes: 0 done; 1 failed, the reason is on stderr; 2 a flag is wrong.";

/// Below `api-token create`.
pub const API_TOKEN_CREATE: &str = "\
Examples:
  TOKEN=$(tokenmint api-token create --name deploy)
  tokenmint api-token create --name ci --user ci@example.com --data /var/lib/tokenmint";

/// Below `api-token list`.
pub const API_TOKEN_LIST: &str = "\
Examples:
  tokenmint api-token list
  tokenmint api-token list --json | jq -r '.[] | select(.lastUsed == null) | .id'
      those that were never used";

/// Below `api-token revoke`.
pub const API_TOKEN_REVOKE: &str = "\
Example:
  tokenmint api-token revoke 00T1a2b3c4d5e6f7g8h9";

/// Below `backup`.
pub const BACKUP: &str = "\
Examples:
  tokenmint backup /backups/$(date +%F).backup --data /var/lib/tokenmint
  tokenmint backup today.backup --database-url postgresql://tokenmint@db.example.com/tokenmint
  tokenmint backup --verify today.backup
      reads it to the end, checks every part, and says what it holds

It holds every row as it was at one moment: everything that the server had acknowledged before
the command began. The server goes on meanwhile and need not run. The file is one form for both
databases, is readable by its owner alone (mode 0600), and gets its name only once it is whole.

The master key is not in it. Secrets are in it as they are in the database, sealed; the command
says the id of the key that opens them. Keep a copy of that key, in another place.

Settings: --config, --data and --database-url, or TOKENMINT_CONFIG, TOKENMINT_DATA and
TOKENMINT_DATABASE_URL.
Exit codes: 0 written and read back, or whole; 1 not, the reason is on stderr; 2 a flag is wrong.";

/// Below `restore`.
pub const RESTORE: &str = "\
Examples:
  tokenmint restore today.backup --data /var/lib/tokenmint-2 --accept
      into a new directory; put master.key there, too, before you serve from it
  tokenmint restore today.backup --replace --accept --end-tokens
      the database in ./.data is moved aside, into .data/before_restore_…
  tokenmint restore laptop.backup --database-url postgresql://tokenmint@db.example.com/tokenmint \\
      --master-key-file master.key --accept
      from the embedded database to PostgreSQL

Stop every server on the database first. All of it is restored or nothing: the copy is made
beside what is there, read back and compared, and then put in place in one move. A database that
is there is moved aside with --replace and never removed: into a directory within --data, or into
a schema of the same PostgreSQL database.

A backup knows nothing of what ended after it: revoked tokens, deleted apps, rotated keys stand
again. Where the database that is replaced can be read, the command lists what has ended since;
where it cannot, it says so. It goes on only with --accept, or if you type yes.
--end-tokens ends every access token that was decided before the restore, for whoever introspects.
A client assertion that may have been used before is taken in no case.

Settings: --config, --data, --database-url and --master-key-file, or TOKENMINT_CONFIG,
TOKENMINT_DATA, TOKENMINT_DATABASE_URL, TOKENMINT_MASTER_KEY_FILE and TOKENMINT_MASTER_KEY.
Exit codes: 0 restored; 1 nothing was changed, the reason is on stderr; 2 a flag is wrong.";

/// Below `preview`.
pub const PREVIEW: &str = "\
Examples:
  tokenmint preview default --client Courier --scope orders.read
      what the service called Courier would get from the server called default
  tokenmint preview Orders --client Portal --scope openid --scope email \\
      --login ana@example.com --group Partners
      what somebody in the group Partners would get by signing in to the portal
  tokenmint preview Orders --client Portal --scope openid --user ana.yaml --draft policies.yaml
      the same with a whole profile, and with policies that are not saved
  tokenmint preview --configuration orders.yaml --client Courier --scope orders.read
      without a server, on what tokenmint export wrote

The file of --user, in YAML or JSON; every member may be left out:
  profile: {login: ana@example.com, email: ana@example.com, department: Sales}
  appProfile: {userName: ana}      what the app knows of the user [default: the login]
  groups: [Partners, {name: Team}] by name or id; {name: …} need not exist
  status: ACTIVE
  linked: {manager: {login: mo@example.com}}
  session: {amr: [pwd, otp], authTime: 2026-01-31T12:00:00Z}

The answer: the tokens decoded, and the decision step by step: each policy and rule with the
condition that failed first, each claim with what it read and its value.

The server and the token: --url and --token-file, or TOKENMINT_URL and TOKENMINT_API_TOKEN.
Exit codes: 0 tokens would be given out; 3 the request would be refused; 1 it could not be
asked, the reason is on stderr; 2 a flag or a file is wrong.";

/// Below `test`.
pub const TEST: &str = "\
Examples:
  tokenmint export Orders > orders.yaml
  tokenmint test orders.tests.yaml --configuration orders.yaml
      without a server: in a pipeline, before anything is applied
  tokenmint test *.tests.yaml --url https://id.example.com --coverage --junit results.xml
      on a server that runs; nothing is signed or written there

A file of tests:
  tokenTests: 1
  server: Orders
  users:
    ana: {profile: {login: ana@example.com}, groups: [Partners]}
  cases:
    - name: A courier may read orders for five minutes
      client: Courier
      grantType: client_credentials
      scopes: [orders.read]
      expect:
        rule: Couriers
        lifetimes: {accessTokenMinutes: 5}
        accessToken: {contains: {tier: gold}, absent: [email]}
    - name: A partner may not write
      client: Portal
      grantType: authorization_code
      scopes: [orders.write]
      user: ana
      expect: {reason: no_matching_policy}

All members: docs/token-tests.md. A case that fails shows what differs and why the decision was
made so.

The server and the token: --url and --token-file, or TOKENMINT_URL and TOKENMINT_API_TOKEN.
Exit codes: 0 every case passed; 1 a case did not, or could not be asked; 2 a flag or a file is
wrong, and nothing was run.";
/// Below `export`.
pub const EXPORT: &str = "\
Examples:
  export TOKENMINT_API_TOKEN=$(tokenmint api-token create --name me)
  tokenmint export default
  tokenmint export 'Partner portal' -o partner-portal.yaml --url https://id.example.com

The file holds everything that is the server's own: its settings, scopes, claims, and policies
with their rules in order. What is as everywhere is left out, lists without an order are sorted,
and times and ids are not in it, so that a small change is a small difference in version control.
It holds no secret and no key. What it names but does not own (clients, groups) is listed below.

tokenmint apply puts it back, here or on another Tokenmint. docs/configuration-file.md says what
each member means.

The API token comes from TOKENMINT_API_TOKEN or the file of --token-file; its user must be allowed
to read authorization servers.
Exit codes: 0 written; 1 failed, the reason is on stderr; 2 a flag or variable is wrong.";

/// Below `apply`.
pub const APPLY: &str = "\
Examples:
  tokenmint apply partner-portal.yaml
      shows the plan and asks
  tokenmint apply partner-portal.yaml --yes --url https://id.example.com
      in a pipeline
  tokenmint apply partner-portal.yaml --dry-run --exit-code
      3 if the server is not as the file says

Names are the identity. A section that is in the file (scopes, claims, policies) is the whole
truth: what it does not name is deleted, and system scopes and claims go back to their defaults. A
section that is absent stays as it is. What stays keeps its id and its keys. A rename is a deletion
and a creation; the plan says so. Applied a second time, a file changes nothing.

All of it is done or nothing, as one change, and exactly what the plan said: if somebody else
changes the org meanwhile, nothing is done. All problems are told at once, each with its line.

The API token comes from TOKENMINT_API_TOKEN or the file of --token-file; its user must be allowed
to manage authorization servers.
Exit codes: 0 done, or nothing to do; 1 refused or failed, the reason is on stderr; 2 a flag, a
variable or the file is wrong; 3 with --dry-run --exit-code: there is something to do.";

/// Below `completions`.
pub const COMPLETIONS: &str = "\
Examples:
  source <(tokenmint completions bash)                        in ~/.bashrc
  tokenmint completions zsh > ~/.zfunc/_tokenmint             with fpath+=~/.zfunc
  tokenmint completions fish > ~/.config/fish/completions/tokenmint.fish";
