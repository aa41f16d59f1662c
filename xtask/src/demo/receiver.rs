//! A webhook that the alerter tells: as little of an HTTP server as one known client needs.

use super::witness::{Look, Seen};
use anyhow::{Context, Result};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

/// The alerter is on this machine; who says nothing for so long is not it.
const PATIENCE: Duration = Duration::from_secs(5);
/// A message of the demo has a few kilobytes.
const BODY_MAX: u64 = 1 << 20;

/// Listens on loopback, and tells of each message what there is to see in it. The URL.
pub(super) fn start(look: Look, seen: Sender<Seen>) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port for the receiver")?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let seen = seen.clone();
            thread::spawn(move || {
                // A connection that breaks is the client's to begin again.
                let _ = serve(&connection, look, &seen);
            });
        }
    });
    Ok(url)
}

/// Answers one request and closes.
fn serve(connection: &TcpStream, look: Look, seen: &Sender<Seen>) -> Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(connection.try_clone()?);
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0).min(BODY_MAX);
        }
        line.clear();
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    let mut connection = connection;
    connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
    if let Ok(message) = serde_json::from_slice::<Value>(&body) {
        seen.send(look(&message))?;
    }
    Ok(())
}
