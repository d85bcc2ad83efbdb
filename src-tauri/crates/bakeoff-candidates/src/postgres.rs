//! A query on a PostgreSQL database.

use crate::error::{Place, ReadError};
use crate::sql::{Dialect, one_select};
use crate::{Limits, Row, Rows, check_names};
use rustls_platform_verifier::BuilderVerifierExt;
use std::error::Error as _;
use std::sync::Arc;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::{ErrorPosition, SqlState};
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Client, Config, NoTls, Statement, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Rows that are asked for at once, so that no more are held than the limits allow.
const BATCH: i32 = 500;
/// What stands before the query when the server is asked for rows as JSON. It keeps the columns' order.
const BEFORE: &str = "SELECT row_to_json(candidates)::text FROM (";

/// Runs one SELECT on a PostgreSQL database, in a transaction that can only read and that the server itself ends after
/// the time limit.
///
/// `address` is `postgres://user:password@host/database` or `host=… user=…`. With `sslmode=require` the connection is
/// encrypted, and the server's certificate must be one that this system trusts and be made out to that host; without,
/// it is not encrypted.
///
/// May be called from anywhere, also within an async runtime: it works on a thread of its own, and blocks.
///
/// # Errors
/// The address, the connection, a query that is not one SELECT or that the server turns down, a type that can't be read,
/// and the limits. None of them tells the address or the password.
pub fn read_postgres(address: &str, query: &str, limits: Limits) -> Result<Vec<Row>, ReadError> {
    let query = one_select(query, Dialect::Postgres)?;
    let mut config: Config = address.parse().map_err(|_| ReadError::Address)?;
    if config.get_hosts().is_empty() {
        return Err(ReadError::Address);
    }
    if config.get_application_name().is_none() {
        config.application_name("bakeoff");
    }
    config.connect_timeout(limits.timeout);
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| internal(&error))?;
        runtime.block_on(async {
            let rows = tokio::time::timeout(limits.timeout, read(&config, query, limits)).await;
            rows.unwrap_or(Err(ReadError::TooSlow { limit: limits.timeout }))
        })
    };
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(rows) => rows,
        Err(_) => Err(ReadError::Internal { why: "the thread that reads it ended".to_owned() }),
    })
}

fn internal(error: &dyn std::fmt::Display) -> ReadError {
    ReadError::Internal { why: error.to_string() }
}

async fn read(config: &Config, query: &str, limits: Limits) -> Result<Vec<Row>, ReadError> {
    let mut client = connect(config).await?;
    let failed = |error| query_error(&error, query, 0, limits);
    let transaction = client.build_transaction().read_only(true).start().await.map_err(failed)?;
    let milliseconds = limits.timeout.as_millis().clamp(1, i32::MAX as u128);
    let limit = format!("SET LOCAL statement_timeout = {milliseconds}");
    transaction.batch_execute(&limit).await.map_err(failed)?;
    // The query by itself first: whatever is wrong with it is told with its own place.
    let statement = transaction.prepare(query).await.map_err(failed)?;
    if !statement.params().is_empty() {
        return Err(ReadError::NotOneSelect {
            why: "has parameters such as $1, which nobody fills in".to_owned(),
        });
    }
    check_columns(&statement)?;
    rows(&transaction, query, limits).await
}

async fn connect(config: &Config) -> Result<Client, ReadError> {
    let failed = |error| connection_error(&error, config);
    if config.get_ssl_mode() == SslMode::Require {
        let (client, connection) = config.connect(tls()?).await.map_err(failed)?;
        tokio::spawn(connection);
        return Ok(client);
    }
    let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
    tokio::spawn(connection);
    Ok(client)
}

fn tls() -> Result<MakeRustlsConnect, ReadError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|error| internal(&error))?;
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

