//! What the merchant is known by at WeChat Pay: one value, replaced as a whole while calls are under way.
//!
//! Says which key signs. Reads and fetches nothing. A call keeps what it began with.

use core::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use domain::Timestamp;

use crate::keys::MerchantKey;
use crate::resource::ApiV3Keys;
use crate::scheme::OaepDigest;

/// The merchant's side of every conversation.
pub(crate) struct Credentials {
    /// Every merchant key, in the order of the settings.
    merchant_keys: Vec<Arc<MerchantKey>>,
    /// The one of them that signs.
    signing: RwLock<Arc<MerchantKey>>,
    /// What notifications and certificates are opened with.
    pub(crate) api_v3_keys: ApiV3Keys,
    /// Sent as `Wechatpay-Serial`, so that answers are signed by the public key.
    pub(crate) public_key_id: Option<String>,
    /// Whether platform certificates are fetched and believed.
    pub(crate) fetches_certificates: bool,
    /// How what is personal is sealed.
    pub(crate) oaep_digest: OaepDigest,
    /// Names what it was read from: the same settings have the same one.
    pub(crate) fingerprint: Fingerprint,
}

/// SHA-256 of all that the credentials were read from. Never printed: a short secret could be guessed from it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) [u8; 32]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(…)")
    }
}

/// The merchant's keys: there is at least one.
#[derive(Debug)]
pub(crate) struct MerchantKeys {
    /// The one that is named first.
    pub(crate) first: MerchantKey,
    /// The others, in their order.
    pub(crate) others: Vec<MerchantKey>,
}

/// What is read from settings beside the merchant's keys.
#[derive(Debug)]
pub(crate) struct Beside {
    /// As in [`Credentials`].
    pub(crate) api_v3_keys: ApiV3Keys,
    /// As in [`Credentials`].
    pub(crate) public_key_id: Option<String>,
    /// As in [`Credentials`].
    pub(crate) fetches_certificates: bool,
    /// As in [`Credentials`].
    pub(crate) oaep_digest: OaepDigest,
    /// As in [`Credentials`].
    pub(crate) fingerprint: Fingerprint,
}

impl Credentials {
    /// The first key signs, unless its certificate has expired at `now` and another's has not.
    pub(crate) fn new(keys: MerchantKeys, beside: Beside, now: Timestamp) -> Credentials {
        let first = Arc::new(keys.first);
        let mut merchant_keys = vec![Arc::clone(&first)];
        merchant_keys.extend(keys.others.into_iter().map(Arc::new));
        let lasts = |key: &&Arc<MerchantKey>| key.expires_at().is_none_or(|end| now <= end);
        let signing = merchant_keys.iter().find(lasts).map(Arc::clone);
        let signing = signing.unwrap_or_else(|| {
            tracing::error!("the merchant certificate has expired: WeChat Pay will answer 401");
            first
        });
        let Beside { api_v3_keys, public_key_id, fetches_certificates, oaep_digest, fingerprint } =
            beside;
        Credentials {
            merchant_keys,
            signing: RwLock::new(signing),
            api_v3_keys,
            public_key_id,
            fetches_certificates,
            oaep_digest,
            fingerprint,
        }
    }

    /// The key that signs now.
    pub(crate) fn signing(&self) -> Arc<MerchantKey> {
        Arc::clone(&self.signing.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The keys that could sign instead of `refused`, in their order.
    pub(crate) fn instead_of(
        &self,
        refused: &MerchantKey,
    ) -> impl Iterator<Item = Arc<MerchantKey>> {
        self.merchant_keys.iter().filter(|key| key.serial() != refused.serial()).cloned()
    }

    /// From now on `accepted` signs: WeChat Pay refused `refused` and took this one.
    pub(crate) fn sign_with(&self, accepted: &Arc<MerchantKey>, refused: &MerchantKey) {
        let mut signing = self.signing.write().unwrap_or_else(PoisonError::into_inner);
        // Whoever was faster has said so already.
        if signing.serial() == refused.serial() {
            let (refused, accepted) = (refused.serial(), accepted.serial());
            tracing::error!(refused, accepted, "merchant_key.gave_way");
        }
        *signing = Arc::clone(accepted);
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({:?} signs, of {})", self.signing(), self.merchant_keys.len())
    }
}
