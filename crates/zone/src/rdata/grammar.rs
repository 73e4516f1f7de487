//! The table: which fields the rdata of each type has.

use understudy_wire::Rtype;

/// One field of rdata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// An unsigned number of 8, 16, 32 or 64 bits.
    U8,
    U16,
    U32,
    U64,
    /// 32 bits of seconds; the text may have units.
    Period,
    /// 32 bits of seconds since 1970, as `YYYYMMDDHHmmSS` (RFC 4034 section 3.2).
    Time,
    /// 16 bits: a type by name.
    Type,
    /// 16 bits: a certificate type by name (RFC 4398 section 2.1).
    CertType,
    /// 8 bits: a DNSSEC algorithm by number or name.
    Algorithm,
    /// 8 bits: a DSYNC scheme by number or name (RFC 9859 section 2.1).
    Scheme,
    /// An uncompressed name.
    Name,
    Ipv4,
    Ipv6,
    /// A length octet and so many octets.
    Text,
    /// The same, which may be missing at the end.
    OptionalText,
    /// One or more of them, to the end.
    Texts,
    /// A length octet and a CAA tag (RFC 8659 section 4.1).
    Tag,
    /// All octets to the end, as one quoted text.
    LongText,
    /// All octets to the end, at least one.
    Hex,
    Base64,
    /// All octets to the end, perhaps none.
    Base64OrNothing,
    /// The same, where none is written as a hyphen.
    Base64OrHyphen,
    /// A length octet and octets, none written as a hyphen (RFC 5155 section 3.3).
    Salt,
    /// A length octet and octets in base32hex (RFC 5155 section 3.3).
    Hash,
    /// Windows of types, to the end (RFC 4034 section 4.1.2).
    Types,
    /// One bitmap of the types below 128, to the end (RFC 2535 section 5.2).
    NxtTypes,
    /// Octets joined by hyphens (RFC 7043).
    Eui48,
    Eui64,
    /// Four groups of 16 bits (RFC 6742 section 2.1).
    Locator,
    /// A whole format of its own.
    Loc,
    Apl,
    /// Protocol and bitmap of ports, to the end (RFC 1035 section 3.4.2).
    Services,
    Nsap,
    Atma,
    A6,
    Ipseckey,
    Amtrelay,
    Hip,
    SvcParams,
}

/// Do BIND 9.18, Knot 3.2 and NSD 4.6 all read the type by its name, with any value that it may have?
/// chosen: these are what Debian has, and `tests/integration/test_peers_files.py` asks them.
pub(crate) const fn is_widely_read(rtype: Rtype) -> bool {
    matches!(
        rtype,
        Rtype::A
            | Rtype::NS
            | Rtype::CNAME
            | Rtype::SOA
            | Rtype::PTR
            | Rtype::HINFO
            | Rtype::MINFO
            | Rtype::MX
            | Rtype::TXT
            | Rtype::RP
            | Rtype::AFSDB
            | Rtype::RT
            | Rtype::AAAA
            | Rtype::LOC
            | Rtype::SRV
            | Rtype::NAPTR
            | Rtype::KX
            | Rtype::CERT
            | Rtype::DNAME
            | Rtype::APL
            | Rtype::DS
            | Rtype::SSHFP
            | Rtype::IPSECKEY
            | Rtype::RRSIG
            | Rtype::NSEC
            | Rtype::DNSKEY
            | Rtype::DHCID
            | Rtype::NSEC3
            | Rtype::NSEC3PARAM
            | Rtype::TLSA
            | Rtype::SMIMEA
            | Rtype::CDS
            | Rtype::CDNSKEY
            | Rtype::OPENPGPKEY
            | Rtype::CSYNC
            | Rtype::ZONEMD
            | Rtype::SVCB
            | Rtype::HTTPS
            | Rtype::SPF
            | Rtype::NID
            | Rtype::L32
            | Rtype::L64
            | Rtype::LP
            | Rtype::EUI48
            | Rtype::EUI64
            | Rtype::URI
            | Rtype::CAA
    )
}

