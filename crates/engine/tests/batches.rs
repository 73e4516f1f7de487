//! A responder is told when datagrams come together, and when its thread may sleep.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use understudy_answer::{Outcome, Request, Server, Silence, Summary, Transport};
use understudy_engine::{Engine, Responder, Service, Settings};
use understudy_wire::NameBuf;
use understudy_zone::Zone;

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

/// Sends messages back; "long" with more behind it than a datagram can carry, "silence" not at all.
struct Blunt;

impl Responder for Blunt {
    fn respond(&mut self, request: &Request<'_>, reply: &mut [u8]) -> Outcome {
        let message = request.message;
        assert_ne!(message, b"panic", "as the test asked");
        if message == b"silence" {
            return Outcome::Silent(Silence::Short);
        }
        reply[..message.len()].copy_from_slice(message);
        let length = if message == b"long" {
            reply.len()
        } else {
            message.len()
        };
        Outcome::Answered(Summary {
            length,
            ..Summary::default()
        })
    }
}

#[test]
fn an_answer_that_cannot_leave_is_counted_and_holds_back_no_other_of_its_batch() {
    let settings = Settings {
        udp_size: u16::MAX,
        ..Settings::default()
    };
    let service = Service::bind(&["127.0.0.1:0".parse().unwrap()], settings, || Blunt).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    // All of them are there before the first is read.
    for message in [&b"one"[..], b"long", b"two", b"long", b"long", b"three"] {
        client.send_to(message, service.addresses()[0]).unwrap();
    }
    service.start().unwrap();
    let mut reply = [0; 8];
    for expected in [&b"one"[..], b"two", b"three"] {
        let length = client.recv(&mut reply).unwrap();
        assert_eq!(&reply[..length], expected);
    }
    assert!(service.stop(PATIENCE));
    assert_eq!(service.counters()["dropped.send"], 3);
}

/// All are there before the first is read, so that they come in full batches; some get nothing.
#[test]
fn every_answer_goes_to_who_asked_where_others_of_the_batch_get_none() {
    let settings = Settings {
        threads: 1,
        ..Settings::default()
    };
    let service = Service::bind(&["127.0.0.1:0".parse().unwrap()], settings, || Blunt).unwrap();
    let server = service.addresses()[0];
    let clients = [(), ()].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    for client in &clients {
        client.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    let messages: Vec<String> = (0..120)
        .map(|number| match number % 7 {
            0 => "silence".to_owned(),
            5 => "panic".to_owned(),
            _ => format!("message {number}"),
        })
        .collect();
    for (message, client) in messages.iter().zip(clients.iter().cycle()) {
        client.send_to(message.as_bytes(), server).unwrap();
    }
    service.start().unwrap();
    let mut reply = [0; 64];
    for (message, client) in messages.iter().zip(clients.iter().cycle()) {
        if message.starts_with("message") {
            let length = client.recv(&mut reply).unwrap();
            assert_eq!(std::str::from_utf8(&reply[..length]), Ok(message.as_str()));
        }
    }
    assert!(service.stop(PATIENCE));
    assert_eq!(service.counters()["dropped.panic"], 17);
}

fn ask(id: u16, name: &str) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend(name.parse::<NameBuf>().unwrap().as_name().octets());
    message.extend([0, 1, 0, 1]);
    message
}

/// A zone so large that the names of a batch are looked for together.
#[test]
fn a_batch_about_a_large_zone_is_answered_as_one_by_one() {
    let mut text = String::from("$TTL 300\n@ SOA ns. root. 1 2 3 4 5\n@ NS ns.\n");
    for number in 0..21_000 {
        writeln!(text, "host{number} A 192.0.2.{}", number % 256).unwrap();
    }
    let origin: NameBuf = "example.com.".parse().unwrap();
    let zone = Zone::parse(text.as_bytes(), "large", origin.as_name()).unwrap();
    assert!(zone.zone.pays_to_look_ahead());
    let server = Server::new(1232, "", "").unwrap();
    let engine = Engine::new(&["127.0.0.1:0".to_owned()], Settings::default(), server).unwrap();
    engine.zones().publish_zone(&zone.zone, &[], None).unwrap();

    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(engine.addresses()[0]).unwrap();
    let messages: Vec<Vec<u8>> = (0..32)
        .map(|id: u16| match id % 8 {
            0 => ask(id, "example.com."),
            1 => ask(id, "example.org."),
            2 => ask(id, "."),
            3 => ask(id, &format!("none{id}.example.com.")),
            4 => vec![7; 5],
            5 => ask(id, &format!("host{id}.example.com."))[..20].to_vec(),
            _ => ask(id, &format!("Host{}.example.com.", u32::from(id) * 600)),
        })
        .collect();
    // All wait before the first is taken.
    for message in &messages {
        socket.send(message).unwrap();
    }
    engine.start().unwrap();
    let request = |message| Request {
        message,
        client: "127.0.0.1".parse().unwrap(),
        transport: Transport::Udp,
        now_ns: 0,
        wall_s: 0,
    };
    for message in &messages {
        let mut alone = [0; 1232];
        let Outcome::Answered(summary) = engine.answer(&request(message), &mut alone) else {
            continue;
        };
        let mut reply = [0; 1232];
        let length = socket.recv(&mut reply).unwrap();
        assert_eq!(reply[..length], alone[..summary.length], "{message:?}");
    }
    assert!(engine.stop(PATIENCE));
}
