//! How many queries per second one UDP thread answers, next to a bare echo of the same sockets.
//!
//! `flood [seconds] [names]` runs the rounds echo, zone, echo, zone, ... in this process, on
//! loopback only, and prints each. A round lasts `seconds` (default 2, at most 30) and stops by
//! itself; the zone has `names` names (default 1,000, at most 1,000,000).
#![allow(
    unsafe_code,
    reason = "the generator needs sendmmsg and recvmmsg; it is no part of the service"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a measurement stops at the first fault"
)]

use std::fmt::Write as _;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use understudy_answer::{Outcome, Request, Server, Summary};
use understudy_engine::{Engine, Responder, Service, Settings};
use understudy_wire::NameBuf;
use understudy_zone::Zone;

/// Queries per system call.
const BATCH: usize = 32;
/// Queries that are under way at most: well below what a socket buffer holds.
const WINDOW: usize = 256;
/// The longest round, in seconds.
const MAX_SECONDS: u64 = 30;

struct Echo;

impl Responder for Echo {
    fn respond(&mut self, request: &Request<'_>, reply: &mut [u8]) -> Outcome {
        let length = request.message.len();
        reply[..length].copy_from_slice(request.message);
        let (rcode, qtype) = (0, None);
        Outcome::Answered(Summary {
            length,
            rcode,
            qtype,
            ..Summary::default()
        })
    }
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|text| text.parse::<u64>().unwrap());
    let seconds = Duration::from_secs(arguments.next().unwrap_or(2).min(MAX_SECONDS));
    let names = arguments.next().unwrap_or(1000).clamp(1, 1_000_000);
    let settings = Settings {
        tcp_clients: 10,
        ..Settings::default()
    };
    let echo = Service::bind(&["127.0.0.1:0".parse().unwrap()], settings, || Echo).unwrap();
    echo.start().unwrap();
    let server = Server::new(1232, "", "").unwrap();
    let engine = Engine::new(&["127.0.0.1:0".to_owned()], settings, server).unwrap();
    let began = Instant::now();
    engine
        .zones()
        .publish_zone(&zone(names), &[], None)
        .unwrap();
    engine.start().unwrap();
    println!(
        "{names} names loaded and published in {:?}",
        began.elapsed()
    );
    let queries = queries(names);
    for round in 1..=3 {
        let bare = flood(echo.addresses()[0], &queries, seconds);
        let answered = flood(engine.addresses()[0], &queries, seconds);
        println!(
            "round {round}: echo {bare:.0}/s, zone {answered:.0}/s, ratio {:.2}",
            answered / bare
        );
    }
    let counters = engine.counters();
    println!(
        "{:?}",
        counters
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect::<Vec<_>>()
    );
    echo.stop(Duration::from_secs(5));
    engine.stop(Duration::from_secs(5));
}

fn zone(names: u64) -> Zone {
    let mut text = String::from("$TTL 300\n@ SOA ns. root. 1 2 3 4 5\n@ NS ns.\n");
    for number in 0..names {
        let [_, a, b, c] = (number as u32).to_be_bytes();
        writeln!(text, "host{number} A 10.{a}.{b}.{c}").unwrap();
    }
    let origin: NameBuf = "example.com.".parse().unwrap();
    Zone::parse(text.as_bytes(), "flood", origin.as_name())
        .unwrap()
        .zone
}

/// A few thousand queries, spread over the names.
fn queries(names: u64) -> Vec<Vec<u8>> {
    let message = |number: u64| {
        let name: NameBuf = format!("host{}.example.com.", number * 7919 % names)
            .parse()
            .unwrap();
        let mut message = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        message.extend(name.as_name().octets());
        message.extend([0, 1, 0, 1]);
        message
    };
    (0..4096).map(message).collect()
}

/// Sends in batches and takes answers in batches; returns answers per second.
fn flood(server: SocketAddr, queries: &[Vec<u8>], time: Duration) -> f64 {
    assert!(server.ip().is_loopback(), "a flood stays on this machine");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server).unwrap();
    let mut buffers = vec![[0_u8; 512]; BATCH];
    let (mut next, mut under_way, mut answered) = (0, 0_usize, 0_u64);
    let began = Instant::now();
    let mut heard = began;
    while began.elapsed() < time {
        while under_way + BATCH <= WINDOW {
            let sent = send(
                &socket,
                (0..BATCH).map(|at| &queries[(next + at) % queries.len()]),
            );
            next += sent;
            under_way += sent;
        }
        let received = receive(&socket, &mut buffers);
        answered += received as u64;
        under_way = under_way.saturating_sub(received);
        if received > 0 {
            heard = Instant::now();
        } else if heard.elapsed() > Duration::from_millis(100) {
            // Lost on the way: they will not come any more.
            under_way = 0;
        }
    }
    answered as f64 / began.elapsed().as_secs_f64()
}

fn send<'q>(socket: &UdpSocket, queries: impl Iterator<Item = &'q Vec<u8>>) -> usize {
    let mut parts: Vec<libc::iovec> = queries
        .map(|query| libc::iovec {
            iov_base: query.as_ptr().cast_mut().cast(),
            iov_len: query.len(),
        })
        .collect();
    // SAFETY: a zeroed mmsghdr is a valid one without buffers.
    let mut headers: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
    for (header, part) in headers.iter_mut().zip(&mut parts) {
        header.msg_hdr.msg_iov = part;
        header.msg_hdr.msg_iovlen = 1;
    }
    let count = libc::c_uint::try_from(parts.len()).unwrap();
    // SAFETY: the headers point to parts and queries that outlive the call, which only reads them.
    let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, 0) };
    usize::try_from(sent).unwrap()
}

fn receive(socket: &UdpSocket, buffers: &mut [[u8; 512]]) -> usize {
    let mut parts: Vec<libc::iovec> = buffers
        .iter_mut()
        .map(|buffer| libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: buffer.len(),
        })
        .collect();
    // SAFETY: a zeroed mmsghdr is a valid one without buffers.
    let mut headers: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
    for (header, part) in headers.iter_mut().zip(&mut parts) {
        header.msg_hdr.msg_iov = part;
        header.msg_hdr.msg_iovlen = 1;
    }
    // SAFETY: the headers point to buffers that outlive the call and are borrowed by nothing else.
    let received = unsafe {
        let count = libc::c_uint::try_from(BATCH).unwrap();
        let flags = libc::MSG_DONTWAIT;
        libc::recvmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            count,
            flags,
            std::ptr::null_mut(),
        )
    };
    usize::try_from(received).unwrap_or(0)
}
