//! Entries in one SQLite file.
//!
//! One task owns the only connection. Requests that come while it is busy are committed together
//! (group commit): one sync of the disk for all of them.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use environment::Environment;
use jiff::Timestamp;
use rand::Rng;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::{Error, Store};
use crate::entries::{Entry, Fact, Incarnation, Stamp};

/// The layout of the file, in its `user_version`.
const LAYOUT: i64 = 1;

/// The most requests that are committed together: bounds how long the first of them waits.
const BATCH_MAX: usize = 256;

/// How long to wait for another process to let go of the file: longer than a predecessor takes
/// to end.
const BUSY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(3);

const SCHEMA: [&str; 3] = [
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE entries (
        incarnation TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        receipt TEXT NOT NULL,
        fact TEXT NOT NULL,
        PRIMARY KEY (incarnation, sequence)
     ) STRICT, WITHOUT ROWID",
    "PRAGMA user_version = 1",
];

const BEGIN: &str = "BEGIN IMMEDIATE";

const INSERT: &str = "INSERT INTO entries (incarnation, sequence, receipt, fact) VALUES (?, ?, ?, ?)";

/// What a probe writes: more than a usual batch, so that readiness ends before accepting does.
const PROBE_BYTES: usize = 16 * 1024;

/// Where and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file; made if it is not there.
    pub path: PathBuf,
    /// Requests that may wait at once; more are refused.
    pub queue: usize,
    /// The most pages (of 4 KiB) the file may have; SQLite's own limit where it is not given.
    pub pages_max: Option<u32>,
}

impl Options {
    /// A file without a limit of its own.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), queue: 1024, pages_max: None }
    }
}

/// A store in a SQLite file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sqlite {
    requests: mpsc::Sender<Request>,
    queue: usize,
}

enum Request {
    Append(Vec<Fact>, oneshot::Sender<Result<Vec<Entry>, Error>>),
    Load(oneshot::Sender<Result<Vec<Entry>, Error>>),
    Forget(Vec<Stamp>, oneshot::Sender<Result<(), Error>>),
    Probe(oneshot::Sender<Result<(), Error>>),
    Close(oneshot::Sender<()>),
}

impl Sqlite {
    /// Opens the file, or makes it.
    pub async fn open(environment: &Environment, options: Options) -> Result<Self, Error> {
        let mut journal = Journal::open(environment, &options).await?;
        let (requests, mut inbox) = mpsc::channel(options.queue.max(1));
        // Without its journal an alerter must not go on as if it kept what it is told.
        environment.spawn_critical("journal", async move {
            let closed = journal.serve(&mut inbox).await;
            // What was committed is safe without it; it only tidies up the files.
            drop(journal.connection.close().await);
            // Whoever asked for it may be gone.
            let _ = closed.map(|closed| closed.send(()));
        });
        Ok(Self { requests, queue: options.queue })
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.requests.try_send(request(reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Overloaded(self.queue),
            mpsc::error::TrySendError::Closed(_) => Error::Closed,
        })?;
        answer.await.map_err(|_| Error::Closed)
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn append(&self, facts: Vec<Fact>) -> Result<Vec<Entry>, Error> {
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(|reply| Request::Append(facts, reply)).await?
    }

    async fn load(&self) -> Result<Vec<Entry>, Error> {
        self.ask(Request::Load).await?
    }

    async fn forget(&self, stamps: Vec<Stamp>) -> Result<(), Error> {
        self.ask(|reply| Request::Forget(stamps, reply)).await?
    }

    async fn probe(&self) -> Result<(), Error> {
        self.ask(Request::Probe).await?
    }

    async fn close(&self) {
        drop(self.ask(Request::Close).await);
    }
}

struct Journal {
    environment: Environment,
    connection: SqliteConnection,
    path: String,
    incarnation: Incarnation,
    sequence: u64,
    last_receipt: Option<Timestamp>,
}

type Waiting = (Vec<Fact>, oneshot::Sender<Result<Vec<Entry>, Error>>);

impl Journal {
    async fn open(environment: &Environment, options: &Options) -> Result<Self, Error> {
        let path = options.path.display().to_string();
        let mut connection = connect(&options.path, options.pages_max)
            .await
            .map_err(|error| opening(&path, &options.path, &error))?;
        let layout: i64 = sqlx::query_scalar("PRAGMA user_version")
            .fetch_one(&mut connection)
            .await
            .map_err(|error| opening(&path, &options.path, &error))?;
        match layout {
            0 => create(environment, &mut connection).await.map_err(|error| classify(&path, &error))?,
            LAYOUT => {}
            found => return Err(Error::TooNew { path, found, known: LAYOUT }),
        }
        let meta = |name: &'static str| {
            sqlx::query_scalar::<_, String>("SELECT value FROM meta WHERE name = ?").bind(name)
        };
        let damaged = |reason: &str| Error::Damaged { path: path.clone(), reason: reason.to_owned() };
        let incarnation = meta("incarnation").fetch_optional(&mut connection).await;
        let incarnation = incarnation.map_err(|error| classify(&path, &error))?;
        let incarnation = incarnation
            .and_then(|text| u64::from_str_radix(&text, 16).ok())
            .ok_or_else(|| damaged("it has no incarnation"))?;
        let sequence = meta("sequence").fetch_optional(&mut connection).await;
        let sequence = sequence.map_err(|error| classify(&path, &error))?;
        let sequence =
            sequence.and_then(|text| text.parse().ok()).ok_or_else(|| damaged("it has no sequence"))?;
        let last: Option<String> = sqlx::query_scalar("SELECT max(receipt) FROM entries")
            .fetch_one(&mut connection)
            .await
            .map_err(|error| classify(&path, &error))?;
        Ok(Self {
            environment: environment.clone(),
            connection,
            path,
            incarnation: Incarnation(incarnation),
            sequence,
            last_receipt: last.and_then(|text| text.parse().ok()),
        })
    }