/// The fields of a type; None if its data is opaque (RFC 3597 section 3) and only the notation of
/// section 5 is defined for it.
pub(crate) const fn fields(rtype: Rtype) -> Option<&'static [Field]> {
    use Field::{
        Ipv4, Ipv6, Loc, Name, Nsap, OptionalText, Period, Services, Text, Texts, U16, U32,
    };
    Some(match rtype {
        Rtype::A => &[Ipv4],
        Rtype::AAAA => &[Ipv6],
        Rtype::NS
        | Rtype::MD
        | Rtype::MF
        | Rtype::CNAME
        | Rtype::MB
        | Rtype::MG
        | Rtype::MR
        | Rtype::PTR
        | Rtype::NSAP_PTR
        | Rtype::DNAME => &[Name],
        Rtype::SOA => &[Name, Name, U32, Period, Period, Period, Period],
        Rtype::WKS => &[Ipv4, Services],
        Rtype::HINFO => &[Text, Text],
        Rtype::MINFO | Rtype::RP | Rtype::TALINK => &[Name, Name],
        Rtype::MX | Rtype::AFSDB | Rtype::RT | Rtype::KX | Rtype::LP => &[U16, Name],
        Rtype::TXT
        | Rtype::SPF
        | Rtype::AVC
        | Rtype::NINFO
        | Rtype::RESINFO
        | Rtype::WALLET
        | Rtype::CLA => &[Texts],
        Rtype::X25 => &[Text],
        Rtype::ISDN => &[Text, OptionalText],
        Rtype::NSAP => &[Nsap],
        Rtype::PX => &[U16, Name, Name],
        Rtype::GPOS => &[Text, Text, Text],
        Rtype::LOC => &[Loc],
        Rtype::SRV => &[U16, U16, U16, Name],
        Rtype::NAPTR => &[U16, U16, Text, Text, Text, Name],
        Rtype::L32 => &[U16, Ipv4],
        _ => return newer_fields(rtype),
    })
}

/// The fields of the types for security, and of the newer ones.
const fn newer_fields(rtype: Rtype) -> Option<&'static [Field]> {
    use Field::{
        A6, Algorithm, Amtrelay, Apl, Atma, Base64, Base64OrHyphen, Base64OrNothing, CertType,
        Eui48, Eui64, Hash, Hex, Hip, Ipseckey, Locator, LongText, Name, NxtTypes, Salt, Scheme,
        SvcParams, Tag, Text, Time, Type, Types, U8, U16, U32, U64,
    };
    Some(match rtype {
        Rtype::SIG | Rtype::RRSIG => &[Type, Algorithm, U8, U32, Time, Time, U16, Name, Base64],
        Rtype::KEY | Rtype::RKEY => &[U16, U8, Algorithm, Base64OrNothing],
        Rtype::DNSKEY | Rtype::CDNSKEY => &[U16, U8, Algorithm, Base64],
        Rtype::NXT => &[Name, NxtTypes],
        Rtype::EID | Rtype::NIMLOC => &[Hex],
        Rtype::ATMA => &[Atma],
        Rtype::CERT => &[CertType, U16, Algorithm, Base64],
        Rtype::A6 => &[A6],
        Rtype::SINK => &[U8, U8, U8, Base64OrNothing],
        Rtype::APL => &[Apl],
        Rtype::DS | Rtype::CDS | Rtype::TA | Rtype::DLV => &[U16, Algorithm, U8, Hex],
        Rtype::SSHFP => &[U8, U8, Hex],
        Rtype::IPSECKEY => &[Ipseckey],
        Rtype::NSEC => &[Name, Types],
        Rtype::DHCID | Rtype::OPENPGPKEY | Rtype::HHIT | Rtype::BRID => &[Base64],
        Rtype::NSEC3 => &[U8, U8, U16, Salt, Hash, Types],
        Rtype::NSEC3PARAM => &[U8, U8, U16, Salt],
        Rtype::TLSA | Rtype::SMIMEA => &[U8, U8, U8, Hex],
        Rtype::HIP => &[Hip],
        Rtype::CSYNC => &[U32, U16, Types],
        Rtype::ZONEMD => &[U32, U8, U8, Hex],
        Rtype::SVCB | Rtype::HTTPS => &[U16, Name, SvcParams],
        Rtype::DSYNC => &[Type, Scheme, U16, Name],
        Rtype::NID | Rtype::L64 => &[U16, Locator],
        Rtype::EUI48 => &[Eui48],
        Rtype::EUI64 => &[Eui64],
        Rtype::URI => &[U16, U16, LongText],
        Rtype::CAA => &[U8, Tag, LongText],
        Rtype::DOA => &[U32, U32, U8, Text, Base64OrHyphen],
        Rtype::AMTRELAY => &[Amtrelay],
        Rtype::IPN => &[U64],
        _ => return None,
    })
}
