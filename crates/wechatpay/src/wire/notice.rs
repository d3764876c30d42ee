//! A notification's envelope (v3 §6.1).

use serde::Deserialize;

/// The envelope.
#[derive(Deserialize)]
pub(crate) struct NoticeWire {
    pub(crate) id: String,
    pub(crate) event_type: String,
    pub(crate) resource: ResourceWire,
}

/// The encrypted part.
#[derive(Deserialize)]
pub(crate) struct ResourceWire {
    pub(crate) original_type: Option<String>,
    pub(crate) algorithm: String,
    pub(crate) nonce: String,
    pub(crate) associated_data: Option<String>,
    pub(crate) ciphertext: String,
}
