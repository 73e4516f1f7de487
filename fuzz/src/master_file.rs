//! No text ends the process, hangs it or fills the memory; what was read, written and read again is
//! the same zone.

use understudy_zone::{LoadError, Problem, Zone};

use crate::model::Model;
use crate::world;

/// chosen: what a `$GENERATE` makes of four digits is more than a run should wait for.
const MOST_DIGITS: usize = 3;

/// The first octet chooses the origin, the rest is the text.
pub fn run(input: &[u8]) {
    let Some((first, text)) = input.split_first() else {
        return;
    };
    if reaches_out(text) {
        return;
    }
    let origins = ["example.", ".", r"a\.b.\000.c."];
    let origin = world::name(origins[usize::from(*first) % origins.len()]);
    let origin = origin.as_name();
    let lines = text.split(|octet| *octet == b'\n').count();
    let is_inside = |problem: &Problem| {
        let line = usize::try_from(problem.line).unwrap_or(usize::MAX);
        problem.file == "fuzz" && (1..=lines).contains(&line) && problem.column > 0
    };
    match Zone::parse(text, "fuzz", origin) {
        Ok(loaded) => {
            assert!(
                loaded.warnings.iter().all(is_inside),
                "{:?}",
                loaded.warnings
            );
            check_again(&loaded.zone);
        }
        Err(LoadError::Problems(problems)) => {
            assert!(
                !problems.is_empty() && problems.iter().all(is_inside),
                "{problems:?}"
            );
            let is_printable = |problem: &Problem| !problem.message.contains(char::is_control);
            assert!(problems.iter().all(is_printable), "{problems:?}");
        }
        Err(error) => panic!("a text from memory: {error}"),
    }
}

/// Written and read again, it is the same.
fn check_again(zone: &Zone) {
    let written = zone.to_master_file();
    let is_shown = |octet: u8| octet == b'\n' || matches!(octet, b' '..=b'~');
    assert!(
        written.bytes().all(is_shown),
        "nothing that a terminal obeys"
    );
    let again = Zone::parse(written.as_bytes(), "again", zone.origin());
    let again = again
        .unwrap_or_else(|error| panic!("{error}{written}"))
        .zone;
    let model = Model::of(zone);
    model.check_contents(zone);
    model.check_contents(&again);
    assert_eq!(again.to_master_file(), written);
    assert_eq!(again.serial(), zone.serial());
    assert_eq!(again.negative_ttl(), zone.negative_ttl());
}

/// Would it open files of this machine, or make more than a run has time for? Both is what the
/// directives are for.
fn reaches_out(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    let has = |word: &[u8]| text.windows(word.len()).position(|part| part == word);
    let is_long = |part: &[u8]| {
        let mut runs = part.split(|octet| !octet.is_ascii_digit());
        runs.any(|digits| digits.len() > MOST_DIGITS)
    };
    has(b"$include").is_some() || has(b"$generate").is_some_and(|at| is_long(&text[at..]))
}
