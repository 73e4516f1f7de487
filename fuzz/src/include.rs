//! Files that include each other: the zone has the records, or the faults at the places, that a naive
//! reader of the same lines finds (RFC 1035 section 5.1).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use understudy_wire::{NameBuf, Rtype};
use understudy_zone::{LoadError, Problem, Severity, Zone};

use crate::draw::Draw;
use crate::world;

/// Files there are, and one that is not.
const FILES: usize = 4;
const MISSING: usize = FILES;

/// chosen: entries of a file; files that include others twice each double with every level.
const ENTRIES: usize = 6;

/// How many faults are told.
const TOLD: usize = 50;

const ZONE: &str = "example.";

/// What every zone has, in lines of the first file.
const HEAD: &str = "@ 60 SOA ns.elsewhere. root 1 2 3 4 30\n@ 60 NS ns.elsewhere.\n";
const HEAD_LINES: u32 = 2;
const HEAD_TTL: u32 = 60;

/// Names as they are written: relative ones, the origin itself, absolute ones in and beside the zone.
const NAMES: [&str; 8] = [
    "a",
    "A",
    "b.c",
    r"\097",
    "@",
    "a.example.",
    "sub.example.",
    "elsewhere.",
];

#[derive(Clone, Copy)]
enum Entry {
    /// With an owner, or with the last one's; a TTL, or the default one.
    Address(Option<&'static str>, Option<u32>, u8),
    Origin(&'static str),
    Ttl(u32),
    Include(usize, Option<&'static str>),
    /// It says what cannot be.
    Nonsense,
    /// A parenthesis that nobody closes, at the end of a file.
    Unclosed,
}

/// An entry and how it is written.
type Written = (Entry, String);

/// The input is drawn into lines of files.
pub fn run(input: &[u8]) {
    let mut draw = Draw::new(input);
    let files: Vec<_> = (0..FILES).map(|_| file(&mut draw)).collect();
    let folder = Folder::new();
    for (number, entries) in files.iter().enumerate() {
        let head = if number == 0 { HEAD } else { "" };
        let lines: String = entries.iter().map(|(_, text)| text.as_str()).collect();
        fs::write(folder.path(number), format!("{head}{lines}")).expect("a file of our own");
    }
    let mut expected = Naive::new(&files);
    expected.read(0, world::name(ZONE));
    check(&folder, &expected);
}

fn file(draw: &mut Draw<'_>) -> Vec<Written> {
    let mut entries = Vec::new();
    for _ in 0..draw.below(ENTRIES + 1) {
        let entry = entry(draw);
        entries.push((entry, text(entry, draw)));
        if matches!(entry, Entry::Unclosed) {
            break;
        }
    }
    entries
}

fn entry(draw: &mut Draw<'_>) -> Entry {
    let ttl = draw.pick(&[None, Some(5), Some(0x7fff_ffff)]);
    let kind = draw.below(16);
    let is_rare = draw.one_in(4);
    let name = draw.pick(&NAMES);
    match kind {
        9 if is_rare => Entry::Nonsense,
        10 if is_rare => Entry::Unclosed,
        0..6 => Entry::Address((kind > 1).then_some(name), ttl, draw.octet() & 3),
        6 | 7 => Entry::Origin(name),
        8 => Entry::Ttl(ttl.unwrap_or(7)),
        _ => Entry::Include(draw.below(FILES + 1), draw.one_in(3).then_some(name)),
    }
}

/// The entry as somebody may write it. What is wrong with it stands in its first line.
fn text(entry: Entry, draw: &mut Draw<'_>) -> String {
    let forms = [
        (" ", "\n"),
        ("\t", " ; ( \" \\\n"),
        (" ( ", ")\n"),
        (" (", "\n ; )\n\n )\n"),
    ];
    let (blank, end) = draw.pick(&forms);
    match entry {
        Entry::Address(owner, ttl, last) => {
            let ttl = ttl.map_or(String::new(), |ttl| format!("{ttl} "));
            format!("{}{blank}{ttl}A 192.0.2.{last}{end}", owner.unwrap_or(""))
        }
        Entry::Origin(origin) => format!("$ORIGIN{blank}{origin}{end}"),
        Entry::Ttl(ttl) => format!("$ttl{blank}{ttl}{end}"),
        Entry::Include(file, origin) => {
            let file = match draw.below(5) {
                0 => format!("\"{file}\""),
                1 => format!("./{file}"),
                2 => format!("\\{:03}", usize::from(b'0') + file),
                3 => format!("../{}/{file}", Folder::NAME),
                _ => file.to_string(),
            };
            format!("$INCLUDE{blank}{file} {}{end}", origin.unwrap_or(""))
        }
        Entry::Nonsense => format!("a{blank}5 A 192.0.2.256{end}"),
        Entry::Unclosed => "a 5 ( A 192.0.2.1\n".to_owned(),
    }
}

/// A folder of this process.
struct Folder(PathBuf);

impl Folder {
    const NAME: &str = "files";

    fn new() -> Self {
        let own = format!("understudy-fuzz-{}", std::process::id());
        let folder = std::env::temp_dir().join(own).join(Self::NAME);
        fs::create_dir_all(&folder).expect("a folder of our own");
        Folder(folder)
    }

    fn path(&self, file: usize) -> PathBuf {
        self.0.join(file.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left_behind = self.0.parent().map(fs::remove_dir_all);
    }
}

/// Reads the entries one after the other, and each file where it is included.
struct Naive<'f> {
    files: &'f [Vec<Written>],
    open: Vec<usize>,
    default_ttl: Option<u32>,
    last_ttl: u32,
    /// By owner, the lowest TTL (RFC 2181 section 5.2) and the last octets of the addresses.
    records: BTreeMap<Vec<u8>, (u32, BTreeSet<u8>)>,
    /// File and line, in the order of reading.
    faults: Vec<(usize, u32)>,
}

impl<'f> Naive<'f> {
    fn new(files: &'f [Vec<Written>]) -> Self {
        Naive {
            files,
            open: Vec::new(),
            default_ttl: None,
            last_ttl: HEAD_TTL,
            records: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    fn read(&mut self, file: usize, mut origin: NameBuf) {
        let (files, is_first) = (self.files, file == 0);
        self.open.push(file);
        let mut owner = is_first.then_some(origin);
        let mut line = if is_first { HEAD_LINES } else { 0 } + 1;
        for (entry, text) in &files[file] {
            let place = (file, line);
            match *entry {
                Entry::Address(own, ttl, last) => {
                    owner = own.map(|own| name(own, origin)).or(owner);
                    self.address(place, owner.as_ref(), ttl, last);
                }
                Entry::Origin(own) => origin = name(own, origin),
                Entry::Ttl(ttl) => self.default_ttl = Some(ttl),
                Entry::Include(other, own) => {
                    if other == MISSING || self.open.contains(&other) {
                        self.faults.push(place);
                    } else {
                        self.read(other, own.map_or(origin, |own| name(own, origin)));
                    }
                }
                Entry::Nonsense | Entry::Unclosed => {
                    owner = Some(name("a", origin));
                    self.faults.push(place);
                }
            }
            line += u32::try_from(text.matches('\n').count()).expect("a few lines");
        }
        self.open.pop();
    }

    fn address(
        &mut self,
        place: (usize, u32),
        owner: Option<&NameBuf>,
        ttl: Option<u32>,
        last: u8,
    ) {
        let Some(owner) = owner else {
            return self.faults.push(place);
        };
        self.last_ttl = ttl.or(self.default_ttl).unwrap_or(self.last_ttl);
        if owner.as_name().is_at_or_below(world::name(ZONE).as_name()) {
            let owner = owner.as_name().octets().to_ascii_lowercase();
            let set = self
                .records
                .entry(owner)
                .or_insert((u32::MAX, BTreeSet::new()));
            set.0 = set.0.min(self.last_ttl);
            set.1.insert(last);
        }
    }
}

/// A name as it is written, of [`NAMES`].
fn name(written: &str, origin: NameBuf) -> NameBuf {
    if written == "@" {
        return origin;
    }
    if written.ends_with('.') {
        return world::name(written);
    }
    let labels = written.replace(r"\097", "a");
    let child = |above: NameBuf, label: &str| {
        NameBuf::child(label.as_bytes(), above.as_name()).expect("a short name")
    };
    labels.rsplit('.').fold(origin, child)
}

fn check(folder: &Folder, expected: &Naive<'_>) {
    let origin = world::name(ZONE);
    match Zone::load(&folder.path(0), origin.as_name(), &mut |_, _| ()) {
        Ok(loaded) => {
            assert!(expected.faults.is_empty(), "{:?}", expected.faults);
            assert_eq!(addresses(&loaded.zone), expected.records);
        }
        Err(LoadError::Problems(problems)) => {
            let is_of_a_line =
                |it: &&Problem| it.severity == Severity::Error && it.code != "zone.problems.many";
            let places = problems.iter().filter(is_of_a_line).map(|problem| {
                let file = problem.file.rsplit('/').next();
                let file = file.and_then(|file| file.parse::<usize>().ok());
                (file.expect("one of our files"), problem.line)
            });
            let found: BTreeSet<_> = places.collect();
            let mut seen = BTreeSet::new(); // a file that is included again has the same faults
            let each_once = expected.faults.iter().filter(|place| seen.insert(**place));
            let told = each_once.take(TOLD).copied().collect();
            assert_eq!(found, told, "{problems:?}");
        }
        Err(error) => panic!("a file of our own: {error}"),
    }
}

fn addresses(zone: &Zone) -> BTreeMap<Vec<u8>, (u32, BTreeSet<u8>)> {
    let sets = zone.nodes().filter_map(|(owner, node)| {
        let set = node.rrset(Rtype::A)?;
        let last = set.rdatas().map(|rdata| rdata[3]).collect();
        Some((owner.as_name().octets().to_vec(), (set.ttl, last)))
    });
    sets.collect()
}
