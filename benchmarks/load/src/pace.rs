//! So many queries per second at even distances. Each one's latency counts from the instant at which it was due,
//! so that a slow answer does not hide the wait of those behind it.

use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::batch::BATCH;
use crate::fault::Fault;
use crate::lane::Lane;
use crate::queries::Queries;
use crate::spread::Spread;

/// The longest run at a pace.
const LONGEST: Duration = Duration::from_secs(30);

pub(crate) fn run(arguments: &Arguments) -> Result<(), Fault> {
    let mut queries = Queries::load(&arguments.queries)?;
    let mut lane = Lane::connect(arguments.to, arguments.is_checked)?;
    let time = arguments.time.min(LONGEST);
    let distance = Duration::from_secs(1) / arguments.rate;
    let room = usize::try_from(time.as_nanos() / distance.as_nanos().max(1)).unwrap_or(0);
    let mut spread = Spread::with_room(room + 1);
    let begin = Instant::now();
    let (end, mut due) = (begin + time, begin);
    loop {
        let now = Instant::now();
        if now >= end {
            break;
        }
        let mut sent = 0;
        while due <= now && sent < BATCH {
            lane.send(&mut queries, 1, due)?;
            due += distance;
            sent += 1;
        }
        lane.receive(arguments.patience, |took| spread.add(took))?;
    }
    let last = Instant::now() + arguments.patience;
    while lane.under_way > 0 && Instant::now() < last {
        lane.receive(arguments.patience, |took| spread.add(took))?;
    }
    lane.give_up();
    let [p50, p90, p99, p999, slowest] = spread.percentiles([500, 900, 990, 999, 1000]);
    println!(
        "{{\"answered\": {}, \"lost\": {}, \"wrong\": {}, \"p50_us\": {p50:.1}, \"p90_us\": {p90:.1}, \
         \"p99_us\": {p99:.1}, \"p999_us\": {p999:.1}, \"slowest_us\": {slowest:.1}}}",
        lane.tally.answered, lane.tally.lost, lane.tally.wrong,
    );
    Ok(())
}