async fn rows(transaction: &Transaction<'_>, query: &str, limits: Limits) -> Result<Vec<Row>, ReadError> {
    let failed = |error| query_error(&error, query, BEFORE.chars().count(), limits);
    // A line break ends a comment at the query's end.
    let as_json = transaction.prepare(&format!("{BEFORE}{query}\n) AS candidates")).await.map_err(failed)?;
    let portal = transaction.bind(&as_json, &[]).await.map_err(failed)?;
    let mut rows = Rows::new(limits);
    loop {
        let batch = transaction.query_portal(&portal, BATCH).await.map_err(failed)?;
        for found in &batch {
            let text: &str = found.try_get(0).map_err(failed)?;
            rows.count(text.len())?;
            let row = serde_json::from_str(text).map_err(|error| ReadError::Value {
                row: rows.next(),
                column: "*".to_owned(),
                why: format!("it can't be read as JSON: {error}"),
                hint: "cast large numbers to text, as in amount::text".to_owned(),
            })?;
            rows.add(row)?;
        }
        if batch.len() < BATCH as usize {
            return Ok(rows.rows);
        }
    }
}

fn check_columns(statement: &Statement) -> Result<(), ReadError> {
    check_names(statement.columns().iter().map(tokio_postgres::Column::name))?;
    match statement.columns().iter().find(|column| !is_readable(column.type_())) {
        Some(column) => {
            Err(ReadError::ColumnType { column: column.name().to_owned(), kind: column.type_().to_string() })
        }
        None => Ok(()),
    }
}

/// Types whose JSON means what they mean: texts, numbers, truth values, moments, JSON, and lists of texts.
fn is_readable(kind: &Type) -> bool {
    const READABLE: [Type; 21] = [
        Type::TEXT,
        Type::VARCHAR,
        Type::BPCHAR,
        Type::NAME,
        Type::CHAR,
        Type::INT2,
        Type::INT4,
        Type::INT8,
        Type::FLOAT4,
        Type::FLOAT8,
        Type::NUMERIC,
        Type::BOOL,
        Type::TIMESTAMP,
        Type::TIMESTAMPTZ,
        Type::DATE,
        Type::UUID,
        Type::JSON,
        Type::JSONB,
        Type::TEXT_ARRAY,
        Type::VARCHAR_ARRAY,
        Type::BPCHAR_ARRAY,
    ];
    match kind.kind() {
        Kind::Enum(_) => true,
        Kind::Domain(of) => is_readable(of),
        _ => READABLE.contains(kind),
    }
}

/// Why there is no connection. The library's own words for a wrong address are left out, since they may quote it.
fn connection_error(error: &tokio_postgres::Error, config: &Config) -> ReadError {
    let host = config.get_hosts().first().map_or_else(|| "an unknown host".to_owned(), shown);
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let server = format!("{host}:{port}");
    if let Some(said) = error.as_db_error() {
        let hint = match *said.code() {
            SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                "check user and password in the address; if the server wants encryption, add sslmode=require"
            }
            SqlState::INVALID_CATALOG_NAME => "check the name of the database in the address",
            _ => "ask who runs the server",
        };
        return ReadError::Connection { server, why: said.message().to_owned(), hint: hint.to_owned() };
    }
    let mut why = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_words = inner.to_string();
        if !why.contains(&inner_words) {
            why = format!("{why}: {inner_words}");
        }
        source = inner.source();
    }
    let hint = if why.contains("certificate") {
        "use a certificate that this system trusts, made out to the host in the address, or leave sslmode=require away \
         where the network is your own"
    } else if config.get_ssl_mode() == SslMode::Require {
        "check host and port in the address, and that the server offers TLS, which sslmode=require asks for"
    } else {
        "check host and port in the address, and that the server runs"
    };
    ReadError::Connection { server, why, hint: hint.to_owned() }
}

fn shown(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    }
}

/// Why the server turned a query down; `before` characters stand before it in what the server got.
fn query_error(error: &tokio_postgres::Error, query: &str, before: usize, limits: Limits) -> ReadError {
    let Some(said) = error.as_db_error() else {
        return ReadError::Query { why: error.to_string(), place: None, hint: None };
    };
    if *said.code() == SqlState::QUERY_CANCELED {
        return ReadError::TooSlow { limit: limits.timeout };
    }
    if *said.code() == SqlState::READ_ONLY_SQL_TRANSACTION {
        return ReadError::NotOneSelect { why: format!("would change the database ({})", said.message()) };
    }
    let place = match said.position() {
        Some(ErrorPosition::Original(position)) => {
            let character = (*position as usize).checked_sub(before + 1);
            character.map(|character| Place::of(query, character))
        }
        _ => None,
    };
    ReadError::Query { why: said.message().to_owned(), place, hint: said.hint().map(str::to_owned) }
}
