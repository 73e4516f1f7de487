//! Each rule of the answer algorithm as a story in text: zones, steered sets, a query, and the
//! response it must get. `tests/stories/README.md` has the form.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test stops at the first surprise"
)]

mod story;

use std::fs;
use std::path::Path;

fn tell(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/stories")
        .join(name);
    let text = fs::read_to_string(&path).unwrap();
    let outcomes = story::run(&text);
    assert!(!outcomes.is_empty(), "{name} asks nothing");
    let failures: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{name}:\n{}", failures.join("\n"));
}

macro_rules! stories {
    ($($test:ident: $file:literal,)*) => {
        $(#[test] fn $test() { tell($file); })*

        #[test]
        fn every_file_is_told() {
            let told = [$($file),*];
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
            for entry in fs::read_dir(folder).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                assert!(name == "README.md" || told.contains(&name.as_str()), "{name}");
            }
        }
    };
}

stories! {
    answers: "answers.txt",
    negative_answers: "negative.txt",
    delegations: "delegations.txt",
    aliases: "aliases.txt",
    redirections: "dname.txt",
    wildcards: "wildcards.txt",
    any: "any.txt",
    additional_data: "additional.txt",
    sizes_and_edns: "sizes.txt",
    refusals: "refusals.txt",
    cookies: "cookies.txt",
    options: "options.txt",
    steered_sets: "steered.txt",
    zones_above_and_below: "zones.txt",
}

#[test]
fn a_wrong_expectation_fails() {
    let story = "
zone example.com.
@ 60 SOA ns. root. 1 2 3 4 5
@ 60 NS ns.
a 60 A 192.0.2.1
end
query a.example.com. A
  NOERROR aa
  answer
    a.example.com. 60 IN A 192.0.2.2
";
    let outcomes = story::run(story);
    assert!(matches!(outcomes.as_slice(), [Err(text)] if text.contains("192.0.2.1")));
}
