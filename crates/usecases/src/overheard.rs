//! What is logged while a test runs: a warning or an error that an operator waits for is an answer
//! like any other.

use std::fmt;
use std::sync::{Arc, Mutex, Once};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest};
use tracing::{Event, Level, Metadata, Subscriber};

/// Everything that this thread logs until it is dropped.
pub(crate) struct Overheard {
    said: Said,
    _ear: DefaultGuard,
}

type Said = Arc<Mutex<Vec<(Level, String)>>>;

impl Overheard {
    /// Begins to listen.
    pub(crate) fn listen() -> Overheard {
        let said = Said::default();
        may_be_heard();
        let _ear = tracing::subscriber::set_default(Ear(Some(Arc::clone(&said))));
        Overheard { said, _ear }
    }

    /// The messages of this level that begin with `beginning`.
    pub(crate) fn count(&self, level: Level, beginning: &str) -> usize {
        let said = self.said.lock().unwrap();
        said.iter().filter(|(at, message)| *at == level && message.starts_with(beginning)).count()
    }
}

/// From here on everything that is logged is offered to whoever listens. Before anything is logged:
/// what is logged for the first time while nobody can listen may be passed over for ever.
pub(crate) fn may_be_heard() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Ear(None)).unwrap());
}

/// Hears what it keeps; without a place to keep it, nothing.
struct Ear(Option<Said>);

impl Subscriber for Ear {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        self.0.is_some()
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let Some(said) = &self.0 else { return };
        let mut message = Message::default();
        event.record(&mut message);
        said.lock().unwrap().push((*event.metadata().level(), message.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
