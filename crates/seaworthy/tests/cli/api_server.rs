//! An API server on loopback that says what a test wants to hear, over plain HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::seaworthy::file;

/// What it says to a request.
pub(crate) enum Answer {
    /// This status and this body, and then it closes the connection.
    Whole(u16, Value),
    /// These lines, and then nothing for as long as the client likes.
    Stream(Vec<Value>),
}

/// A kubeconfig for a server that answers each target (path and query) like this. It serves until the tests end.
pub(crate) fn serve(
    name: &str,
    token: &str,
    answer: impl Fn(&str) -> Answer + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let server = format!("http://{}", listener.local_addr().expect("it listens"));
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // A client that goes away in the middle of an answer is no failure of the test.
            std::thread::spawn(move || drop(converse(stream, &*answer)));
        }
    });
    kubeconfig(name, &server, token)
}

/// A kubeconfig for the server at this address.
pub(crate) fn kubeconfig(name: &str, server: &str, token: &str) -> String {
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters: [{{name: c, cluster: {{server: '{server}'}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         users: [{{name: u, user: {{token: {token}}}}}]\n"
    );
    file(name, &text).display().to_string()
}

fn converse(mut stream: TcpStream, answer: &dyn Fn(&str) -> Answer) -> std::io::Result<()> {
    let mut request = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    request.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        if request.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    // Whoever closes a connection with something unread in it breaks it.
    request.read_exact(&mut vec![0; length])?;
    match answer(&target) {
        Answer::Whole(status, body) => {
            let body = body.to_string();
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\n\
                 content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
        }
        Answer::Stream(lines) => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n")?;
            lines.iter().try_for_each(|line| writeln!(stream, "{line}"))?;
            // Until the client has gone.
            request.read_to_end(&mut Vec::new()).map(drop)
        }
    }
}

/// What the server of a healthy cluster says to who watches, with `objects` in the list of `resource`.
pub(crate) fn well(target: &str, resource: &str, objects: &[Value]) -> Answer {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if !query.contains("watch=true") {
        return Answer::Whole(200, json!({"metadata": {"resourceVersion": "9"}, "items": []}));
    }
    if !query.contains("sendInitialEvents=true") {
        return Answer::Stream(Vec::new());
    }
    let here = objects.iter().filter(|_| path.ends_with(&format!("/{resource}")));
    let mut lines: Vec<Value> = here.map(|object| json!({"type": "ADDED", "object": object})).collect();
    let annotations = json!({"k8s.io/initial-events-end": "true"});
    let metadata = json!({"resourceVersion": "9", "annotations": annotations});
    lines.push(json!({"type": "BOOKMARK", "object": {"metadata": metadata}}));
    Answer::Stream(lines)
}

/// The server's "no".
pub(crate) fn no(code: u16, reason: &str, message: &str) -> Answer {
    Answer::Whole(code, json!({"kind": "Status", "code": code, "reason": reason, "message": message}))
}

/// Something that a test changes while the server answers.
pub(crate) type Shared<T> = Arc<Mutex<T>>;
