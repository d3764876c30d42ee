//! Which links are followed: those to the hosts that we are configured with.
//!
//! A download is signed like any call, so a forged link would collect a signed request. A link
//! that names another scheme, host or port is not followed; and what is followed goes to the host
//! out of our own settings, so that no trick of spelling leads elsewhere.

use reqwest::Url;

use crate::transport::Host;

/// The hosts that a link may name.
#[derive(Debug)]
pub(crate) struct Hosts {
    first: Option<Origin>,
    backup: Option<Origin>,
}

/// Scheme, host and port.
type Origin = (String, String, u16);

/// A link to one of our hosts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// Which.
    pub(super) host: Host,
    /// Path and query, exactly as stated.
    pub(super) target: String,
}

impl Hosts {
    /// The hosts of the settings, which were checked.
    pub(crate) fn new(base_url: &str, backup_base_url: Option<&str>) -> Hosts {
        let named = |text: &str| Url::parse(text).ok().as_ref().and_then(origin);
        Hosts { first: named(base_url), backup: backup_base_url.and_then(named) }
    }

    /// Where `text` leads, if it is to one of them.
    pub(super) fn find(&self, text: &str) -> Option<Link> {
        let url = Url::parse(text).ok()?;
        let named = origin(&url);
        let host = match named {
            None => return None,
            _ if named == self.first => Host::First,
            _ if named == self.backup => Host::Backup,
            _ => return None,
        };
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        // What is signed and sent is what was stated: a link that means something else once it is put
        // in order (`..`, a fragment, a backslash) is none that WeChat Pay writes.
        (stated_target(text) == Some(&target)).then_some(Link { host, target })
    }
}

fn origin(url: &Url) -> Option<Origin> {
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let host = url.host_str()?;
    Some((url.scheme().to_owned(), host.to_owned(), url.port_or_known_default()?))
}

/// All from the first slash after the host.
fn stated_target(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    rest.get(rest.find('/')?..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        Hosts::new("https://api.mch.weixin.qq.com", Some("https://api2.wechatpay.cn:8443/"))
    }

    #[test]
    fn a_link_to_one_of_our_hosts_is_followed_as_it_stands() {
        for (text, host, target) in [
            (
                "https://api.mch.weixin.qq.com/v3/billdownload/file?token=6XIv%2B_-a&x=",
                Host::First,
                "/v3/billdownload/file?token=6XIv%2B_-a&x=",
            ),
            (
                "https://API.mch.weixin.qq.com:443/v3/b?token=a:b@c/",
                Host::First,
                "/v3/b?token=a:b@c/",
            ),
            ("https://api2.wechatpay.cn:8443/v3/b", Host::Backup, "/v3/b"),
        ] {
            assert_eq!(
                hosts().find(text),
                Some(Link { host, target: target.to_owned() }),
                "{text}"
            );
        }
    }

    #[test]
    fn a_link_to_anywhere_else_is_not() {
        for text in [
            "",
            "/v3/billdownload/file?token=a",
            "//api.mch.weixin.qq.com/v3/b",
            "http://api.mch.weixin.qq.com/v3/b",
            "ftp://api.mch.weixin.qq.com/v3/b",
            "https://api.mch.weixin.qq.com:8443/v3/b",
            "https://api2.wechatpay.cn/v3/b",
            "https://api.mch.weixin.qq.com.evil.example/v3/b",
            "https://evil.example/api.mch.weixin.qq.com/v3/b",
            "https://api.mch.weixin.qq.com@evil.example/v3/b",
            "https://user@api.mch.weixin.qq.com/v3/b",
            "https://:pass@api.mch.weixin.qq.com/v3/b",
            "https://evil.example\\@api.mch.weixin.qq.com/v3/b",
            "https://api.mch.weixin.qq.com\\@evil.example/v3/b",
            "https://evil.example#@api.mch.weixin.qq.com/v3/b",
            "https://evil.example?://api.mch.weixin.qq.com/v3/b",
            "https://api.mch.weixin.qq.com./v3/b",
        ] {
            assert_eq!(hosts().find(text), None, "{text}");
        }
    }

    #[test]
    fn a_link_that_would_be_sent_otherwise_than_stated_is_not_followed() {
        for tail in [
            "",
            "/a/../v3/b",
            "/v3/./b",
            "/v3/b#part",
            "/v3/b c",
            "/v3\\b",
            "/店",
            "/v3/b\n",
            "?a=b",
        ] {
            let text = format!("https://api.mch.weixin.qq.com{tail}");
            assert_eq!(hosts().find(&text), None, "{text}");
        }
    }

    #[test]
    fn without_a_backup_host_there_is_one_host() {
        let hosts = Hosts::new("http://127.0.0.1:9000", None);
        let link = Link { host: Host::First, target: "/v3/b?t=1".to_owned() };
        assert_eq!(hosts.find("http://127.0.0.1:9000/v3/b?t=1"), Some(link));
        assert_eq!(hosts.find("https://127.0.0.1:9000/v3/b?t=1"), None);
        assert_eq!(hosts.find("http://127.0.0.1:9001/v3/b?t=1"), None);
    }
}
