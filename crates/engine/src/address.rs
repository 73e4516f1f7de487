//! Addresses to listen on, and the sockets bound to them.
//!
//! Where several threads answer, each has its own UDP socket on the address, which `SO_REUSEPORT`
//! permits to processes of the same user. That two servers do not share an address by mistake is
//! then not decided here: the process holds a lock on its state folder. A socket that is the only
//! one does without, because the kernel hashes every datagram to choose among those that have it
//! (ADR 0018).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::error::EngineError;
use crate::sys;

/// Receive and send buffers asked for on UDP sockets, in octets; the system may grant less.
/// chosen: about 10 ms of queries at the highest rate that a core can take.
const UDP_BUFFER: usize = 1 << 20;

/// Connections that may wait to be accepted.
/// chosen: the limit of the system (`net.core.somaxconn`) is usually 4096 and caps this.
const BACKLOG: i32 = 4096;

/// How long a full send buffer may hold up one thread before the answer is dropped.
const SEND_PATIENCE: Duration = Duration::from_millis(100);

/// How long a thread waits at its only socket for the next query before it looks for orders.
/// chosen: longer than between two queries where speed matters, and short for who gives an order.
const RECEIVE_PATIENCE: Duration = Duration::from_millis(5);

/// How often another port is tried when the system's choice for TCP is taken for UDP.
const PORT_TRIES: usize = 32;

/// The UDP sockets of one address.
type Datagrams = Vec<Arc<UdpSocket>>;

/// The sockets of one address: one listener, and one UDP socket for each UDP thread.
#[derive(Debug)]
pub(crate) struct Bound {
    /// As asked for: port 0 where the system chooses.
    pub(crate) asked: SocketAddr,
    /// As it is.
    pub(crate) actual: SocketAddr,
    pub(crate) listener: TcpListener,
    pub(crate) datagrams: Datagrams,
}

/// What the sockets of an address are for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose {
    /// One UDP socket for each.
    pub(crate) threads: usize,
    /// The longest answer over UDP, in octets.
    pub(crate) udp_size: u16,
    /// Others are to have this address too: another process, or one that is served and covers it.
    pub(crate) is_shared: bool,
}

/// Does one of the addresses cover the other: the same port, and every address of a family?
pub(crate) fn do_overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let covers = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.is_ipv4() == other.is_ipv4() && covers
}

/// Takes no more queries on a socket, those that have arrived stay: another socket that covers its
/// address has what comes from now on. Closed at once it would lose what comes between the last look
/// and the end.
pub(crate) fn turn_away(socket: &UdpSocket) {
    const DISCARD: u16 = 9;
    let Ok(own) = socket.local_addr() else { return };
    let ip = match own.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    // From there nobody asks. Where it fails, the socket is closed as it is.
    let _is_turned = socket.connect((ip, DISCARD));
}

/// Lets a socket that was the only one of its address share it.
pub(crate) fn permit_sharing(socket: &UdpSocket) -> io::Result<()> {
    SockRef::from(socket).set_reuse_port(true)
}

/// Reads `192.0.2.1:53` or `[2001:db8::1]:53`.
pub(crate) fn parse(text: &str) -> Result<SocketAddr, EngineError> {
    text.parse()
        .map_err(|_| EngineError::NotAnAddress(text.to_owned()))
}

/// Binds UDP and TCP.
pub(crate) fn bind(asked: SocketAddr, purpose: Purpose) -> Result<Bound, EngineError> {
    let failed = |source| EngineError::Bind {
        address: asked.to_string(),
        source,
    };
    let sockets = if asked.port() == 0 {
        choose_port(asked, |actual| bind_unshared(actual, purpose))
    } else {
        bind_tcp(asked).and_then(|listener| Ok((listener, bind_datagrams(asked, purpose)?)))
    };
    let (listener, datagrams) = sockets.map_err(failed)?;
    let actual = listener.local_addr().map_err(failed)?;
    Ok(Bound {
        asked,
        actual,
        listener,
        datagrams,
    })
}

