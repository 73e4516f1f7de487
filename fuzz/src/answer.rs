//! Rich zones and any message: the response is well-formed, within its limit, and to this query.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use understudy_answer::{CookieJar, Server, Transport};
use understudy_wire::{CookieSecret, CookieSecrets, NameBuf, Rtype};
use understudy_zone::{Kind, Selector, SteeredChange, SteeredSet, Zone};

use crate::model::Model;
use crate::reply::{self, Ask, Host};
use crate::world::{self, Served};

const ZONES: [(&str, &str); 3] = [
    (
        "rich.example.",
        include_str!("../../tests/integration/zones/rich.zone"),
    ),
    ("example.", include_str!("../zones/example.zone")),
    (".", include_str!("../zones/root.zone")),
];

/// One octet is how the message came, two how much room there is for the response; the rest is the
/// message.
pub fn run(input: &[u8]) {
    static SERVED: OnceLock<(Served, Served, Vec<Model>, [Host; 3])> = OnceLock::new();
    let Some(([form, high, low], message)) = input.split_first_chunk() else {
        return;
    };
    let (all, rich, models, hosts) = SERVED.get_or_init(|| {
        let all = ZONES.iter().map(|(origin, text)| load(origin, text));
        let rich = ZONES
            .iter()
            .take(1)
            .map(|(origin, text)| load(origin, text));
        let hosts = hosts();
        let all = Served(all.collect());
        let models = all.0.iter().map(Model::of).collect();
        (all, Served(rich.collect()), models, hosts)
    });
    let is_tcp = form & 1 != 0;
    let zones = if form & 2 == 0 { all } else { rich };
    let host = &hosts[usize::from(form >> 2) % hosts.len()];
    let room = match u16::from_be_bytes([*high, *low]) {
        0 => u16::MAX,
        room => room,
    };
    let ask = Ask {
        message,
        transport: if is_tcp {
            Transport::Tcp
        } else {
            Transport::Udp
        },
        room: usize::from(room),
        seed: u64::from(*form),
    };
    if let Some(response) = reply::ask(zones, host, &ask) {
        reply::check_origins(models, &response);
    }
}

/// One as it comes, one that says and sends little, one that says and sends all it can.
fn hosts() -> [Host; 3] {
    let server = |size, version, hostname| Server::new(size, version, hostname);
    let long = "n".repeat(255);
    let secrets = CookieSecrets {
        current: CookieSecret::new([1; 16]),
        other: Some(CookieSecret::new([2; 16])),
    };
    let jar = Arc::new(CookieJar::new(secrets));
    let plain = server(1232, "understudy", "").expect("a server");
    let little = server(512, "", &long).expect("a server");
    let much = server(u16::MAX, &long, "node.example").expect("a server");
    [
        Host {
            server: plain.with_cookies(Arc::clone(&jar)),
            size_without_cookie: 1232,
        },
        Host {
            server: little.with_minimal_responses(true),
            size_without_cookie: 512,
        },
        Host {
            server: much
                .with_cookies(jar)
                .with_udp_size_without_cookie(700)
                .with_tcp_keepalive(Duration::from_secs(10))
                .with_rotation(true),
            size_without_cookie: 700,
        },
    ]
}

/// A zone with a steered set of each kind laid over it.
fn load(origin: &str, text: &str) -> Zone {
    let origin = world::name(origin);
    let zone = Zone::parse(text.as_bytes(), "fuzz", origin.as_name());
    let zone = zone.unwrap_or_else(|error| panic!("{error}")).zone;
    let addresses = |last: &[u8]| last.iter().map(|octet| vec![192, 0, 2, *octet]).collect();
    let kinds = [
        (
            "one",
            Kind::Answer,
            Selector::One,
            vec![(1, addresses(&[1]))],
        ),
        (
            "chance",
            Kind::Answer,
            Selector::Chance,
            vec![
                (1, addresses(&[1])),
                (u32::MAX, addresses(&[2, 3])),
                (0, addresses(&[4])),
            ],
        ),
        (
            "rotate",
            Kind::Answer,
            Selector::Rotate,
            vec![(1, addresses(&[1, 2, 3, 4, 5]))],
        ),
        ("nodata", Kind::Nodata, Selector::One, Vec::new()),
        ("servfail", Kind::Servfail, Selector::One, Vec::new()),
    ];
    let changes = kinds.map(|(label, kind, selector, variants)| {
        let owner = NameBuf::child(label.as_bytes(), origin.as_name());
        let set = SteeredSet {
            rtype: Rtype::A,
            kind,
            ttl: 30,
            due_ns: Some(7_000_000_000),
            selector,
            variants,
        };
        SteeredChange::Set(owner.expect("a name"), set)
    });
    zone.with_steered(&changes).expect("steered sets")
}
