//! The generator against the echo, against a server of ours that answers wrong, and against nobody.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test stops at the first surprise, and whole numbers are exact"
)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_understudy-load");
/// The length, NOERROR and no answers expected, and a message that is no more than its header.
const QUERY: [u8; 16] = [0, 12, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/// A file of one query, by a name that no other test has.
fn queries(test: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.queries"));
    fs::write(&path, QUERY).unwrap();
    path
}

/// The echo, which is ended with the test.
struct Echo {
    process: Child,
    address: String,
}

impl Echo {
    fn start() -> Self {
        let mut process = Command::new(PROGRAM)
            .arg("echo")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        Echo { process, address }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn command(verb: &str, to: &str, test: &str, options: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args([verb, "--to", to, "--queries"]);
    command.arg(queries(test)).args(options);
    command
}

/// A number in the line that is printed.
fn figure(line: &str, key: &str) -> f64 {
    let (_, rest) = line.split_once(&format!("\"{key}\": ")).unwrap();
    rest.split([',', '}']).next().unwrap().parse().unwrap()
}

fn run(verb: &str, to: &str, test: &str, options: &[&str]) -> String {
    let done = command(verb, to, test, options).output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn a_flood_by_count_asks_until_so_many_are_answered_whether_it_gives_way_or_not() {
    let echo = Echo::start();
    for options in [
        &["--count", "5000"][..],
        &["--count", "5000", "--sockets", "16", "--gives-way"],
    ] {
        let line = run("flood", &echo.address, "count", options);
        assert!(figure(&line, "answered") >= 5000.0, "{line}");
        assert!(
            figure(&line, "answered_in_all") < 5000.0 + 2.0 * 128.0,
            "{line}"
        );
        assert_eq!(figure(&line, "wrong"), 0.0, "{line}");
    }
}

#[test]
fn a_pace_asks_so_often_and_tells_latencies_in_their_order() {
    let echo = Echo::start();
    let options = ["--rate", "1000", "--seconds", "0.5"];
    let line = run("pace", &echo.address, "pace", &options);
    let asked = figure(&line, "answered") + figure(&line, "lost");
    assert!((490.0..=501.0).contains(&asked), "{line}");
    let spread =
        ["p50_us", "p90_us", "p99_us", "p999_us", "slowest_us"].map(|key| figure(&line, key));
    assert!(spread.is_sorted(), "{line}");
    assert!(spread[0] > 0.0, "{line}");
}

#[test]
fn answers_that_nobody_expects_are_wrong_unless_nothing_is_compared() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let to = socket.local_addr().unwrap().to_string();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut message = [0; 512];
            while !is_over.load(Ordering::SeqCst) {
                if let Ok((length, client)) = socket.recv_from(&mut message) {
                    message[3] = 2; // SERVFAIL
                    socket.send_to(&message[..length], client).unwrap();
                }
            }
        });
        let bounded = ["--count", "200", "--window", "8"];
        let compared = run("flood", &to, "wrong", &bounded);
        let unchecked = [&bounded[..], &["--unchecked"]].concat();
        let ignored = run("flood", &to, "wrong", &unchecked);
        is_over.store(true, Ordering::SeqCst);
        assert_eq!(
            figure(&compared, "wrong"),
            figure(&compared, "answered_in_all")
        );
        assert_eq!(figure(&ignored, "wrong"), 0.0);
    });
}

/// Two generators that wait for nothing share a core. Who gives way has little of it.
#[test]
fn a_generator_that_gives_way_leaves_its_core_to_who_has_something_to_do() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = silent.local_addr().unwrap().to_string();
    let start = |options: &[&str]| {
        let options = [&["--seconds", "3"], options].concat();
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &first_core(), PROGRAM, "flood"]);
        command.args(["--to", &to, "--queries"]).arg(queries("way"));
        command.args(options).stdout(Stdio::null());
        command.spawn().unwrap()
    };
    let mut processes = [start(&["--gives-way"]), start(&[])];
    thread::sleep(Duration::from_millis(600));
    let [gives_way, does_not] = [0, 1].map(|index: usize| run_ns(processes[index].id()));
    for process in &mut processes {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    assert!(
        3 * gives_way < does_not,
        "{gives_way} ns beside {does_not} ns"
    );
}

/// A core that this process may use.
fn first_core() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let list = lines
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
        .unwrap();
    list.trim().split([',', '-']).next().unwrap().to_owned()
}

/// How long a process has run, in nanoseconds, by the scheduler's account.
fn run_ns(process: u32) -> u64 {
    let account = fs::read_to_string(format!("/proc/{process}/schedstat")).unwrap();
    account.split_whitespace().next().unwrap().parse().unwrap()
}