/// A listener on a port that the system chooses, and the UDP sockets there. The system knows only
/// that the port is free for TCP, so `datagrams` may find it taken: then another is tried, while
/// this one is held so that it is not chosen again.
fn choose_port(
    asked: SocketAddr,
    mut datagrams: impl FnMut(SocketAddr) -> io::Result<Datagrams>,
) -> io::Result<(TcpListener, Datagrams)> {
    let mut taken = Vec::new();
    for _ in 0..PORT_TRIES {
        let listener = bind_tcp(asked)?;
        match datagrams(listener.local_addr()?) {
            Ok(datagrams) => return Ok((listener, datagrams)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => taken.push(listener),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(io::ErrorKind::AddrInUse))
}

/// UDP sockets on a port that nobody else has: without `SO_REUSEPORT` the first bind fails there.
fn bind_unshared(actual: SocketAddr, purpose: Purpose) -> io::Result<Datagrams> {
    drop(UdpSocket::bind(actual)?);
    bind_datagrams(actual, purpose)
}

fn bind_datagrams(actual: SocketAddr, purpose: Purpose) -> io::Result<Datagrams> {
    (0..purpose.threads.max(1))
        .map(|_| bind_udp(actual, purpose).map(Arc::new))
        .collect()
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    only_its_family(&socket, address)?;
    socket.set_reuse_port(true)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn bind_udp(address: SocketAddr, purpose: Purpose) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    only_its_family(&socket, address)?;
    if purpose.threads > 1 || purpose.is_shared {
        socket.set_reuse_port(true)?;
    }
    // A smaller buffer than asked for is no reason to refuse service.
    let _granted = socket.set_recv_buffer_size(UDP_BUFFER);
    let _granted = socket.set_send_buffer_size(UDP_BUFFER);
    socket.set_write_timeout(Some(SEND_PATIENCE))?;
    socket.set_read_timeout(Some(RECEIVE_PATIENCE))?;
    sys::ignore_path_mtu(socket.as_fd(), address.is_ipv6(), purpose.udp_size)?;
    if is_wildcard(address.ip()) {
        sys::tell_destination(socket.as_fd(), address.is_ipv6())?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn only_its_family(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(())
}

fn is_wildcard(address: IpAddr) -> bool {
    address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purpose(threads: usize, udp_size: u16) -> Purpose {
        Purpose {
            threads,
            udp_size,
            is_shared: false,
        }
    }

    #[test]
    fn one_port_is_chosen_for_udp_and_tcp() {
        let bound = bind(parse("127.0.0.1:0").unwrap(), purpose(3, 1232)).unwrap();
        assert_ne!(bound.actual.port(), 0);
        assert_eq!(bound.datagrams.len(), 3);
        for socket in &bound.datagrams {
            assert_eq!(socket.local_addr().unwrap(), bound.actual);
        }
    }

    #[test]
    fn a_port_that_another_program_takes_in_the_last_moment_is_given_up_for_another() {
        let mut thieves = Vec::new();
        let asked = parse("127.0.0.1:0").unwrap();
        let (listener, datagrams) = choose_port(asked, |actual| {
            if thieves.len() < 3 {
                thieves.push(UdpSocket::bind(actual)?);
            }
            bind_datagrams(actual, purpose(2, 1232))
        })
        .unwrap();
        assert_eq!(thieves.len(), 3);
        for socket in &datagrams {
            assert_eq!(socket.local_addr().unwrap(), listener.local_addr().unwrap());
        }
    }

    #[test]
    fn a_port_of_another_program_is_not_shared() {
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        let error = bind_unshared(other.local_addr().unwrap(), purpose(2, 1232)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn the_only_socket_of_an_address_lets_nobody_else_have_it() {
        let alone = bind(parse("127.0.0.1:0").unwrap(), purpose(1, 1232)).unwrap();
        for threads in [1, 2] {
            let error = bind(alone.actual, purpose(threads, 1232)).unwrap_err();
            let EngineError::Bind { source, .. } = error else {
                panic!("{error}")
            };
            assert_eq!(source.kind(), io::ErrorKind::AddrInUse);
        }
    }

    /// What the kernel shall do with an answer that is too long for the way.
    fn path_mtu_discovery(address: &str, udp_size: u16) -> libc::c_int {
        let address = parse(address).unwrap();
        let bound = bind(address, purpose(1, udp_size)).unwrap();
        sys::path_mtu_discovery(bound.datagrams[0].as_fd(), address.is_ipv6())
    }

    /// RFC 9715 section 3.1, RFC 6864 section 4.1. That all of it goes out whole, see
    /// `tests/integration/test_network.py`.
    #[test]
    fn answers_that_fit_everywhere_are_never_cut_into_fragments() {
        let found = |udp_size| path_mtu_discovery("127.0.0.1:0", udp_size);
        assert_eq!(found(1232), libc::IP_PMTUDISC_PROBE);
        assert_eq!(found(1233), libc::IP_PMTUDISC_OMIT);
    }

    /// RFC 8200 section 5: no link carries less than 1,280 octets, whatever a forged message says.
    #[test]
    fn a_path_that_is_said_to_be_narrow_is_not_heeded_in_ipv6() {
        for udp_size in [512, 1232, 4096] {
            let found = path_mtu_discovery("[::1]:0", udp_size);
            assert_eq!(found, libc::IPV6_PMTUDISC_OMIT);
        }
    }

    #[test]
    fn an_address_of_somebody_else_is_refused_with_its_name() {
        let error = bind(parse("192.0.2.77:0").unwrap(), purpose(1, 1232)).unwrap_err();
        let EngineError::Bind { address, source } = error else {
            panic!("{error}")
        };
        assert_eq!(address, "192.0.2.77:0");
        assert_eq!(source.kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[test]
    fn text_without_a_port_is_no_address() {
        for text in ["", "192.0.2.1", "::1", "localhost:53", "192.0.2.1:66000"] {
            assert!(
                matches!(parse(text), Err(EngineError::NotAnAddress(_))),
                "{text}"
            );
        }
    }
}
