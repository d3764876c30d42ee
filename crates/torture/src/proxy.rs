//! Links that can be troubled: what every proxy has in common.
//!
//! A link has a way (open, refused, silent) that an act of chaos changes for a while, and a weather that
//! says how often single messages meet with trouble. Knows no protocol: those are in `proxy/`.

pub(crate) mod http;
pub(crate) mod postgres;

use crate::chance::Chance;
use crate::clock::pause_ms;
use crate::tally::Tally;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Whether anything gets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Everything does.
    Open,
    /// Connections are cut and new ones refused, as by a machine that is up without the service.
    Refused,
    /// What is sent is neither answered nor refused: it arrives when the way is open again.
    Silent,
}

/// How often messages meet with trouble, for all links at once: 0 is never, 1 is usual.
#[derive(Clone, Debug)]
pub(crate) struct Weather(Arc<watch::Sender<u64>>);

impl Weather {
    pub(crate) fn calm() -> Weather {
        Weather(Arc::new(watch::Sender::new(0)))
    }

    pub(crate) fn set(&self, severity: u64) {
        self.0.send_replace(severity);
    }

    pub(crate) fn severity(&self) -> u64 {
        *self.0.borrow()
    }

    /// Waits so long, or until it is calm: nothing is held back any more then.
    pub(crate) async fn hold(&self, millis: u64) {
        let mut changes = self.0.subscribe();
        tokio::select! {
            () = pause_ms(millis) => {}
            _ = changes.wait_for(|severity| *severity == 0) => {}
        }
    }
}

/// One link.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// What counts of it are called.
    pub(crate) name: &'static str,
    pub(crate) tally: Tally,
    pub(crate) weather: Weather,
    way: Arc<watch::Sender<Way>>,
    chance: Arc<Mutex<Chance>>,
}

impl Link {
    pub(crate) fn new(
        name: &'static str,
        weather: &Weather,
        tally: &Tally,
        chance: Chance,
    ) -> Link {
        Link {
            name,
            tally: tally.clone(),
            weather: weather.clone(),
            way: Arc::new(watch::Sender::new(Way::Open)),
            chance: Arc::new(Mutex::new(chance)),
        }
    }

    /// Changes the way.
    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Draws from this link's own chance.
    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut Chance) -> T) -> T {
        draw(&mut self.chance.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a message meets with trouble that is usual `permille` times in a thousand.
    pub(crate) fn is_troubled(&self, permille: u64) -> bool {
        let often = permille.saturating_mul(self.weather.severity());
        self.draw(|chance| chance.permille(often.min(900)))
    }

    /// Waits until the way is open; `false` when it is refused instead.
    pub(crate) async fn is_open(&self) -> bool {
        let mut ways = self.way.subscribe();
        let way = ways.wait_for(|way| *way != Way::Silent).await.map(|way| *way);
        way.is_ok_and(|way| way == Way::Open)
    }

    /// Waits until connections are cut.
    pub(crate) async fn cut(&self) {
        // The sender lives as long as we do.
        drop(self.way.subscribe().wait_for(|way| *way == Way::Refused).await);
    }

    fn count(&self, what: &str) {
        self.tally.count(format!("{}: {what}", self.name));
    }
}
