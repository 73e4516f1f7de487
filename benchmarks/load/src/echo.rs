//! The limit of a server on sockets: every datagram goes back as it came, in batches.

use std::io::Write as _;
use std::net::UdpSocket;

use socket2::SockRef;

use crate::arguments::Arguments;
use crate::batch::{Batch, Peers, Wait, forbid_cutting};
use crate::fault::Fault;
use crate::lane::BUFFER_OCTETS;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Fault> {
    let socket = UdpSocket::bind("127.0.0.1:0").map_err(Fault::at("binding"))?;
    SockRef::from(&socket)
        .set_recv_buffer_size(BUFFER_OCTETS)
        .map_err(Fault::at("sizing a buffer"))?;
    if arguments.is_uncut {
        forbid_cutting(&socket).map_err(Fault::at("setting up a socket"))?;
    }
    let address = socket.local_addr().map_err(Fault::at("binding"))?;
    let mut output = std::io::stdout();
    writeln!(output, "{address}")
        .and_then(|()| output.flush())
        .map_err(Fault::at("writing"))?;
    let mut batch = Batch::new(Peers::Any);
    loop {
        batch
            .receive(&socket, Wait::ForOne)
            .map_err(Fault::at("receiving"))?;
        batch.send(&socket).map_err(Fault::at("sending"))?;
    }
}
