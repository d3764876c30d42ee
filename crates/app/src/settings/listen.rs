//! Where the operations listener is: an address, or nowhere.

use serde::Deserialize;
use std::net::SocketAddr;

/// `http.ops_listen`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum OpsListen {
    /// There is none.
    Off,
    /// Here.
    At(SocketAddr),
}

impl Default for OpsListen {
    /// This machine alone, and not 9090: Prometheus itself is there.
    fn default() -> OpsListen {
        OpsListen::At(SocketAddr::from(([127, 0, 0, 1], 9464)))
    }
}

impl TryFrom<String> for OpsListen {
    type Error = &'static str;

    fn try_from(text: String) -> Result<OpsListen, &'static str> {
        if text == "off" {
            return Ok(OpsListen::Off);
        }
        text.parse().map(OpsListen::At).map_err(|_unreadable: std::net::AddrParseError| MISTAKE)
    }
}

const MISTAKE: &str = "ops_listen is an address such as 127.0.0.1:9464, or off";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_off() {
        let read = |text: &str| OpsListen::try_from(text.to_owned());
        assert_eq!(read("off"), Ok(OpsListen::Off));
        assert_eq!(read("127.0.0.1:9464"), Ok(OpsListen::default()));
        assert_eq!(read("9464"), Err(MISTAKE));
    }
}
