//! The service over real loopback sockets, with a responder that needs no zones.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test stops at the first surprise"
)]

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use understudy_answer::{Outcome, Request, Silence, Summary};
use understudy_engine::{Responder, Service, Settings};

/// Longer than any of these tests waits when all is well.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is read of a datagram.
const READ_OCTETS: usize = 1472;

/// Sends a message back; falls over when told to.
struct Echo;

impl Responder for Echo {
    fn respond(&mut self, request: &Request<'_>, reply: &mut [u8]) -> Outcome {
        assert_ne!(request.message, b"panic", "as the test asked");
        if request.message == b"silence" {
            return Outcome::Silent(Silence::Short);
        }
        let length = request.message.len().min(reply.len());
        reply[..length].copy_from_slice(&request.message[..length]);
        let (rcode, qtype) = (0, Some(1));
        Outcome::Answered(Summary {
            length,
            rcode,
            qtype,
            ..Summary::default()
        })
    }

    fn turn_to_tcp(&mut self, request: &Request<'_>, reply: &mut [u8]) -> Outcome {
        if request.message.ends_with(b"silence") {
            return Outcome::Silent(Silence::Limited);
        }
        reply[..3].copy_from_slice(b"TCP");
        assert_eq!(request.message.len(), READ_OCTETS);
        Outcome::Answered(Summary {
            length: 3,
            is_truncated: true,
            ..Summary::default()
        })
    }
}

fn settings() -> Settings {
    Settings {
        threads: 2,
        tcp_idle: PATIENCE,
        tcp_clients: 100,
        tcp_clients_per_prefix: 50,
        ..Settings::default()
    }
}

fn service(addresses: &[&str], settings: Settings) -> Service<Echo> {
    let addresses: Vec<SocketAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let service = Service::bind(&addresses, settings, || Echo).unwrap();
    service.start().unwrap();
    service
}

fn udp_client(server: SocketAddr) -> UdpSocket {
    let local: IpAddr = if server.is_ipv4() {
        Ipv4Addr::LOCALHOST.into()
    } else {
        "::1".parse().unwrap()
    };
    let client = UdpSocket::bind((local, 0)).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client
}

fn ask_udp(server: SocketAddr, message: &[u8]) -> (Vec<u8>, SocketAddr) {
    let client = udp_client(server);
    client.send_to(message, server).unwrap();
    let mut buffer = [0; 4096];
    let (length, from) = client.recv_from(&mut buffer).unwrap();
    (buffer[..length].to_vec(), from)
}

fn connect(server: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(server).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap();
    [&length.to_be_bytes(), message].concat()
}

fn receive(client: &mut TcpStream) -> Vec<u8> {
    let mut prefix = [0; 2];
    client.read_exact(&mut prefix).unwrap();
    let mut message = vec![0; usize::from(u16::from_be_bytes(prefix))];
    client.read_exact(&mut message).unwrap();
    message
}

