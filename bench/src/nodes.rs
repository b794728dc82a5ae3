//! One, two and three nodes on one PostgreSQL: how many tokens each gives out, what a token costs it, and what it costs the
//! database. Beside it, one node on its embedded store.

use std::net::TcpListener;
use std::process::ExitCode;
use std::thread;

use crate::client::Client;
use crate::cluster::Cluster;
use crate::histogram::Histogram;
use crate::mint::{Mint, wait_ready};
use crate::options::Options;
use crate::page::{self, Part};
use crate::process::Server;
use crate::rounds::{self, Load, Round, Side};
use crate::table::{Aim, dash, float, head, line, median, ratio};
use crate::{compare, fixture, master_key};

const NAMES: [&str; 3] = ["node 1", "node 2", "node 3"];

/// Measures all of them.
pub fn run(options: &Options) -> Result<ExitCode, String> {
    page::run(options, "nodes", |scratch| {
        let load = Load::of(options, 3, 3)?;
        let alone = embedded(&Mint::of(options, scratch)?, load)?;
        let postgres = start_database()?;
        let mint = Mint::of(options, scratch)?;
        let mint = Mint {
            database: Some((Cluster::url(postgres.address()), master_key::generate(&mint.binary)?)),
            ..mint
        };
        let (_servers, mut sides) = start_nodes(&mint)?;
        let mut rows = vec![alone];
        for count in 1..=sides.len() {
            rows.push(together(&mut sides[..count], &postgres, load)?);
        }
        let errors = rows.iter().map(|row| row.errors).sum();
        Ok(Part { aims: vec![Aim::no_errors("errors", errors)], text: text(&rows, load) })
    })
}

/// What one number of nodes showed: of each round the tokens per second of all, and processor time per token.
struct Row {
    name: String,
    nodes: usize,
    rates: Vec<f64>,
    node_micros: Vec<f64>,
    database_micros: Vec<f64>,
    p50: f64,
    p99: f64,
    errors: u64,
}

/// Durable, as it comes out of the box.
fn start_database() -> Result<Cluster, String> {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let name = format!("bench-postgres-{}", std::process::id());
    let started = Cluster::start(&name, port.map_err(|error| error.to_string())?, &[])?;
    started.ok_or_else(|| "no PostgreSQL: install it (`apt-get install postgresql`)".to_owned())
}

fn embedded(mint: &Mint, load: Load) -> Result<Row, String> {
    let server = mint.start(&mint.scratch.join("embedded"))?;
    let client = fixture::small(&server.url, None)?;
    let side = Side::new("embedded", &server, &mint.scratch, vec![client.request(&server.url)?]);
    let [side] = rounds::in_turn([side], load, |_| Ok(()))?;
    Ok(Row {
        name: "1, embedded store".to_owned(),
        nodes: 1,
        rates: vec![compare::rate(&side)],
        node_micros: vec![compare::cpu(&side)],
        database_micros: Vec::new(),
        p50: compare::percentile(&side, 500),
        p99: compare::percentile(&side, 990),
        errors: side.errors,
    })
}

fn start_nodes(mint: &Mint) -> Result<(Vec<Server>, Vec<Side>), String> {
    let (mut servers, mut sides) = (Vec::new(), Vec::new());
    let mut client: Option<Client> = None;
    for name in NAMES {
        let server = mint.start(&mint.scratch.join(name.replace(' ', "-")))?;
        wait_ready(&server.url)?;
        let known = match client.take() {
            Some(known) => known,
            None => fixture::small(&server.url, None)?,
        };
        sides.push(Side::new(name, &server, &mint.scratch, vec![known.request(&server.url)?]));
        client = Some(known);
        servers.push(server);
    }
    Ok((servers, sides))
}

/// Rounds in which every node is loaded at once, each by a driver of its own. The first one only warms.
fn together(sides: &mut [Side], postgres: &Cluster, load: Load) -> Result<Row, String> {
    let nodes = sides.len();
    let name = format!("{nodes}, PostgreSQL");
    let load = Load { connections: (load.connections / nodes).max(1), ..load };
    let mut row = Row {
        name,
        nodes,
        rates: Vec::new(),
        node_micros: Vec::new(),
        database_micros: Vec::new(),
        p50: 0.0,
        p99: 0.0,
        errors: 0,
    };
    let mut latencies = Histogram::default();
    for number in 0..=load.rounds {
        let before = postgres.cpu_micros()?;
        let round = at_once(sides, load)?;
        let database_micros = postgres.cpu_micros()? - before;
        row.errors += round.iter().map(|round| round.errors).sum::<u64>();
        for (side, round) in sides.iter().zip(&round) {
            rounds::report(side.name, number, load, round);
        }
        if number == 0 {
            continue;
        }
        let replies: u64 = round.iter().map(Round::replies).sum();
        let wall = round.iter().map(|round| round.wall_micros).max().unwrap_or(0);
        row.rates.push(ratio(replies, wall) * 1_000_000.0);
        row.node_micros.push(ratio(round.iter().map(|round| round.server_micros).sum(), replies));
        // The database is watched from the start of the drivers to their end, which is longer than what is measured.
        let share = float(load.seconds) / float(load.warm_seconds + load.seconds);
        row.database_micros.push(float(database_micros) * share / float(replies));
        for round in &round {
            latencies.merge(&round.latencies);
        }
    }
    row.p50 = float(latencies.quantile(500)) / 1000.0;
    row.p99 = float(latencies.quantile(990)) / 1000.0;
    Ok(row)
}

fn at_once(sides: &mut [Side], load: Load) -> Result<Vec<Round>, String> {
    thread::scope(|scope| {
        let drivers: Vec<_> = sides.iter_mut().map(|side| scope.spawn(move || side.drive(load))).collect();
        drivers
            .into_iter()
            .map(|driver| driver.join().unwrap_or_else(|_| Err("a driver panicked".to_owned())))
            .collect()
    })
}

fn text(rows: &[Row], load: Load) -> String {
    let mut text = head(&[
        "nodes",
        "tokens per second, all",
        "per node",
        "node's CPU per token, µs",
        "database's CPU per token, µs",
        "p50, ms",
        "p99, ms",
        "errors",
    ]);
    for row in rows {
        let rate = median(&row.rates);
        let database = match row.database_micros.as_slice() {
            [] => dash(),
            micros => format!("{:.1}", median(micros)),
        };
        line(
            &mut text,
            &[
                row.name.clone(),
                format!("{rate:.0}"),
                format!("{:.0}", rate / float(row.nodes as u64)),
                format!("{:.1}", median(&row.node_micros)),
                database,
                format!("{:.2}", row.p50),
                format!("{:.2}", row.p99),
                row.errors.to_string(),
            ],
        );
    }
    format!("{text}\n{}", compare::driven(load))
}
