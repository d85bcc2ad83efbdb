//! The server as a process of its own.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should panic, helpers included")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn it_prints_its_port_and_serves_until_its_input_closes() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_bakeoff-mock"))
        .args(["--delay-ms", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(get(line.trim().parse().unwrap(), "/count"), "0");
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success(), "it ends by itself once nobody holds its input");
}

#[test]
fn unknown_options_are_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_bakeoff-mock")).args(["--speed", "9"]).output().unwrap();
    assert!(!output.status.success());
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("--delay-ms"),
        "the message names what there is"
    );
}
