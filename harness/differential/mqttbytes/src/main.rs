// Reads "<version> <hex>" lines; answers "accept" or "reject <why>" for each.
use std::io::{self, BufRead, Write};
use std::panic::catch_unwind;

use bytes::BytesMut;
use mqttbytes::{v4, v5};

const MAX: usize = 1 << 28;

fn read(version: &str, wire: &[u8]) -> Result<(), String> {
    let mut stream = BytesMut::from(wire);
    let result = match version {
        "5" => v5::read(&mut stream, MAX).map(|_| ()),
        _ => v4::read(&mut stream, MAX).map(|_| ()),
    };
    match result {
        Err(error) => Err(format!("{error:?}")),
        Ok(()) if stream.is_empty() => Ok(()),
        Ok(()) => Err("bytes are left".into()),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = (0..text.len() / 2).map(|i| &text[2 * i..2 * i + 2]);
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

fn main() {
    std::panic::set_hook(Box::new(|_| ()));
    let mut out = io::stdout();
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let (version, hex) = line.split_once(' ').unwrap_or((&line, ""));
        let wire = unhex(hex);
        let verdict = match catch_unwind(|| read(version, &wire)) {
            Ok(Ok(())) => "accept".to_string(),
            Ok(Err(why)) => format!("reject {why}"),
            Err(_) => "reject panic".to_string(),
        };
        if writeln!(out, "{verdict}").and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}