    /// Serves until it is to be closed, and returns who is to be told then.
    async fn serve(&mut self, inbox: &mut mpsc::Receiver<Request>) -> Option<oneshot::Sender<()>> {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while inbox.recv_many(&mut batch, BATCH_MAX).await > 0 {
            let mut appends: Vec<Waiting> = Vec::new();
            for request in batch.drain(..) {
                match request {
                    Request::Append(facts, reply) => appends.push((facts, reply)),
                    other => {
                        self.commit(std::mem::take(&mut appends)).await;
                        let closed = self.other(other).await;
                        if closed.is_some() {
                            return closed;
                        }
                    }
                }
            }
            self.commit(appends).await;
        }
        None
    }

    /// Keeps the facts of several requests in one transaction.
    async fn commit(&mut self, appends: Vec<Waiting>) {
        if appends.is_empty() {
            return;
        }
        let now = self.environment.now();
        // Receipts never go back, even where the clock does: order by receipt is order of arrival.
        let receipt = self.last_receipt.map_or(now, |last| last.max(now));
        let mut sequence = self.sequence;
        let mut kept: Vec<Vec<Entry>> = Vec::with_capacity(appends.len());
        let mut replies = Vec::with_capacity(appends.len());
        for (facts, reply) in appends {
            let entries = facts.into_iter().map(|fact| {
                sequence += 1;
                Entry { stamp: Stamp { receipt, incarnation: self.incarnation, sequence }, fact }
            });
            kept.push(entries.collect());
            replies.push(reply);
        }
        let written = self.write(&kept, sequence).await;
        if written.is_ok() {
            self.sequence = sequence;
            self.last_receipt = Some(receipt);
        }
        for (reply, entries) in replies.into_iter().zip(kept) {
            drop(reply.send(written.clone().map(|()| entries)));
        }
    }

    async fn write(&mut self, kept: &[Vec<Entry>], sequence: u64) -> Result<(), Error> {
        let connection = &mut self.connection;
        let result = async {
            sqlx::query(BEGIN).execute(&mut *connection).await?;
            for entry in kept.iter().flatten() {
                let fact = serde_json::to_string(&entry.fact)
                    .map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
                sqlx::query(INSERT)
                    .bind(hex(entry.stamp.incarnation))
                    .bind(entry.stamp.sequence as i64)
                    .bind(sortable(entry.stamp.receipt))
                    .bind(fact)
                    .execute(&mut *connection)
                    .await?;
            }
            sqlx::query("UPDATE meta SET value = ? WHERE name = 'sequence'")
                .bind(sequence.to_string())
                .execute(&mut *connection)
                .await?;
            sqlx::query("COMMIT").execute(&mut *connection).await
        };
        let result = result.await;
        self.settle(result).await
    }

    /// Takes back what a failed transaction did. SQLite does that by itself after some errors (a
    /// full disk among them), and then there is nothing to take back: that is no failure.
    async fn settle<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<(), Error> {
        let Err(error) = result else { return Ok(()) };
        drop(sqlx::query("ROLLBACK").execute(&mut self.connection).await);
        Err(classify(&self.path, &error))
    }

    async fn other(&mut self, request: Request) -> Option<oneshot::Sender<()>> {
        match request {
            Request::Append(..) => unreachable!("appends are committed together"),
            Request::Load(reply) => drop(reply.send(self.load().await)),
            Request::Forget(stamps, reply) => drop(reply.send(self.forget(&stamps).await)),
            Request::Probe(reply) => drop(reply.send(self.probe().await)),
            Request::Close(reply) => return Some(reply),
        }
        None
    }

    async fn load(&mut self) -> Result<Vec<Entry>, Error> {
        let rows = sqlx::query("SELECT incarnation, sequence, receipt, fact FROM entries ORDER BY receipt")
            .fetch_all(&mut self.connection)
            .await
            .map_err(|error| classify(&self.path, &error))?;
        let read =
            |row: &SqliteRow| entry(row).map_err(|reason| Error::Damaged { path: self.path.clone(), reason });
        rows.iter().map(read).collect()
    }

