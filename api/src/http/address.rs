//! From where a request really comes, when proxies stand in between.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of the client: the last one in `X-Forwarded-For` that is not a trusted proxy's own,
/// if the peer is a trusted proxy; else the peer.
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let texts: Vec<_> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let hops = texts.iter().flat_map(|text| text.split(',')).map(|hop| hop.trim().parse::<IpAddr>().ok());
    let hops: Vec<_> = hops.collect();
    let mut client = peer.to_canonical();
    for hop in hops.into_iter().rev() {
        let (true, Some(hop)) = (contains(trusted, client), hop) else { break };
        client = hop.to_canonical();
    }
    client
}

/// Whether one of the networks holds the address.
pub fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// Whether a proxy passed the request on.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key(FORWARDED_FOR) || headers.contains_key("forwarded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().expect("a network")];
        let seen = |peer: &str, header: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(FORWARDED_FOR, header.parse().expect("a value"));
            client(peer.parse().expect("an address"), &headers, &trusted).to_string()
        };
        assert_eq!(seen("203.0.113.9", "198.51.100.1"), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.2"), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", "nonsense"), "10.0.0.1");
        assert_eq!(seen("::ffff:10.0.0.1", "198.51.100.1"), "198.51.100.1");
    }
}
