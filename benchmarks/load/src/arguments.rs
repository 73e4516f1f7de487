use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::fault::Fault;

/// The longest run. A forgotten one ends by itself.
const LONGEST: Duration = Duration::from_secs(120);
/// The most queries of a run that is bounded by their count.
pub(crate) const MOST: u64 = 100_000_000;

/// What to do, to whom, for how long.
pub(crate) struct Arguments {
    pub(crate) verb: String,
    pub(crate) to: SocketAddr,
    pub(crate) queries: PathBuf,
    pub(crate) zone: String,
    pub(crate) time: Duration,
    pub(crate) count: u64,
    pub(crate) rate: u32,
    /// Queries under way at most, over all sockets.
    pub(crate) window: usize,
    pub(crate) sockets: usize,
    /// An answer that takes longer is lost.
    pub(crate) patience: Duration,
    /// Whether answers are compared with what the queries expect; an echo expects nothing.
    pub(crate) is_checked: bool,
    /// Whether the echo forbids cutting its packets, as Understudy does: the kernel then need not number them.
    pub(crate) is_uncut: bool,
    /// Whether it lets others have its core when nothing has come, for a core that it shares with the server.
    pub(crate) gives_way: bool,
}

impl Arguments {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, Fault> {
        let mut read = Arguments {
            verb: words.next().unwrap_or_default(),
            to: SocketAddr::from(([127, 0, 0, 1], 0)),
            queries: PathBuf::new(),
            zone: String::new(),
            time: LONGEST,
            count: MOST,
            rate: 20_000,
            // chosen: a socket buffer of the default size (212,992 octets) holds 166 of 1,280 octets.
            window: 128,
            sockets: 1,
            patience: Duration::from_millis(100),
            is_checked: true,
            is_uncut: false,
            gives_way: false,
        };
        while let Some(option) = words.next() {
            match option.as_str() {
                "--unchecked" => read.is_checked = false,
                "--uncut" => read.is_uncut = true,
                "--gives-way" => read.gives_way = true,
                _ => read.set(&option, &words.next().unwrap_or_default())?,
            }
        }
        if !read.to.ip().is_loopback() {
            return Err(Fault::Usage("a loopback address".to_owned()));
        }
        Ok(read)
    }

    fn set(&mut self, option: &str, value: &str) -> Result<(), Fault> {
        match option {
            "--to" => self.to = parse(option, value)?,
            "--zone" => value.clone_into(&mut self.zone),
            "--queries" => self.queries = PathBuf::from(value),
            "--seconds" => {
                let seconds = parse::<f64>(option, value)?;
                let time = Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST);
                self.time = time.min(LONGEST);
            }
            "--count" => self.count = parse::<u64>(option, value)?.min(MOST),
            "--rate" => self.rate = parse::<u32>(option, value)?.clamp(1, 200_000),
            "--window" => self.window = parse::<usize>(option, value)?.clamp(1, 4096),
            "--sockets" => self.sockets = parse::<usize>(option, value)?.clamp(1, 64),
            "--patience-ms" => self.patience = Duration::from_millis(parse(option, value)?),
            _ => return Err(Fault::Usage(format!("an option, not {option}"))),
        }
        Ok(())
    }
}

fn parse<T: FromStr>(option: &str, value: &str) -> Result<T, Fault> {
    let refused = || Fault::Usage(format!("a value after {option}, not '{value}'"));
    value.parse().map_err(|_| refused())
}
