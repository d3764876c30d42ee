//! Tells several listeners of a commit.

use domain::ports::{Committed, EventSink};
use std::sync::Arc;

/// Listeners, told in order.
pub(crate) struct Fanout(pub Vec<Arc<dyn EventSink>>);

impl EventSink for Fanout {
    fn committed(&self, committed: &Committed) {
        for sink in &self.0 {
            sink.committed(committed);
        }
    }
}
