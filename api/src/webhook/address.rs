//! Where may be posted to: public addresses over TLS, and what the settings allow beside them. An address is checked when
//! the webhook is set up, and the one that is connected to at each attempt.

use crate::kernel::error::Refusal;
use ipnet::IpNet;
use reqwest::Url;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest address.
const LONGEST: usize = 2_000;

/// Ports at which something else than HTTP is spoken, as browsers refuse them.
const NOT_HTTP: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 138, 139, 143, 161, 179, 389, 427, 445, 465, 512,
    513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 873, 989, 990, 993, 995, 1433,
    1521, 1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432,
    5900, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 10080, 11211, 27017,
];

/// Ends of names that no public server has.
const PRIVATE_NAMES: &[&str] = &[".local", ".localdomain", ".internal", ".intranet", ".lan", ".home.arpa"];

/// Whether an address is one of the public network: global unicast, and none that stands for another.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(four) => is_public_four(four),
        IpAddr::V6(six) => is_public_six(six),
    }
}

fn is_public_four(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_unspecified();
    // This network, carrier NAT, protocol assignments, relays to IPv6, benchmarks, what is reserved.
    let reserved = a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240;
    !special && !reserved
}

fn is_public_six(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Global unicast is 2000::/3; in it stand Teredo and other protocols (2001::/23), documentation, and 6to4, which
    // holds an address of IPv4.
    let within = a & 0xe000 == 0x2000;
    let protocols = a == 0x2001 && b < 0x0200;
    let documentation = (a == 0x2001 && b == 0x0db8) || (a == 0x3fff && b < 0x1000);
    within && !protocols && !documentation && a != 0x2002
}

/// Whether an address may be connected to: over TLS a public one or one that the settings allow, without it the latter
/// alone.
#[must_use]
pub fn may_reach(address: IpAddr, allowed: &[IpNet], over_tls: bool) -> bool {
    let address = address.to_canonical();
    allowed.iter().any(|net| net.contains(&address)) || over_tls && is_public(address)
}

/// The address that a literal host is.
#[must_use]
pub fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

fn refused(rule: &'static str, zh: &str, en: &str) -> Refusal {
    Refusal::rule(rule, "url", zh, en)
}

/// The address of a webhook, if it may be posted to as far as can be told without asking for its name.
pub fn check(text: &str, allowed: &[IpNet]) -> Result<Url, Refusal> {
    let malformed = || refused("url", "应为 https:// 地址。", "An https:// address is needed.");
    if text.len() > LONGEST {
        return Err(malformed());
    }
    let url = Url::parse(text.trim()).map_err(|_| malformed())?;
    let over_tls = url.scheme() == "https";
    if !over_tls && (url.scheme() != "http" || allowed.is_empty()) {
        return Err(malformed());
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(refused(
            "url-parts",
            "地址中不能含用户名、密码或 # 片段。",
            "The address holds no user name, password or fragment.",
        ));
    }
    if url.port().is_some_and(|port| NOT_HTTP.contains(&port)) {
        return Err(refused(
            "port",
            "此端口不是 HTTP 服务端口。",
            "At this port something else than HTTP is spoken.",
        ));
    }
    let reached = match literal(&url) {
        Some(address) => may_reach(address, allowed, over_tls),
        None => may_be_named(url.host_str().unwrap_or_default(), allowed),
    };
    if reached {
        return Ok(url);
    }
    Err(refused(
        "address",
        "此地址不在公网上，也不在允许的网段（webhook.allowed_networks）内。",
        "The address is neither public nor in a network that is allowed (`webhook.allowed_networks`).",
    ))
}

/// Whether a name may be one of a server that is reached; its addresses are looked at when it is connected to.
fn may_be_named(host: &str, allowed: &[IpNet]) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    if host == "localhost" || host.ends_with(".localhost") {
        return here.iter().any(|address| allowed.iter().any(|net| net.contains(address)));
    }
    let private = !host.contains('.') || PRIVATE_NAMES.iter().any(|end| host.ends_with(end));
    !host.is_empty() && (!private || !allowed.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn only_what_is_public_is_public() {
        for one in ["1.1.1.1", "8.8.8.8", "223.5.5.5", "2400:3200::1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(address(one)), "{one}");
        }
        for one in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "100::1",
        ] {
            assert!(!is_public(address(one)), "{one}");
        }
    }

    #[test]
    fn an_address_that_may_not_be_posted_to_is_refused_however_it_is_spelt() {
        let none: &[IpNet] = &[];
        for one in ["https://hooks.example.gov.cn/a?b=c", "https://8.8.8.8/", "https://example.com:8443/x"] {
            assert!(check(one, none).is_ok(), "{one}");
        }
        for one in [
            "",
            "hooks.example.com",
            "http://hooks.example.com/",
            "ftp://example.com/",
            "https://",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://printer/",
            "https://db.internal/",
            "https://nas.local/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://017700000001/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest",
            "https://me:secret@example.com/",
            "https://me@example.com/",
            "https://example.com/#x",
            "https://example.com:22/",
            "https://example.com:6379/",
            "https://example.com:5432/",
        ] {
            assert!(check(one, none).is_err(), "{one}");
        }
        let office = ["10.0.0.0/8".parse().expect("a network")];
        assert!(check("http://10.1.2.3:8080/hook", &office).is_ok());
        assert!(check("https://desk.intranet/hook", &office).is_ok());
        for one in ["http://8.8.8.8/", "https://192.168.0.1/", "https://localhost/", "http://10.1.2.3:25/"] {
            assert!(check(one, &office).is_err(), "{one}");
        }
    }
}
