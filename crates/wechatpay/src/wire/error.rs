//! An error's body (v3 §8.1). `detail` is not mirrored: it can quote personal data.

use serde::Deserialize;

/// What a 4xx or 5xx says, when it says anything.
#[derive(Default, Deserialize)]
pub(crate) struct ErrorWire {
    #[serde(default)]
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) message: String,
}
