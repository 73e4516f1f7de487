//! One whole zone over TCP: as a secondary asks for it, and without keeping it.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::arguments::Arguments;
use crate::fault::Fault;

const HEADER: usize = 12;
const SOA: u16 = 6;
/// chosen: several messages of the longest kind at once.
const BUFFER: usize = 1 << 18;

/// What has come so far.
#[derive(Default)]
struct Tally {
    octets: usize,
    messages: usize,
    records: usize,
    soas: usize,
}

/// Fetch the zone, and print one line of JSON: from the connection's first packet to the last record.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Fault> {
    let query = query(&arguments.zone).ok_or(Fault::Usage("a zone after --zone".to_owned()))?;
    let begun = Instant::now();
    let mut stream = TcpStream::connect(arguments.to).map_err(Fault::at("connecting"))?;
    let patience = Some(arguments.time);
    stream
        .set_read_timeout(patience)
        .map_err(Fault::at("setting the patience"))?;
    stream.write_all(&query).map_err(Fault::at("asking"))?;
    let mut reader = BufReader::with_capacity(BUFFER, stream);
    let (mut tally, mut message) = (Tally::default(), Vec::new());
    let mut first = None;
    while tally.soas < 2 {
        let mut length = [0; 2];
        reader
            .read_exact(&mut length)
            .map_err(Fault::at("reading a length"))?;
        message.resize(usize::from(u16::from_be_bytes(length)), 0);
        reader
            .read_exact(&mut message)
            .map_err(Fault::at("reading a message"))?;
        first.get_or_insert_with(|| begun.elapsed());
        tally
            .count(&message)
            .ok_or(Fault::Transfer("a message that is none, or a refusal"))?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let first = first.unwrap_or_default().as_secs_f64();
    let Tally {
        octets,
        messages,
        records,
        ..
    } = tally;
    println!(
        "{{\"seconds\": {seconds:.6}, \"first_s\": {first:.6}, \"records\": {records}, \
         \"messages\": {messages}, \"octets\": {octets}}}"
    );
    Ok(())
}

/// A question for all of the zone (RFC 5936 section 2.1), behind its length.
fn query(zone: &str) -> Option<Vec<u8>> {
    let mut message = vec![0x5e, 0xed, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in zone.split_terminator('.') {
        message.push(u8::try_from(label.len()).ok().filter(|it| *it < 64)?);
        message.extend_from_slice(label.as_bytes());
    }
    message.extend_from_slice(&[0, 0, 252, 0, 1]);
    let length = u16::try_from(message.len()).ok()?;
    Some([&length.to_be_bytes()[..], &message].concat())
}

impl Tally {
    /// Count what a message of the transfer has, record by record.
    fn count(&mut self, message: &[u8]) -> Option<()> {
        let [_, _, _, flags, q0, q1, a0, a1, ..] = message else {
            return None;
        };
        if flags & 0x0f != 0 {
            return None;
        }
        let mut rest = message.get(HEADER..)?;
        for _ in 0..u16::from_be_bytes([*q0, *q1]) {
            rest = after_name(rest)?.get(4..)?;
        }
        for _ in 0..u16::from_be_bytes([*a0, *a1]) {
            let (fixed, after) = after_name(rest)?.split_first_chunk::<10>()?;
            let [t0, t1, .., l0, l1] = *fixed;
            self.soas += usize::from(u16::from_be_bytes([t0, t1]) == SOA);
            self.records += 1;
            rest = after.get(usize::from(u16::from_be_bytes([l0, l1]))..)?;
        }
        self.octets += message.len() + 2;
        self.messages += 1;
        Some(())
    }
}

/// What follows a name, whole or with a pointer at its end.
fn after_name(octets: &[u8]) -> Option<&[u8]> {
    let mut rest = octets;
    loop {
        let (length, after) = rest.split_first()?;
        match length {
            0 => return Some(after),
            0xc0.. => return after.get(1..),
            _ => rest = after.get(usize::from(*length)..)?,
        }
    }
}
