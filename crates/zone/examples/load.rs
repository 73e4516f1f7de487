//! How fast a large zone loads, how much memory it has, and what look-ups and changes cost.
//!
//! `cargo run --release -p understudy-zone --example load [names [look-ups]]` writes a zone of
//! that many names (default 1,000,000) to a temporary file and measures. Figures vary with the machine: compare
//! within one run.
#![allow(
    clippy::expect_used,
    clippy::as_conversions,
    clippy::cast_precision_loss
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use understudy_wire::{Name, NameBuf, Rtype};
use understudy_zone::{Kind, Selector, SteeredChange, SteeredSet, Zone};

/// Changes are so many times fewer than look-ups.
const LOOKUPS_PER_CHANGE: usize = 10;

fn main() {
    let argument = |at| {
        std::env::args()
            .nth(at)
            .and_then(|text| text.parse::<usize>().ok())
    };
    let names = argument(1).unwrap_or(1_000_000);
    let lookups = argument(2).unwrap_or(1_000_000);
    let path = std::env::temp_dir().join(format!("understudy-load-{}.zone", std::process::id()));
    std::fs::write(&path, zone_text(names)).expect("the temporary folder is writable");
    let origin: NameBuf = "example.com".parse().expect("a name");
    let before_kib = resident_kib();
    let start = Instant::now();
    let loaded = Zone::load(&path, origin.as_name(), &mut |_, _| ());
    let seconds = start.elapsed().as_secs_f64();
    let zone = loaded.expect("the zone has no errors").zone;
    let records = zone.record_count();
    println!(
        "load     {seconds:.3} s, {:.0} records/s",
        records as f64 / seconds
    );
    println!(
        "memory   {:.1} MiB more",
        (resident_kib() - before_kib) as f64 / 1024.0
    );
    std::fs::remove_file(&path).expect("the file is there");
    measure_find(&zone, names, lookups);
    measure_publish(&zone, names, lookups / LOOKUPS_PER_CHANGE);
}

/// One address for each name, in an order that is not the canonical one.
fn zone_text(names: usize) -> String {
    let mut text =
        "$TTL 300\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"
            .to_owned();
    for number in 0..names {
        let [_, a, b, c] = u32::try_from(number)
            .expect("fewer than 2^32")
            .to_be_bytes();
        writeln!(text, "host-{number} A 10.{a}.{b}.{c}").expect("strings take all");
    }
    text
}

fn measure_find(zone: &Zone, names: usize, lookups: usize) {
    let mut random = 1_u64;
    let mut pick = |kind: &str| -> Vec<Vec<u8>> {
        (0..lookups)
            .map(|_| {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let number = usize::try_from(random >> 33).expect("31 bits") % names;
                let name = format!("{kind}-{number}.example.com");
                let name: NameBuf = name.parse().expect("a name");
                name.as_name().octets().to_vec()
            })
            .collect()
    };
    for (what, kind) in [("existing", "host"), ("missing", "nohost")] {
        let names = pick(kind);
        let start = Instant::now();
        for name in &names {
            let (name, _) = Name::split_from(name).expect("a name");
            black_box(zone.find(name));
        }
        let each = start.elapsed().as_nanos() as f64 / lookups as f64;
        println!("find     {each:.0} ns, {what} names in random order");
    }
    let few = pick("host");
    let start = Instant::now();
    for name in few.iter().take(1000).cycle().take(lookups) {
        let (name, _) = Name::split_from(name).expect("a name");
        black_box(zone.find(name));
    }
    let each = start.elapsed().as_nanos() as f64 / lookups as f64;
    println!("find     {each:.0} ns, one thousand names again and again");
}

fn measure_publish(zone: &Zone, names: usize, changes: usize) {
    let mut version = zone.clone();
    let start = Instant::now();
    for number in 0..changes {
        let host = number * 7919 % names;
        let owner: NameBuf = format!("host-{host}.example.com").parse().expect("a name");
        let set = SteeredSet {
            rtype: Rtype::A,
            kind: Kind::Answer,
            ttl: 30,
            due_ns: None,
            selector: Selector::One,
            variants: vec![(1, vec![vec![192, 0, 2, 1]])],
        };
        let change = SteeredChange::Set(owner, set);
        version = version
            .with_steered(&[change])
            .expect("a change that is possible");
    }
    let each = start.elapsed().as_nanos() as f64 / changes as f64 / 1000.0;
    println!(
        "publish  {each:.2} µs for one steered set, {} steered",
        version.steered_count()
    );
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}