fn is_closed(client: &mut TcpStream) -> bool {
    match client.read(&mut [0]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

/// Until a counter has reached a value; the counters are written after the answers are sent.
fn wait_for(service: &Service<Echo>, counter: &str, value: u64) {
    let limit = Instant::now() + PATIENCE;
    while service.counters().get(counter).copied().unwrap_or(0) < value {
        assert!(
            Instant::now() < limit,
            "{counter}: {:?}",
            service.counters()
        );
        std::thread::yield_now();
    }
}

/// RFC 7766 section 5.
#[test]
fn both_families_are_answered_over_udp_and_tcp() {
    let service = service(&["127.0.0.1:0", "[::1]:0"], settings());
    for server in service.addresses() {
        assert_eq!(ask_udp(server, b"hello"), (b"hello".to_vec(), server));
        let mut client = connect(server);
        client.write_all(&framed(b"hello")).unwrap();
        assert_eq!(receive(&mut client), b"hello");
    }
    for path in ["udp4", "udp6", "tcp4", "tcp6"] {
        assert_eq!(service.counters()[&format!("queries.{path}")], 1, "{path}");
    }
    assert!(service.stop(PATIENCE));
}

#[test]
fn an_answer_leaves_from_the_address_that_was_asked() {
    let service = service(&["0.0.0.0:0", "[::]:0"], settings());
    let ports: Vec<u16> = service.addresses().iter().map(SocketAddr::port).collect();
    for (asked, port) in [
        ("127.0.0.1", ports[0]),
        ("127.0.0.7", ports[0]),
        ("::1", ports[1]),
    ] {
        let asked = SocketAddr::new(asked.parse().unwrap(), port);
        assert_eq!(ask_udp(asked, b"where").1, asked);
    }
    assert!(service.stop(PATIENCE));
}

#[test]
fn more_datagrams_than_a_batch_are_all_answered() {
    let service = service(&["127.0.0.1:0"], settings());
    let server = service.addresses()[0];
    let client = udp_client(server);
    for round in 0..5_u32 {
        for number in 0..100_u32 {
            let message = (round * 100 + number).to_be_bytes();
            client.send_to(&message, server).unwrap();
        }
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < 100 {
            let mut message = [0; 4];
            client.recv_from(&mut message).unwrap();
            seen.insert(u32::from_be_bytes(message));
        }
        assert_eq!(seen, (round * 100..(round + 1) * 100).collect());
    }
    assert!(service.stop(PATIENCE));
}

#[test]
fn a_panic_costs_one_answer_and_nothing_else() {
    let service = service(&["127.0.0.1:0"], settings());
    let server = service.addresses()[0];
    let client = udp_client(server);
    for _ in 0..3 {
        client.send_to(b"panic", server).unwrap();
    }
    let mut unlucky = connect(server);
    unlucky.write_all(&framed(b"panic")).unwrap();
    assert!(is_closed(&mut unlucky));
    wait_for(&service, "dropped.panic", 4);
    assert_eq!(ask_udp(server, b"alive").0, b"alive");
    let mut client = connect(server);
    client.write_all(&framed(b"alive")).unwrap();
    assert_eq!(receive(&mut client), b"alive");
    assert!(service.stop(PATIENCE));
}

/// RFC 6891 section 6.2.4, RFC 8906 section 2.
#[test]
fn silence_is_counted_and_who_asks_too_much_at_once_is_sent_to_tcp() {
    let service = service(&["127.0.0.1:0"], settings());
    let server = service.addresses()[0];
    let client = udp_client(server);
    client.send_to(b"silence", server).unwrap();
    wait_for(&service, "dropped.short", 1);
    let mut query = vec![b'q'; READ_OCTETS];
    assert!(ask_udp(server, &query).0 == query[..1232], "an echo");
    for octets in [READ_OCTETS + 1, 65_507] {
        query.resize(octets, b'q');
        assert_eq!(ask_udp(server, &query), (b"TCP".to_vec(), server));
    }
    assert_eq!(service.counters()["truncated"], 2);
    query[..READ_OCTETS]
        .copy_from_slice(&[b"q".repeat(READ_OCTETS - 7), b"silence".to_vec()].concat());
    client.send_to(&query, server).unwrap();
    wait_for(&service, "limited.dropped", 1);
    assert_eq!(service.counters()["queries.udp4"], 5);
    assert!(service.stop(PATIENCE));
}

/// RFC 7766 sections 6.2.1.1 and 7: many questions before the first answer is read.
#[test]
fn a_half_closed_connection_gets_every_answer() {
    let service = service(&["127.0.0.1:0"], settings());
    let mut client = connect(service.addresses()[0]);
    let queries: Vec<Vec<u8>> = (0..500_u32)
        .map(|it| vec![7; 1 + it as usize % 900])
        .collect();
    let stream: Vec<u8> = queries.iter().flat_map(|query| framed(query)).collect();
    let mut writer = client.try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        writer.write_all(&stream).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    for query in &queries {
        assert_eq!(&receive(&mut client), query);
    }
    sender.join().unwrap();
    assert!(is_closed(&mut client));
    assert!(service.stop(PATIENCE));
}

/// As many as many turns take, of which the network tells once.
#[test]
fn a_client_that_asks_much_in_one_piece_is_answered_wholly() {
    let service = service(&["127.0.0.1:0"], settings());
    let mut client = connect(service.addresses()[0]);
    client.write_all(&b"\x00\x01q".repeat(1000)).unwrap();
    for _ in 0..1000 {
        assert_eq!(receive(&mut client), b"q");
    }
    assert!(service.stop(PATIENCE));
}

/// RFC 7766 section 6.2.3.
#[test]
fn an_idle_client_and_a_slow_one_are_dropped() {
    let tcp_idle = Duration::from_millis(100);
    let service = service(
        &["127.0.0.1:0"],
        Settings {
            tcp_idle,
            ..settings()
        },
    );
    let server = service.addresses()[0];
    let (mut idle, mut slow) = (connect(server), connect(server));
    slow.write_all(b"\x00").unwrap();
    assert!(is_closed(&mut idle));
    assert!(is_closed(&mut slow));
    wait_for(&service, "dropped.idle", 2);
    assert!(service.stop(PATIENCE));
}

#[test]
fn a_client_that_reads_nothing_is_dropped() {
    let tcp_idle = Duration::from_millis(200);
    let service = service(
        &["127.0.0.1:0"],
        Settings {
            tcp_idle,
            ..settings()
        },
    );
    let mut client = connect(service.addresses()[0]);
    client.set_write_timeout(Some(PATIENCE)).unwrap();
    let query = framed(&vec![7; 60_000]);
    let limit = Instant::now() + PATIENCE;
    // The server stops reading when its answers do not leave, and then gives the client up.
    while client.write_all(&query).is_ok() {
        assert!(Instant::now() < limit);
    }
    wait_for(&service, "dropped.idle", 1);
    assert!(service.stop(PATIENCE));
}

/// A connection from `client`, which has had one answer.
fn connect_from(client: [u8; 4], server: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let client = SocketAddr::new(IpAddr::from(client), 0);
    socket.bind(&client.into()).unwrap();
    socket.connect(&server.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    ask_again(&mut stream);
    stream
}

fn ask_again(client: &mut TcpStream) {
    client.write_all(&framed(b"in")).unwrap();
    assert_eq!(receive(client), b"in");
}

/// RFC 7766 section 6.2.2.
#[test]
fn at_a_clients_limit_its_longest_idle_connection_makes_room() {
    let limits = Settings {
        tcp_clients_per_prefix: 2,
        ..settings()
    };
    let service = service(&["127.0.0.1:0"], limits);
    let server = service.addresses()[0];
    let mut other = connect_from([127, 0, 0, 2], server);
    let mut first = connect_from([127, 0, 0, 1], server);
    let mut second = connect_from([127, 0, 0, 1], server);
    ask_again(&mut first);
    let mut third = connect_from([127, 0, 0, 1], server);
    assert!(is_closed(&mut second));
    for client in [&mut other, &mut first, &mut third] {
        ask_again(client);
    }
    assert_eq!(service.counters()["dropped.crowded"], 1);
    assert_eq!(service.counters()["tcp.refused"], 0);
    assert!(service.stop(PATIENCE));
}

#[test]
fn at_the_limit_in_all_the_longest_idle_connection_of_anybody_makes_room() {
    let limits = Settings {
        tcp_clients: 3,
        ..settings()
    };
    let service = service(&["127.0.0.1:0"], limits);
    let server = service.addresses()[0];
    let mut clients: Vec<TcpStream> = (1..=3)
        .map(|host| connect_from([127, 0, 0, host], server))
        .collect();
    clients.push(connect_from([127, 0, 0, 4], server));
    assert!(is_closed(&mut clients.remove(0)));
    for client in &mut clients {
        ask_again(client);
    }
    assert_eq!(service.counters()["dropped.crowded"], 1);
    assert!(service.stop(PATIENCE));
}

#[test]
fn one_client_with_hundreds_of_idle_connections_keeps_nobody_out() {
    let service = service(&["127.0.0.1:0"], settings());
    let server = service.addresses()[0];
    let mut neighbour = connect_from([127, 0, 0, 2], server);
    let crowd: Vec<TcpStream> = (0..300).map(|_| connect(server)).collect();
    ask_again(&mut connect(server));
    ask_again(&mut neighbour);
    assert_eq!(ask_udp(server, b"hello").0, b"hello");
    assert_eq!(service.counters()["tcp.refused"], 0);
    drop(crowd);
    assert!(service.stop(PATIENCE));
}

/// A connection with answers on their way that the client does not take.
fn connect_and_read_nothing(server: SocketAddr) -> TcpStream {
    let mut client = connect(server);
    let patience = Duration::from_millis(200);
    client.set_write_timeout(Some(patience)).unwrap();
    let query = framed(&vec![7; 60_000]);
    while client.write_all(&query).is_ok() {}
    client
}

#[test]
fn a_client_at_work_is_not_sent_away_for_a_new_one() {
    let limits = Settings {
        tcp_clients_per_prefix: 1,
        ..settings()
    };
    let service = service(&["127.0.0.1:0"], limits);
    let server = service.addresses()[0];
    let mut at_work = connect_and_read_nothing(server);
    assert!(is_closed(&mut connect(server)));
    wait_for(&service, "tcp.refused", 1);
    assert_eq!(receive(&mut at_work).len(), 60_000);
    drop(at_work);
    // The place is free when the server has seen the end of the connection.
    let limit = Instant::now() + PATIENCE;
    loop {
        let mut client = connect(server);
        let _may_be_refused = client.write_all(&framed(b"again"));
        if matches!(client.read(&mut [0]), Ok(1)) {
            break;
        }
        assert!(Instant::now() < limit);
    }
    assert!(service.stop(PATIENCE));
}

#[test]
fn addresses_come_and_go_while_others_stay() {
    // So many that none of the attempts below takes the place of the one that is kept.
    let (tcp_clients, tcp_clients_per_prefix) = (100_000, 100_000);
    let limits = Settings {
        tcp_clients,
        tcp_clients_per_prefix,
        ..settings()
    };
    // No other test has sockets there, which could get the port that is given up.
    let service = service(&["127.0.0.4:0"], limits);
    let first = service.addresses()[0];
    let mut kept = connect(first);
    service
        .rebind(&[first, "127.0.0.2:0".parse().unwrap()])
        .unwrap();
    let second = service.addresses()[1];
    assert_eq!(service.addresses()[0], first);
    for server in [first, second] {
        assert_eq!(ask_udp(server, b"hello").1, server);
    }
    service.rebind(&[second]).unwrap();
    assert_eq!(service.addresses(), [second]);
    let limit = Instant::now() + PATIENCE;
    while TcpStream::connect(first).is_ok() {
        assert!(Instant::now() < limit, "the old address is still served");
    }
    kept.write_all(&framed(b"still here")).unwrap();
    assert_eq!(receive(&mut kept), b"still here");
    assert_eq!(ask_udp(second, b"hello").0, b"hello");
    assert!(service.stop(PATIENCE));
}

#[test]
fn an_address_named_twice_is_served_once() {
    let service = service(&["127.0.0.1:0"], settings());
    let address = service.addresses()[0];
    service.rebind(&[address, address]).unwrap();
    assert_eq!(service.addresses(), [address]);
    assert_eq!(ask_udp(address, b"hello").0, b"hello");
    assert!(service.stop(PATIENCE));
}

#[test]
fn an_address_gives_way_to_all_of_its_family_and_comes_back() {
    for threads in [1, 2] {
        // A port that nobody is given who asks for any, so that all addresses can have it. Two runs of
        // this test have two numbers.
        let port = 20_000 + std::process::id() % 10_000;
        let service = service(
            &[&format!("127.0.0.6:{port}")],
            Settings {
                threads,
                ..settings()
            },
        );
        let one = service.addresses()[0];
        let every: SocketAddr = format!("0.0.0.0:{}", one.port()).parse().unwrap();
        for wanted in [&[every][..], &[one], &[one, every], &[every, one], &[one]] {
            service.rebind(wanted).unwrap();
            assert_eq!(service.addresses(), wanted);
            assert_eq!(ask_udp(one, b"hello").0, b"hello");
        }
        assert!(service.stop(PATIENCE));
        UdpSocket::bind(one).unwrap();
    }
}

#[test]
fn a_failed_rebind_changes_nothing() {
    let service = service(&["127.0.0.1:0"], settings());
    let before = service.addresses();
    let wanted: Vec<SocketAddr> = ["127.0.0.3:0", "192.0.2.77:0"]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    assert!(service.rebind(&wanted).is_err());
    assert_eq!(service.addresses(), before);
    assert_eq!(ask_udp(before[0], b"hello").0, b"hello");
    assert!(service.stop(PATIENCE));
}

#[test]
fn stopping_twice_is_stopping_once_and_starting_again_is_refused() {
    let service = service(&["127.0.0.1:0"], settings());
    assert!(service.stop(PATIENCE));
    assert!(service.stop(Duration::ZERO));
    assert!(service.start().is_err());
    assert!(service.rebind(&[]).is_err());
}

#[test]
fn a_service_that_never_started_stops_and_gives_its_addresses_back() {
    // No other test has sockets there, which could get the port that is given back.
    let address: SocketAddr = "127.0.0.5:0".parse().unwrap();
    let service = Service::bind(&[address], settings(), || Echo).unwrap();
    let bound = service.addresses()[0];
    assert!(service.stop(PATIENCE));
    UdpSocket::bind(bound).unwrap();
}

#[test]
fn what_was_asked_before_the_stop_is_answered() {
    for _ in 0..20 {
        let service = service(&["127.0.0.1:0"], settings());
        let server = service.addresses()[0];
        let client = udp_client(server);
        client.send_to(b"last", server).unwrap();
        let mut stream = connect(server);
        stream.write_all(&framed(b"last")).unwrap();
        assert!(service.stop(PATIENCE));
        assert_eq!(receive(&mut stream), b"last");
        assert!(is_closed(&mut stream));
        let mut buffer = [0; 8];
        assert_eq!(client.recv_from(&mut buffer).unwrap().0, 4);
    }
}

/// The thread waits at its only socket, not for orders.
#[test]
fn a_client_that_never_stops_asking_holds_up_no_order() {
    let alone = Settings {
        threads: 1,
        ..settings()
    };
    let service = service(&["127.0.0.1:0"], alone);
    let server = service.addresses()[0];
    let (asked, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Longer than the question below waits, or it would be answered when this one gives up.
            let (client, limit) = (udp_client(server), Instant::now() + 2 * PATIENCE);
            while !is_over.load(Ordering::Relaxed) && Instant::now() < limit {
                client.send_to(b"again", server).unwrap();
                client.recv_from(&mut [0; 8]).unwrap();
                asked.fetch_add(1, Ordering::Relaxed);
            }
        });
        while asked.load(Ordering::Relaxed) < 100 {
            std::thread::yield_now();
        }
        service
            .rebind(&[server, "[::1]:0".parse().unwrap()])
            .unwrap();
        let added = service.addresses()[1];
        assert_eq!(ask_udp(added, b"hello"), (b"hello".to_vec(), added));
        service.rebind(&[server]).unwrap();
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(service.stop(PATIENCE));
}

#[test]
fn a_client_that_reads_nothing_does_not_hold_up_the_stop() {
    let service = service(&["127.0.0.1:0"], settings());
    let mut client = connect(service.addresses()[0]);
    client
        .set_write_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let query = framed(&vec![7; 60_000]);
    while client.write_all(&query).is_ok() {}
    // Given up at its deadline or soon after; never waited for as long as the client may be idle.
    service.stop(Duration::from_millis(100));
    assert!(service.stop(PATIENCE));
    assert_eq!(service.counters()["dropped.idle"], 0);
}
