//! Looking ahead: in a large zone each look-up waits for memory two or three times. Those of a batch
//! wait together if what each will read is fetched before the first is made.

use understudy_wire::{Folded, HEADER_OCTETS, Name};
use understudy_zone::{Ahead, Zone};

/// Begins to look up the name that a message asks for, as if it were one of this zone: see
/// [`Zone::look_ahead`]. None if it is too short for that. What else it asks makes no difference.
#[inline]
#[must_use]
pub fn look_ahead<'z>(zone: &'z Zone, message: &[u8]) -> Option<Ahead<'z>> {
    let (name, labels, _) = Name::split_counted(message.get(HEADER_OCTETS..)?)?;
    let mut copy = None;
    zone.look_ahead(Folded::of(name, labels, &mut copy))
}

#[cfg(test)]
mod tests {
    use understudy_wire::NameBuf;

    use super::*;

    #[test]
    fn names_are_looked_up_without_regard_to_what_else_is_asked() {
        let origin: NameBuf = "example.com.".parse().unwrap();
        let text = b"@ 60 SOA ns root 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n";
        let zone = Zone::parse(text, "ahead", origin.as_name()).unwrap().zone;
        let ask = |name: &str| {
            let mut message = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
            message.extend(name.parse::<NameBuf>().unwrap().as_name().octets());
            message.extend([0, 1, 0, 1]);
            message
        };
        let found = |name: &str| look_ahead(&zone, &ask(name)).map(|ahead| ahead.last());
        assert!(found("ns.example.com.").is_some_and(|last| last.is_some()));
        assert_eq!(found("NS.example.COM."), found("ns.example.com."));
        assert_eq!(found("none.example.com."), Some(None));
        assert!(found("example.com.").is_some());
        for name in ["com.", "."] {
            assert_eq!(found(name), None, "{name}");
        }
        let whole = ask("ns.example.com.");
        assert_eq!(look_ahead(&zone, &whole[..28]), look_ahead(&zone, &whole));
        for cut in 0..28 {
            assert_eq!(look_ahead(&zone, &whole[..cut]), None, "{cut}");
        }
    }
}
