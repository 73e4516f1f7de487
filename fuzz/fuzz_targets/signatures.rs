#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| understudy_fuzz::signatures::run(input));
