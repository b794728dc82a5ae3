//! Every table of the schema as a copy has it: its columns, the key first, each with the migration that brought it.
//! Leaves out the schema itself (`migrations/`), which a test compares with this list on both databases.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A whole number: a time, a flag, a count.
    Int,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: Holds,
    /// The migration that brought it.
    pub since: i64,
}

/// A table.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The migration that brought it.
    pub since: i64,
    /// Its columns; the first of them are the primary key, in its order.
    pub columns: &'static [Column],
    /// How many columns the primary key has.
    pub key: usize,
}

macro_rules! holds {
    (int) => {
        Holds::Int
    };
    (text) => {
        Holds::Text
    };
    (bytes) => {
        Holds::Bytes
    };
}

macro_rules! tables {
    ($($since:literal $name:literal ($($key_holds:ident $key:literal),+) { $($holds:ident $column:literal),* }
        $($later:literal { $($later_holds:ident $added:literal),* })*;)*) => {
        /// All of them, in the order in which a copy holds them: what is small and everything rests on, then the log.
        pub const TABLES: &[Table] = &[$(Table {
            name: $name,
            since: $since,
            columns: &[
                $(Column { name: $key, holds: holds!($key_holds), since: $since },)+
                $(Column { name: $column, holds: holds!($holds), since: $since },)*
                $($(Column { name: $added, holds: holds!($later_holds), since: $later },)*)*
            ],
            key: [$($key),+].len(),
        }),*];
    };
}

// The migration that brought it, the name, the key, the other columns; then what later migrations added.
tables! {
    8 "founding" (text "org") { text "founder" };
    1 "org" (text "org") { text "body", int "revision", int "created" };
    2 "org_secret" (text "org", text "name") { text "owner", bytes "sealed" };
    1 "document" (text "org", text "kind", text "id")
        { text "parent", int "revision", int "schema", text "body" };
    2 "signing_key" (text "org", text "server", text "kid")
        { text "status", text "algorithm", text "public", bytes "sealed", int "created", int "activated",
          int "retired", text "body" };
    2 "client_secret" (text "org", text "app", text "id")
        { text "status", bytes "sealed", bytes "mac", int "created", int "updated" };
    2 "api_token" (text "org", bytes "mac")
        { text "id", text "name", text "account", text "client_name", text "network", int "created", int "updated",
          int "used", int "expires" };
    3 "account" (text "org", text "id")
        { text "status", text "profile", int "created", int "activated", int "status_changed", int "last_login",
          int "updated", int "password_changed", int "epoch", int "revision" };
    3 "account_login" (text "org", text "login") { text "account" };
    3 "account_password" (text "org", text "account") { text "hash", int "changed" };
    3 "user_group" (text "org", text "id")
        { text "kind", text "name", text "folded", text "description", int "created", int "updated",
          int "membership_updated" };
    3 "role_assignment" (text "org", text "principal", text "role") { int "created" };
    4 "oauth_grant" (text "org", text "id")
        { text "account", text "client", text "server", text "session", int "revision", text "rule", text "scopes",
          text "audiences", text "acr", text "amr", int "auth_time", text "cnf", text "hook", int "created",
          int "ended" };
    9 "refresh_grant" (text "org", text "server", text "client", text "id")
        { int "updated", int "idle_expires", int "expires" };
    6 "used_assertion" (text "org", text "client", bytes "jti_hash") { int "expires" } 10 { text "mark" };
    7 "revocation" (text "org", bytes "jti_hash") { int "expires", int "at" } 10 { text "client" };
    1 "change" (text "org", int "revision", int "ordinal")
        { text "kind", text "id", text "parent", int "at", text "actor", int "schema", text "before", text "after" };
    5 "log_writer" (text "org", text "writer") { int "next", int "at" };
    5 "log_head" (text "org") { int "seq" };
    5 "log_segment" (text "org", int "seq")
        { text "writer", int "n", int "events", int "at_min", int "at_max" };
    5 "event" (text "org", text "writer", int "n") { int "at", int "schema", text "body" };
}

impl Table {
    /// The table of this name, if there is one.
    pub fn find(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }

    /// The columns that it has at a schema of this number.
    pub fn columns_at(&self, schema: i64) -> impl Iterator<Item = &'static Column> + use<> {
        self.columns.iter().filter(move |column| column.since <= schema)
    }

    fn names(&self, schema: i64) -> String {
        self.columns_at(schema).map(|column| column.name).collect::<Vec<_>>().join(", ")
    }

    /// Reads every row, by the key.
    pub(crate) fn select(&self, schema: i64) -> String {
        let key = self.columns[..self.key].iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
        format!("select {} from {} order by {key}", self.names(schema), self.name)
    }

    /// Writes one row.
    pub(crate) fn insert(&self, schema: i64) -> String {
        let places: Vec<String> =
            (1..=self.columns_at(schema).count()).map(|place| format!("${place}")).collect();
        format!("insert into {} ({}) values ({})", self.name, self.names(schema), places.join(", "))
    }

    /// Writes many rows in PostgreSQL's binary form.
    pub(crate) fn copy_in(&self, schema: i64) -> String {
        format!("copy {} ({}) from stdin (format binary)", self.name, self.names(schema))
    }
}

/// The tables of a schema of this number.
pub fn tables_at(schema: i64) -> impl Iterator<Item = &'static Table> {
    TABLES.iter().filter(move |table| table.since <= schema)
}
