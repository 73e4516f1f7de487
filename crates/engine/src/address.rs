//! Addresses to listen on, and the sockets bound to them.
//!
//! Every socket has `SO_REUSEPORT`: each UDP thread has its own socket on the address, and on a
//! restart the new process binds beside the old one, so that no query is lost. The kernel allows
//! that to processes of the same user only. That two servers do not share an address by mistake
//! is not decided here: the process holds a lock on its state folder.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

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

/// How often another port is tried when the system's choice for TCP is taken for UDP.
const PORT_TRIES: usize = 32;

/// The sockets of one address: one listener, and one UDP socket for each UDP thread.
#[derive(Debug)]
pub(crate) struct Bound {
    /// As asked for: port 0 where the system chooses.
    pub(crate) asked: SocketAddr,
    /// As it is.
    pub(crate) actual: SocketAddr,
    pub(crate) listener: TcpListener,
    pub(crate) datagrams: Vec<UdpSocket>,
}

/// Reads `192.0.2.1:53` or `[2001:db8::1]:53`.
pub(crate) fn parse(text: &str) -> Result<SocketAddr, EngineError> {
    text.parse()
        .map_err(|_| EngineError::NotAnAddress(text.to_owned()))
}

/// Binds UDP and TCP, with `threads` UDP sockets.
pub(crate) fn bind(asked: SocketAddr, threads: usize) -> Result<Bound, EngineError> {
    let failed = |source| EngineError::Bind {
        address: asked.to_string(),
        source,
    };
    let sockets = if asked.port() == 0 {
        choose_port(asked, |actual| bind_unshared(actual, threads))
    } else {
        bind_tcp(asked).and_then(|listener| Ok((listener, bind_datagrams(asked, threads)?)))
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
    mut datagrams: impl FnMut(SocketAddr) -> io::Result<Vec<UdpSocket>>,
) -> io::Result<(TcpListener, Vec<UdpSocket>)> {
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
fn bind_unshared(actual: SocketAddr, threads: usize) -> io::Result<Vec<UdpSocket>> {
    drop(UdpSocket::bind(actual)?);
    bind_datagrams(actual, threads)
}

fn bind_datagrams(actual: SocketAddr, threads: usize) -> io::Result<Vec<UdpSocket>> {
    (0..threads.max(1)).map(|_| bind_udp(actual)).collect()
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    prepare(&socket, address)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    prepare(&socket, address)?;
    // A smaller buffer than asked for is no reason to refuse service.
    let _granted = socket.set_recv_buffer_size(UDP_BUFFER);
    let _granted = socket.set_send_buffer_size(UDP_BUFFER);
    socket.set_write_timeout(Some(SEND_PATIENCE))?;
    sys::ignore_path_mtu(socket.as_fd(), address.is_ipv6())?;
    if is_wildcard(address.ip()) {
        sys::tell_destination(socket.as_fd(), address.is_ipv6())?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn prepare(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_port(true)
}

fn is_wildcard(address: IpAddr) -> bool {
    address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_port_is_chosen_for_udp_and_tcp() {
        let bound = bind(parse("127.0.0.1:0").unwrap(), 3).unwrap();
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
            bind_datagrams(actual, 2)
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
        let error = bind_unshared(other.local_addr().unwrap(), 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn an_address_of_somebody_else_is_refused_with_its_name() {
        let error = bind(parse("192.0.2.77:0").unwrap(), 1).unwrap_err();
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
