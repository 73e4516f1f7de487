//! What the fuzz targets check. A target is a function of octets that panics where a law is broken;
//! `fuzz_targets` hands it to libFuzzer.
//!
//! ```text
//! message      what Query and Tsig read is what a naive reader reads
//! master_file  no text ends the process; what was read, written and read again is the same
//! rdata        octets that are accepted have a text that reads back as these octets
//! look_up      a drawn zone finds what a naive model finds
//! changes      changes of a zone equal the changes of a model, and a zone built at once
//! framing      messages cut anywhere over TCP are each answered once, in order, and nothing piles up
//! rates        no subject is sent less than its rate permits, nor more while the table remembers it
//! differences  each leads from one version of a zone to the next, and several as one as far
//! incoming     a transfer gives what a naive reader makes of its records, or an error
//! signatures   what is signed is verified, and nothing that was changed on the way
//! include      files that include each other have the records and faults of a naive reader
//! answer       rich zones, any message: the response is well-formed and within its limit
//! resolve      drawn zones and queries: the same, and the answer is what the model expects
//! ```

pub mod answer;
pub mod changes;
pub mod differences;
mod draw;
pub mod framing;
pub mod include;
pub mod incoming;
pub mod look_up;
pub mod master_file;
pub mod message;
mod model;
pub mod rates;
pub mod rdata;
mod records;
mod reply;
pub mod resolve;
pub mod signatures;
mod world;
