//! A response written down in a story's form, as the `domain` crate reads it.

use domain::base::opt::AllOptData;
use domain::base::wire::ParseError;
use domain::base::{Message, Name, ParsedRecord, Rtype, ToName};
use domain::rdata::AllRecordData;
use understudy_answer::Summary;
use understudy_wire::Rcode;

/// The response as lines. What the summary says, and what every response must have, is checked
/// against the octets here.
pub fn describe(query: &[u8], reply: &[u8], summary: &Summary) -> Vec<String> {
    let octets = &reply[..summary.length];
    let message = Message::from_octets(octets).unwrap();
    let header = message.header();
    assert!(header.qr(), "a response says that it is one");
    assert_eq!(octets[..2], query[..2], "the id is the query's");
    assert_eq!(header.tc(), summary.is_truncated);
    let opt = message.opt();
    let extended = opt.as_ref().map_or(0, |opt| opt.rcode(header).to_int());
    let rcode = extended.max(u16::from(header.rcode().to_int()));
    assert_eq!(rcode, summary.rcode);
    let mut lines = vec![first_line(&message, rcode)];
    if message.header_counts().qdcount() > 0 {
        let end = 12 + question_octets(&query[12..]);
        assert_eq!(
            octets[12..end],
            query[12..end],
            "the question is returned in its own case"
        );
    }
    if let Some(opt) = opt {
        let flag = if opt.dnssec_ok() { " do" } else { "" };
        let options: String = opt.opt().iter::<AllOptData<_, _>>().map(shown).collect();
        lines.push(format!("edns {}{flag}{options}", opt.udp_payload_size()));
    }
    let (_, answer, authority, additional) = message.sections().unwrap();
    section(&mut lines, "answer", answer.map(Result::unwrap));
    section(&mut lines, "authority", authority.map(Result::unwrap));
    section(&mut lines, "additional", additional.map(Result::unwrap));
    lines
}

/// An option of the response: in the order in which they stand, each as ` name=value`.
fn shown(option: Result<AllOptData<&[u8], Name<&[u8]>>, ParseError>) -> String {
    match option.unwrap() {
        AllOptData::Nsid(nsid) => format!(" nsid={}", String::from_utf8_lossy(nsid.as_ref())),
        AllOptData::Cookie(cookie) => format!(" cookie={cookie}").to_lowercase(),
        AllOptData::TcpKeepalive(it) => {
            format!(" keepalive={}", it.timeout().map_or(0, u16::from))
        }
        AllOptData::ExtendedError(error) => {
            let text = error.text().and_then(Result::ok).map_or("", |text| &**text);
            let text = text.replace(' ', "-");
            format!(" ede={} {text}", error.code().to_int())
                .trim_end()
                .to_owned()
        }
        _ => panic!("an option that was not asked for"),
    }
}

fn first_line(message: &Message<&[u8]>, rcode: u16) -> String {
    let header = message.header();
    let flags = [
        (header.aa(), " aa"),
        (header.tc(), " tc"),
        (header.rd(), " rd"),
        (header.ra(), " ra"),
        (header.ad(), " ad"),
        (header.cd(), " cd"),
        (header.z(), " z"),
        (message.header_counts().qdcount() == 0, " no-question"),
    ];
    let set: String = flags
        .iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, flag)| *flag)
        .collect();
    format!("{}{set}", Rcode::new(rcode))
}

fn question_octets(body: &[u8]) -> usize {
    let mut at = 0;
    while body[at] != 0 {
        at += usize::from(body[at]) + 1;
    }
    at + 5
}

fn section<'m>(
    lines: &mut Vec<String>,
    name: &str,
    records: impl Iterator<Item = ParsedRecord<'m, &'m [u8]>>,
) {
    let mut is_first = true;
    for record in records {
        if record.rtype() == Rtype::OPT {
            continue;
        }
        if is_first {
            lines.push(name.to_owned());
            is_first = false;
        }
        let data = record.to_any_record::<AllRecordData<_, _>>().unwrap();
        let (ttl, class, rtype) = (record.ttl().as_secs(), record.class(), record.rtype());
        // The crate writes a blank behind an empty parameter list, two around an empty MAC, and no
        // dot behind SRV targets.
        let mut data = data.data().to_string().trim_end().replace("  ", " ");
        if rtype == Rtype::SRV {
            let dot = if data.split(' ').count() > 3 {
                "."
            } else {
                " ."
            };
            data.push_str(dot);
        }
        let owner = record.owner();
        let owner = owner.fmt_with_dot();
        lines.push(format!("{owner} {ttl} {class} {rtype} {data}"));
    }
}
