//! Which URLs are good: hosts that we call, and places that WeChat Pay calls.
//!
//! Reads text alone: what a name resolves to is `doctor`'s to ask.

use std::net::IpAddr;

use reqwest::Url;

/// The most characters of a payment's notify URL (v3 §6.4).
const PAYMENTS_MAX: usize = 255;
/// The most characters of a refund's.
const REFUNDS_MAX: usize = 256;

/// A place that WeChat Pay calls, as it is configured.
pub(super) struct NotifyUrl<'a> {
    name: &'static str,
    text: &'a str,
    max: usize,
}

impl<'a> NotifyUrl<'a> {
    /// `notify_url` of payments.
    pub(super) fn of_payments(text: &'a str) -> NotifyUrl<'a> {
        NotifyUrl { name: "notify_url", text, max: PAYMENTS_MAX }
    }

    /// `notify_url` of refunds.
    pub(super) fn of_refunds(text: &'a str) -> NotifyUrl<'a> {
        NotifyUrl { name: "refund_notify_url", text, max: REFUNDS_MAX }
    }
}

/// A host to call: https, or http on this machine; nothing after the host.
pub(crate) fn check_base_url(name: &str, text: &str, mistakes: &mut Vec<String>) {
    let Ok(url) = Url::parse(text) else {
        mistakes.push(format!("{name} is not a URL"));
        return;
    };
    match url.scheme() {
        "https" => {}
        "http" if is_this_machine(&url) => {}
        "http" => mistakes.push(format!("{name}: plain http is for this machine only")),
        _ => mistakes.push(format!("{name} must be https")),
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        mistakes.push(format!("{name} must be scheme and host alone"));
    }
}

/// What v3 §6.4 asks of a notify URL. Plain HTTP to this machine is good in a sandbox.
pub(super) fn check_notify_url(asked: &NotifyUrl<'_>, sandbox: bool, mistakes: &mut Vec<String>) {
    let NotifyUrl { name, text, max } = *asked;
    let Ok(url) = Url::parse(text) else {
        mistakes.push(format!("{name} is not an absolute URL"));
        return;
    };
    if text.len() > max {
        mistakes.push(format!("{name} has more than {max} characters"));
    }
    if url.path() == "/" {
        mistakes.push(format!("{name} has no path"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        mistakes.push(format!("{name} has a query or a fragment"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        mistakes.push(format!("{name} has a user name or a password"));
    }
    let in_sandbox = sandbox && url.scheme() == "http" && is_this_machine(&url);
    if !in_sandbox && url.scheme() != "https" {
        mistakes.push(format!("{name} must be https"));
    }
    if !in_sandbox && !is_public(&url) {
        mistakes.push(format!("{name} must be reachable from outside"));
    }
}

fn is_this_machine(url: &Url) -> bool {
    match address(url) {
        Some(address) => address.is_loopback(),
        None => url.host_str() == Some("localhost"),
    }
}

/// Not obviously private. What a name resolves to is `doctor`'s to ask.
fn is_public(url: &Url) -> bool {
    match address(url) {
        Some(IpAddr::V4(ip)) => {
            let shared = ip.octets().first() == Some(&100)
                && ip.octets().get(1).is_some_and(|second| (64..128).contains(second));
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_documentation()
                || ip.is_multicast()
                || shared)
        }
        Some(IpAddr::V6(ip)) => {
            !(ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_multicast()
                || ip.to_ipv4_mapped().is_some())
        }
        None => url.host_str().is_some_and(|host| {
            let host = host.trim_end_matches('.');
            let local = [".localhost", ".local", ".internal", ".lan"];
            host.contains('.') && !local.iter().any(|suffix| host.ends_with(suffix))
        }),
    }
}

fn address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}
