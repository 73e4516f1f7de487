//! Load for the benchmarks, and their limit: a bare echo. Loopback only, bounded in count and time.
//!
//! ```text
//! load echo  [--uncut]                                            prints its address, then echoes until it is ended
//! load flood --to A --queries F [--seconds S | --count N] ...     as many queries as are answered; with --gives-way
//!                                                                 others have its core when nothing has come
//! load pace  --to A --queries F [--seconds S] [--rate R]          so many queries per second, at even distances
//! load fetch --to A --zone Z                                      the whole zone over TCP, once
//! ```
//!
//! `flood`, `pace` and `fetch` print one line of JSON. Every answer is compared with what its query expects.

mod arguments;
mod batch;
mod echo;
mod fault;
mod fetch;
mod flood;
mod lane;
mod pace;
mod queries;
mod spread;

use std::process::ExitCode;

use arguments::Arguments;
use fault::Fault;

fn main() -> ExitCode {
    let outcome = Arguments::read(std::env::args().skip(1)).and_then(|arguments| run(&arguments));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("load: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Fault> {
    match arguments.verb.as_str() {
        "echo" => echo::run(arguments),
        "flood" => flood::run(arguments),
        "pace" => pace::run(arguments),
        "fetch" => fetch::run(arguments),
        _ => Err(Fault::Usage("echo, flood, pace or fetch".to_owned())),
    }
}
