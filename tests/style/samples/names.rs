//! Names that say nothing, or another system's word; the unmarked ones are fine. struct CommentHandler;

struct QueryHandler; // <- rejected
struct Rdata {
    octets: Vec<u8>,
    is_slave: bool, // <- rejected
}

mod utils {} // <- rejected

fn read_master_file(backend: &str) -> String { // <- rejected
    let message = format!("a struct called {backend}Info");
    let masters = message; // <- rejected
    masters
}

#[test]
fn parses() { // <- rejected
}

#[test]
#[should_panic(expected = "loop")]
fn a_pointer_loop_is_refused() {}
