//! A responder is told when datagrams come together, and when its thread may sleep.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use understudy_answer::{Outcome, Request, Summary};
use understudy_engine::{Responder, Service, Settings};

const PATIENCE: Duration = Duration::from_secs(10);

/// Answers with one octet: 1 in a batch, 0 outside of one.
struct Batched {
    is_in_batch: u8,
    shown: Arc<AtomicU8>,
}

impl Responder for Batched {
    fn respond(&mut self, _request: &Request<'_>, reply: &mut [u8]) -> Outcome {
        reply[0] = self.is_in_batch;
        Outcome::Answered(Summary {
            length: 1,
            ..Summary::default()
        })
    }

    fn begin_batch(&mut self) {
        self.is_in_batch = 1;
        self.shown.store(1, Ordering::SeqCst);
    }

    fn end_batch(&mut self) {
        self.is_in_batch = 0;
        self.shown.store(0, Ordering::SeqCst);
    }
}

#[test]
fn datagrams_are_answered_in_batches_that_end() {
    let settings = Settings {
        threads: 1,
        udp_size: 512,
        tcp_idle: PATIENCE,
        tcp_clients: 10,
        tcp_clients_per_prefix: 10,
        ..Settings::default()
    };
    let shown = Arc::new(AtomicU8::new(0));
    let service = Service::bind(&["127.0.0.1:0".parse().unwrap()], settings, || Batched {
        is_in_batch: 0,
        shown: Arc::clone(&shown),
    })
    .unwrap();
    service.start().unwrap();
    let address = service.addresses()[0];
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reply = [9; 8];
    client.send_to(b"query", address).unwrap();
    assert_eq!(client.recv(&mut reply).unwrap(), 1);
    assert_eq!(reply[0], 1);

    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"\x00\x05query").unwrap();
    let mut framed = [9; 3];
    stream.read_exact(&mut framed).unwrap();
    assert_eq!(framed, [0, 1, 0]);

    assert!(service.stop(PATIENCE));
    assert_eq!(shown.load(Ordering::SeqCst), 0);
}