    async fn forget(&mut self, stamps: &[Stamp]) -> Result<(), Error> {
        let connection = &mut self.connection;
        let result = async {
            sqlx::query(BEGIN).execute(&mut *connection).await?;
            for stamp in stamps {
                sqlx::query("DELETE FROM entries WHERE incarnation = ? AND sequence = ?")
                    .bind(hex(stamp.incarnation))
                    .bind(stamp.sequence as i64)
                    .execute(&mut *connection)
                    .await?;
            }
            sqlx::query("COMMIT").execute(&mut *connection).await
        };
        let result = result.await;
        self.settle(result).await
    }

    /// Writes something and takes it back: what the disk says now, not what it said before.
    async fn probe(&mut self) -> Result<(), Error> {
        let connection = &mut self.connection;
        let result = async {
            sqlx::query(BEGIN).execute(&mut *connection).await?;
            sqlx::query(INSERT)
                .bind("probe")
                .bind(0_i64)
                .bind("")
                .bind(" ".repeat(PROBE_BYTES))
                .execute(&mut *connection)
                .await?;
            sqlx::query("ROLLBACK").execute(&mut *connection).await
        };
        let result = result.await;
        self.settle(result).await
    }
}

async fn connect(path: &Path, pages_max: Option<u32>) -> Result<SqliteConnection, sqlx::Error> {
    let mut options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        // The file is one process's; others are told so instead of taking turns.
        .locking_mode(SqliteLockingMode::Exclusive)
        .journal_mode(SqliteJournalMode::Wal)
        // With the write-ahead log only this also survives a loss of power.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    if let Some(pages) = pages_max {
        options = options.pragma("max_page_count", pages.to_string());
    }
    options.connect().await
}

async fn create(environment: &Environment, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    // Zero stands for entries that were never journaled.
    let incarnation = environment.rng("journal incarnation").next_u64().max(1);
    sqlx::query(BEGIN).execute(&mut *connection).await?;
    for statement in SCHEMA {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    for (name, value) in [("incarnation", hex(Incarnation(incarnation))), ("sequence", "0".to_owned())] {
        sqlx::query("INSERT INTO meta (name, value) VALUES (?, ?)")
            .bind(name)
            .bind(value)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("COMMIT").execute(&mut *connection).await.map(drop)
}

fn hex(incarnation: Incarnation) -> String {
    format!("{:016x}", incarnation.0)
}

/// A time as text that sorts like the time: always with nine decimals.
fn sortable(time: Timestamp) -> String {
    format!("{time:.9}")
}

fn entry(row: &SqliteRow) -> Result<Entry, String> {
    let text = |column: &str| row.try_get::<String, _>(column).map_err(|error| error.to_string());
    let sequence = row.try_get::<i64, _>("sequence").map_err(|error| error.to_string())?;
    let stamp = Stamp {
        receipt: text("receipt")?.parse().map_err(|error: jiff::Error| error.to_string())?,
        incarnation: Incarnation(
            u64::from_str_radix(&text("incarnation")?, 16).map_err(|error| error.to_string())?,
        ),
        sequence: sequence as u64,
    };
    let fact = serde_json::from_str(&text("fact")?).map_err(|error| error.to_string())?;
    Ok(Entry { stamp, fact })
}

/// SQLite's result codes, the part below the extension.
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READ_ONLY: i32 = 8;
    pub(super) const IO_ERROR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANNOT_OPEN: i32 = 14;
    pub(super) const NOT_A_DATABASE: i32 = 26;
}

fn result_code(error: &sqlx::Error) -> Option<i32> {
    let sqlx::Error::Database(error) = error else { return None };
    error.code()?.parse::<i32>().ok().map(|extended| extended & 0xFF)
}

fn opening(path: &str, file: &Path, error: &sqlx::Error) -> Error {
    match result_code(error) {
        Some(code::CANNOT_OPEN) => {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            let reason = match folder {
                Some(folder) if !folder.exists() => format!("the folder {} is not there", folder.display()),
                _ => error.to_string(),
            };
            Error::CannotOpen { path: path.to_owned(), reason }
        }
        _ => classify(path, error),
    }
}

fn classify(path: &str, error: &sqlx::Error) -> Error {
    let path = path.to_owned();
    match result_code(error) {
        Some(code::FULL) => Error::Full { path },
        // The latter two: a disk that became read-only under an open file, or that fails.
        Some(code::READ_ONLY | code::IO_ERROR | code::CANNOT_OPEN) => Error::ReadOnly { path },
        Some(code::BUSY | code::LOCKED) => Error::InUse { path },
        Some(code::CORRUPT | code::NOT_A_DATABASE) => Error::Damaged { path, reason: error.to_string() },
        _ => Error::Other { path, reason: error.to_string() },
    }
}
