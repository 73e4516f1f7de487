use std::time::Duration;

/// Durations, to be asked for their percentiles.
pub(crate) struct Spread {
    nanoseconds: Vec<u32>,
}

impl Spread {
    pub(crate) fn with_room(count: usize) -> Self {
        let nanoseconds = Vec::with_capacity(count);
        Spread { nanoseconds }
    }

    pub(crate) fn add(&mut self, time: Duration) {
        self.nanoseconds
            .push(u32::try_from(time.as_nanos()).unwrap_or(u32::MAX));
    }

    /// For each share in thousandths: the duration that so many do not exceed, in µs (nearest rank).
    pub(crate) fn percentiles<const N: usize>(&mut self, thousandths: [usize; N]) -> [f64; N] {
        self.nanoseconds.sort_unstable();
        let count = self.nanoseconds.len();
        thousandths.map(|share| {
            let rank = (count * share).div_ceil(1000).max(1) - 1;
            self.nanoseconds
                .get(rank)
                .map_or(f64::NAN, |time| f64::from(*time) / 1000.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_added() {
        let mut spread = Spread::with_room(4);
        for milliseconds in [4, 1, 3, 2] {
            spread.add(Duration::from_millis(milliseconds));
        }
        let expected = [2000.0, 4000.0, 4000.0];
        for (found, wanted) in spread.percentiles([500, 990, 1000]).iter().zip(expected) {
            assert!((found - wanted).abs() < 1e-9, "{found} is not {wanted}");
        }
    }

    #[test]
    fn nothing_has_no_percentile() {
        let [p50] = Spread::with_room(0).percentiles([500]);
        assert!(p50.is_nan());
    }
}
