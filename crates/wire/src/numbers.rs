//! The numbers of the IANA DNS parameters registry, and their names.

use core::fmt;
use core::str::FromStr;

/// Make a number type with named constants, text in both directions, and the generic notation of
/// RFC 3597 section 5 for numbers without a name (where a prefix is given).
macro_rules! registry {
    ($(#[$doc:meta])* $type:ident($raw:ty), $prefix:literal, {
        $($(#[$note:meta])* $constant:ident = $number:literal $text:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type($raw);

        impl $type {
            $(#[doc = $text] pub const $constant: Self = Self($number);)*

            /// Every number that has a name, in ascending order of the registry.
            pub const NAMED: &[Self] = &[$(Self($number),)*];

            /// The value with this number.
            #[must_use]
            pub const fn new(number: $raw) -> Self {
                Self(number)
            }

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> $raw {
                self.0
            }

            /// The registered mnemonic.
            #[must_use]
            pub const fn mnemonic(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($text),)*
                    _ => None,
                }
            }

            /// Read a mnemonic in any case, or the generic notation.
            #[must_use]
            pub fn from_text(text: &[u8]) -> Option<Self> {
                $(if text.eq_ignore_ascii_case($text.as_bytes()) {
                    return Some(Self($number));
                })*
                generic_number(text, $prefix).and_then(|number| number.try_into().ok()).map(Self)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.mnemonic() {
                    Some(text) => f.pad(text),
                    None => f.pad(&format!("{}{}", $prefix, self.0)),
                }
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $type {
            type Err = UnknownMnemonic;

            fn from_str(text: &str) -> Result<Self, UnknownMnemonic> {
                Self::from_text(text.as_bytes()).ok_or(UnknownMnemonic)
            }
        }
    };
}

/// The text names nothing in the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownMnemonic;

impl fmt::Display for UnknownMnemonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such mnemonic")
    }
}

impl core::error::Error for UnknownMnemonic {}

/// `TYPE65280` and the like: the prefix in any case, then a decimal number.
fn generic_number(text: &[u8], prefix: &str) -> Option<u16> {
    let (head, digits) = text.split_at_checked(prefix.len())?;
    if !head.eq_ignore_ascii_case(prefix.as_bytes()) || digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u16, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| u16::from(*digit - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

registry! {
    /// The type of a record or of a question.
    Rtype(u16), "TYPE", {
        A = 1 "A", NS = 2 "NS", MD = 3 "MD", MF = 4 "MF", CNAME = 5 "CNAME", SOA = 6 "SOA",
        MB = 7 "MB", MG = 8 "MG", MR = 9 "MR", NULL = 10 "NULL", WKS = 11 "WKS", PTR = 12 "PTR",
        HINFO = 13 "HINFO", MINFO = 14 "MINFO", MX = 15 "MX", TXT = 16 "TXT", RP = 17 "RP",
        AFSDB = 18 "AFSDB", X25 = 19 "X25", ISDN = 20 "ISDN", RT = 21 "RT", NSAP = 22 "NSAP",
        NSAP_PTR = 23 "NSAP-PTR", SIG = 24 "SIG", KEY = 25 "KEY", PX = 26 "PX", GPOS = 27 "GPOS",
        AAAA = 28 "AAAA", LOC = 29 "LOC", NXT = 30 "NXT", EID = 31 "EID", NIMLOC = 32 "NIMLOC",
        SRV = 33 "SRV", ATMA = 34 "ATMA", NAPTR = 35 "NAPTR", KX = 36 "KX", CERT = 37 "CERT",
        A6 = 38 "A6", DNAME = 39 "DNAME", SINK = 40 "SINK", OPT = 41 "OPT", APL = 42 "APL",
        DS = 43 "DS", SSHFP = 44 "SSHFP", IPSECKEY = 45 "IPSECKEY", RRSIG = 46 "RRSIG",
        NSEC = 47 "NSEC", DNSKEY = 48 "DNSKEY", DHCID = 49 "DHCID", NSEC3 = 50 "NSEC3",
        NSEC3PARAM = 51 "NSEC3PARAM", TLSA = 52 "TLSA", SMIMEA = 53 "SMIMEA", HIP = 55 "HIP",
        NINFO = 56 "NINFO", RKEY = 57 "RKEY", TALINK = 58 "TALINK", CDS = 59 "CDS",
        CDNSKEY = 60 "CDNSKEY", OPENPGPKEY = 61 "OPENPGPKEY", CSYNC = 62 "CSYNC",
        ZONEMD = 63 "ZONEMD", SVCB = 64 "SVCB", HTTPS = 65 "HTTPS", DSYNC = 66 "DSYNC",
        HHIT = 67 "HHIT", BRID = 68 "BRID", SPF = 99 "SPF", UINFO = 100 "UINFO", UID = 101 "UID",
        GID = 102 "GID", UNSPEC = 103 "UNSPEC", NID = 104 "NID", L32 = 105 "L32", L64 = 106 "L64",
        LP = 107 "LP", EUI48 = 108 "EUI48", EUI64 = 109 "EUI64", NXNAME = 128 "NXNAME",
        TKEY = 249 "TKEY", TSIG = 250 "TSIG", IXFR = 251 "IXFR", AXFR = 252 "AXFR",
        MAILB = 253 "MAILB", MAILA = 254 "MAILA", ANY = 255 "ANY", URI = 256 "URI",
        CAA = 257 "CAA", AVC = 258 "AVC", DOA = 259 "DOA", AMTRELAY = 260 "AMTRELAY",
        RESINFO = 261 "RESINFO", WALLET = 262 "WALLET", CLA = 263 "CLA", IPN = 264 "IPN",
        TA = 32768 "TA", DLV = 32769 "DLV",
    }
}

registry! {
    /// The class of a record or of a question.
    Class(u16), "CLASS", {
        IN = 1 "IN", CH = 3 "CH", HS = 4 "HS", NONE = 254 "NONE", ANY = 255 "ANY",
    }
}

registry! {
    /// What a message asks the server to do.
    Opcode(u8), "OPCODE", {
        QUERY = 0 "QUERY", IQUERY = 1 "IQUERY", STATUS = 2 "STATUS", NOTIFY = 4 "NOTIFY",
        UPDATE = 5 "UPDATE", DSO = 6 "DSO",
    }
}

registry! {
    /// The outcome of a query; values above 15 need an OPT or TSIG record to travel in.
    Rcode(u16), "RCODE", {
        NOERROR = 0 "NOERROR", FORMERR = 1 "FORMERR", SERVFAIL = 2 "SERVFAIL",
        NXDOMAIN = 3 "NXDOMAIN", NOTIMP = 4 "NOTIMP", REFUSED = 5 "REFUSED",
        YXDOMAIN = 6 "YXDOMAIN", YXRRSET = 7 "YXRRSET", NXRRSET = 8 "NXRRSET",
        NOTAUTH = 9 "NOTAUTH", NOTZONE = 10 "NOTZONE", DSOTYPENI = 11 "DSOTYPENI",
        BADVERS = 16 "BADVERS", BADKEY = 17 "BADKEY", BADTIME = 18 "BADTIME",
        BADMODE = 19 "BADMODE", BADNAME = 20 "BADNAME", BADALG = 21 "BADALG",
        BADTRUNC = 22 "BADTRUNC", BADCOOKIE = 23 "BADCOOKIE",
    }
}

impl Rcode {
    /// What BADVERS means in a TSIG record (RFC 8945 section 3), as which it is shown elsewhere.
    pub const BADSIG: Self = Self(16);
}

impl Rtype {
    /// A type that only questions and messages have (RFC 6895 section 3.1): never zone data. NXNAME
    /// (RFC 9824) and OPT are among them.
    #[must_use]
    pub const fn is_meta(self) -> bool {
        matches!(self.0, 0 | 41 | 128..=255)
    }

    /// A meta-type that no question can be about: OPT, NXNAME and TSIG stand in messages only, and
    /// type 0 is none (RFC 6895 section 3.1, RFC 9824 section 3.5).
    #[must_use]
    pub const fn is_never_asked(self) -> bool {
        matches!(self.0, 0 | 41 | 128 | 250)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_number_reads_back() {
        for rtype in Rtype::NAMED {
            assert_eq!(rtype.to_string().to_lowercase().parse(), Ok(*rtype));
        }
        for class in Class::NAMED {
            assert_eq!(class.to_string().parse(), Ok(*class));
        }
        for rcode in Rcode::NAMED {
            assert_eq!(rcode.to_string().parse(), Ok(*rcode));
        }
        for opcode in Opcode::NAMED {
            assert_eq!(opcode.to_string().parse(), Ok(*opcode));
        }
    }

    #[test]
    fn numbers_without_a_name_use_the_generic_notation() {
        assert_eq!(Rtype::new(65280).to_string(), "TYPE65280");
        assert_eq!("type65280".parse(), Ok(Rtype::new(65280)));
        assert_eq!("TYPE1".parse(), Ok(Rtype::A));
        assert_eq!("CLASS1".parse(), Ok(Class::IN));
        for text in ["TYPE", "TYPE65536", "TYPE-1", "TYPE1x", "B", ""] {
            assert_eq!(text.parse::<Rtype>(), Err(UnknownMnemonic), "{text}");
        }
    }

    #[test]
    fn meta_types_are_never_zone_data() {
        for rtype in [
            Rtype::ANY,
            Rtype::AXFR,
            Rtype::OPT,
            Rtype::TSIG,
            Rtype::new(0),
        ] {
            assert!(rtype.is_meta(), "{rtype}");
        }
        for rtype in [Rtype::A, Rtype::URI, Rtype::SPF, Rtype::DLV] {
            assert!(!rtype.is_meta(), "{rtype}");
        }
        for number in (0..=u16::MAX).map(Rtype::new) {
            assert!(number.is_meta() || !number.is_never_asked(), "{number}");
        }
    }
}
