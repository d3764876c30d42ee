//! What announces a bill (v3 §7.8).

use serde::Deserialize;

/// The answer to the question for a bill.
#[derive(Deserialize)]
pub(crate) struct AnnouncedWire {
    pub(crate) hash_type: String,
    pub(crate) hash_value: String,
    pub(crate) download_url: String,
}
