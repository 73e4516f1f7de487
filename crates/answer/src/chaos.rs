//! The server's own names in class CH, as BIND began it (RFC 4892).

use understudy_wire::{Class, Full, Header, Name, Owner, Rcode, Rtype};

use crate::outcome::ExtendedError;
use crate::response::Response;
use crate::server::Server;

/// Answers TXT for the names that the operator gave a text; all else is refused, other types of these names too: as NSD
/// and Knot do, while BIND, which has zones there, answers NODATA. RFC 4892 asks for neither.
pub(crate) fn answer(server: &Server, response: &mut Response<'_, '_, '_>) -> Result<(), Full> {
    let qtype = response.question.qtype;
    let text = text_of(server, response.question.qname);
    let Some(rdata) = text.filter(|_| matches!(qtype, Rtype::TXT | Rtype::ANY)) else {
        response.refuse(Rcode::REFUSED, ExtendedError::NotAuthoritative);
        return Ok(());
    };
    response.writer.set_flags(Header::AA);
    response.writer.set_class(Class::CH);
    response
        .writer
        .rrset(Owner::Question, Rtype::TXT, 0, [rdata])
}

fn text_of<'s>(server: &'s Server, qname: Name<'_>) -> Option<&'s [u8]> {
    let is = |octets: &[u8]| qname.octets().eq_ignore_ascii_case(octets);
    if is(b"\x07version\x04bind\0") || is(b"\x07version\x06server\0") {
        server.version()
    } else if is(b"\x08hostname\x04bind\0") || is(b"\x02id\x06server\0") {
        server.hostname()
    } else {
        None
    }
}
