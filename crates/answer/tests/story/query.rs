//! A query of a story as a message.

use understudy_answer::Transport;
use understudy_wire::{Class, NameBuf, Rtype};

/// A message to ask, and how.
pub struct Asked {
    pub message: Vec<u8>,
    pub transport: Transport,
    pub now_ns: u64,
    pub wall_s: u32,
}

#[derive(Default)]
struct Edns {
    size: u16,
    version: u8,
    dnssec_ok: bool,
    options: Vec<u8>,
}

impl Asked {
    pub fn raw(hex: &str) -> Self {
        Asked {
            message: octets_of(hex),
            transport: Transport::Udp,
            now_ns: 0,
            wall_s: 0,
        }
    }

    pub fn new(name: &str, rtype: &str, flags: &[&str]) -> Self {
        let (mut word, mut class, mut transport, mut now_ns) =
            (0_u16, Class::IN, Transport::Udp, 0);
        let (mut wall_s, mut questions) = (0, 1);
        let mut edns: Option<Edns> = None;
        let mut key: Option<NameBuf> = None;
        for flag in flags {
            let (flag, value) = flag.split_once('=').unwrap_or((flag, ""));
            match flag {
                "+tcp" => transport = Transport::Tcp,
                "+rd" => word |= 0x0100,
                "+ad" => word |= 0x0020,
                "+cd" => word |= 0x0010,
                "+opcode" => word |= value.parse::<u16>().unwrap() << 11,
                "+class" => class = value.parse().unwrap(),
                "+now" => now_ns = (value.parse::<f64>().unwrap() * 1e9) as u64,
                "+key" => key = Some(value.parse().unwrap()),
                "+edns" => edns.get_or_insert_default().size = value.parse().unwrap(),
                "+version" => edns.get_or_insert_default().version = value.parse().unwrap(),
                "+do" => edns.get_or_insert_default().dnssec_ok = true,
                // A number of the range for experiments (RFC 6891 section 9).
                "+option" => option(&mut edns, 0xfde9, &[1, 2, 3]),
                "+nsid" => option(&mut edns, 3, &[]),
                "+cookie" => option(&mut edns, 10, &octets_of(value)),
                "+keepalive" => option(&mut edns, 11, &octets_of(value)),
                "+wall" => wall_s = value.parse().unwrap(),
                "+noquestion" => questions = 0,
                _ => panic!("a query has no flag {flag}"),
            }
        }
        let additional = u8::from(edns.is_some()) + u8::from(key.is_some());
        let [high, low] = word.to_be_bytes();
        let mut message = vec![
            0x12, 0x34, high, low, 0, questions, 0, 0, 0, 0, 0, additional,
        ];
        if questions > 0 {
            write_question(&mut message, name, rtype, class);
        }
        if let Some(edns) = edns {
            write_opt(&mut message, &edns);
        }
        if let Some(key) = key {
            write_tsig(&mut message, &key);
        }
        Asked {
            message,
            transport,
            now_ns,
            wall_s,
        }
    }
}

fn write_question(message: &mut Vec<u8>, name: &str, rtype: &str, class: Class) {
    let name: NameBuf = name.parse().unwrap();
    let rtype: Rtype = rtype.parse().unwrap();
    message.extend(name.as_name().octets());
    message.extend(rtype.number().to_be_bytes());
    message.extend(class.number().to_be_bytes());
}

fn write_opt(message: &mut Vec<u8>, edns: &Edns) {
    message.extend([0, 0, 41]);
    message.extend(edns.size.to_be_bytes());
    message.extend([0, edns.version, if edns.dnssec_ok { 0x80 } else { 0 }, 0]);
    message.extend((edns.options.len() as u16).to_be_bytes());
    message.extend(&edns.options);
}

fn option(edns: &mut Option<Edns>, code: u16, octets: &[u8]) {
    let options = &mut edns.get_or_insert_default().options;
    options.extend(code.to_be_bytes());
    options.extend((octets.len() as u16).to_be_bytes());
    options.extend(octets);
}

pub fn octets_of(hex: &str) -> Vec<u8> {
    let octet = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(octet).collect()
}

/// A signature by hmac-sha256 at 2026-11-22 12:00:00 with a fudge of 300 s; nobody looks at the MAC.
fn write_tsig(message: &mut Vec<u8>, key: &NameBuf) {
    message.extend(key.as_name().octets());
    message.extend([0, 250, 0, 255, 0, 0, 0, 0, 0, 33]);
    message.extend(b"\x0bhmac-sha256\0");
    message.extend([0, 0, 0x6b, 0x02, 0xd9, 0x40, 1, 44, 0, 4, 1, 2, 3, 4]);
    message.extend([0x12, 0x34, 0, 0, 0, 0]);
}
