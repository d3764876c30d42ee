//! The keys by which WeChat Pay is believed now, and when to ask for newer ones (v3 §4).
//!
//! Pure: holds and compares, fetches nothing. Platform certificates and the public key stand side
//! by side, since in the mixed period a message may be signed by either.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::Timestamp;

use crate::keys::{PlatformKey, Serial};

/// Certificates older than this are fetched again: WeChat Pay demands less than 12 hours.
const STALE_SECONDS: i64 = 8 * 3_600;
/// Between two questions, whatever the first came to: a stranger can send any serial. Short, because a
/// certificate that began to sign a moment after we asked would be unknown for so long.
const GAP_SECONDS: i64 = 10;

/// Serial → key.
#[derive(Debug, Default)]
pub(crate) struct KeyRing {
    /// Those of the settings.
    configured: Keys,
    /// Those that WeChat Pay has listed.
    listed: Keys,
    last_fetch: Option<Fetch>,
}

type Keys = BTreeMap<Serial, Arc<PlatformKey>>;

/// The last time that we asked for certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fetch {
    /// When.
    pub(crate) at: Timestamp,
    /// Whether an answer came that could be believed.
    pub(crate) answered: bool,
    /// Whether WeChat Pay did not accept our credentials.
    pub(crate) refused: bool,
}

impl KeyRing {
    /// The key of exactly this serial, if it is valid now.
    pub(crate) fn find(&self, serial: &Serial, now: Timestamp) -> Option<Arc<PlatformKey>> {
        let key = self.configured.get(serial).or_else(|| self.listed.get(serial));
        key.filter(|key| key.is_valid_at(now)).cloned()
    }

    /// The certificate's key that became valid last, of those that are valid now. WeChat Pay lists certificates
    /// before it uses them, so that what is sealed for the newest can be opened.
    pub(crate) fn newest(&self, now: Timestamp) -> Option<(Serial, Arc<PlatformKey>)> {
        let keys = self.configured.iter().chain(&self.listed);
        let valid = keys.filter(|(_, key)| key.is_valid_at(now));
        let dated = valid.filter_map(|(serial, key)| Some((key.valid_from?, serial, key)));
        let newest = dated.max_by_key(|(from, serial, _)| (*from, *serial));
        newest.map(|(_, serial, key)| (serial.clone(), Arc::clone(key)))
    }

    /// Believes these keys instead of those that were configured before. What WeChat Pay has listed stays,
    /// if lists are believed at all, and is asked for anew.
    pub(crate) fn configure(&mut self, keys: Vec<(Serial, PlatformKey)>, lists: bool) {
        self.configured = shared(keys);
        if !lists {
            self.listed.clear();
        }
        self.last_fetch = None;
    }

    /// Adds what WeChat Pay lists. Keys that are gone from its list stay until they expire.
    pub(crate) fn install(&mut self, keys: Vec<(Serial, PlatformKey)>) {
        self.listed.extend(shared(keys));
    }

    /// Forgets what has expired.
    pub(crate) fn prune(&mut self, now: Timestamp) {
        for keys in [&mut self.configured, &mut self.listed] {
            keys.retain(|_, key| key.valid_until.is_none_or(|until| now <= until));
        }
    }

    /// Notes that we asked.
    pub(crate) fn note(&mut self, fetch: Fetch) {
        self.last_fetch = Some(fetch);
    }

    /// Whether the last question for certificates was answered.
    pub(crate) fn is_answered(&self) -> bool {
        self.last_fetch.is_some_and(|fetch| fetch.answered)
    }

    /// Whether we may ask for certificates now.
    pub(crate) fn may_fetch(&self, now: Timestamp) -> bool {
        // A clock that went back must not silence us.
        self.last_fetch.is_none_or(|fetch| !(0..GAP_SECONDS).contains(&now.seconds_since(fetch.at)))
    }

    /// Whether we should ask for certificates, unasked.
    pub(crate) fn is_stale(&self, now: Timestamp) -> bool {
        let fresh = self.last_fetch.is_some_and(|fetch| {
            fetch.answered && (0..STALE_SECONDS).contains(&now.seconds_since(fetch.at))
        });
        !fresh && self.may_fetch(now)
    }

    /// Whether any key is valid now, and WeChat Pay accepts ours as far as we asked.
    pub(crate) fn is_usable(&self, now: Timestamp) -> bool {
        let refused = self.last_fetch.is_some_and(|fetch| fetch.refused);
        let mut keys = self.configured.values().chain(self.listed.values());
        !refused && keys.any(|key| key.is_valid_at(now))
    }

    /// Whether there is no key at all yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.configured.is_empty() && self.listed.is_empty()
    }
}

fn shared(keys: Vec<(Serial, PlatformKey)>) -> Keys {
    keys.into_iter().map(|(serial, key)| (serial, Arc::new(key))).collect()
}
