//! What a command meets besides the order, and what it writes.

use super::samples::{epoch, start};
use crate::changeset::{Audit, Changeset, Intent};
use crate::order::{Circumstances, Command, Decision, Event, Order, Rejection, StockOutcome};
use crate::{CommandId, Epoch, Fen, Timestamp};

/// Who gives a command when, in which life of the database, under which name.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    pub(super) epoch: Epoch,
    pub(super) actor: String,
    pub(super) name: String,
    pub(super) stock: StockOutcome,
    pub(super) approval_above: Fen,
}

/// So many seconds after everything began.
pub(super) fn at(seconds: i64) -> Moment {
    Moment::at(start().plus_seconds(seconds))
}

impl Moment {
    /// Nothing out of the ordinary.
    pub(super) fn at(now: Timestamp) -> Moment {
        Moment {
            now,
            epoch: epoch(),
            actor: "operator:1".to_owned(),
            name: "ask".to_owned(),
            stock: StockOutcome::Committed,
            approval_above: Fen::LIMIT,
        }
    }

    pub(super) fn by(self, actor: &str) -> Moment {
        Moment { actor: actor.to_owned(), ..self }
    }

    pub(super) fn named(self, name: &str) -> Moment {
        Moment { name: name.to_owned(), ..self }
    }

    pub(super) fn approving_above(self, fen: i64) -> Moment {
        Moment { approval_above: Fen::new(fen), ..self }
    }

    pub(super) fn in_epoch(self, epoch: &Epoch) -> Moment {
        Moment { epoch: epoch.clone(), ..self }
    }

    pub(super) fn circumstances(&self) -> Circumstances<'_> {
        Circumstances {
            stock: self.stock,
            actor: &self.actor,
            name: &self.name,
            approval_above: self.approval_above,
            ..Circumstances::ordinary(self.now, &self.epoch)
        }
    }

    pub(super) fn decide(&self, order: &Order, command: &Command) -> Result<Decision, Rejection> {
        order.decide_with(command, &self.circumstances())
    }

    /// What happens, which has to be something.
    pub(super) fn events(&self, order: &Order, command: &Command) -> Vec<Event> {
        match self.decide(order, command) {
            Ok(Decision::Record(events)) => events,
            Ok(Decision::AlreadyApplied) => panic!("nothing to record: {command:?}"),
            Err(why) => panic!("refused ({why}): {command:?}"),
        }
    }

    /// The names of what happens.
    pub(super) fn names(&self, order: &Order, command: &Command) -> Vec<&'static str> {
        self.events(order, command).iter().map(Event::name).collect()
    }

    /// The order after a command that has to lead somewhere.
    pub(super) fn play(&self, order: &Order, command: &Command) -> Order {
        order.clone().after(&self.events(order, command))
    }

    /// Everything that a command writes, which has to be something.
    pub(super) fn written(&self, order: &Order, command: &Command) -> Changeset {
        written(Some(order), self.events(order, command), self.now)
    }
}

pub(super) fn written(order: Option<&Order>, events: Vec<Event>, now: Timestamp) -> Changeset {
    Changeset::of(order, events, Vec::new(), intent(), now).unwrap()
}

pub(super) fn intent() -> Intent {
    Intent {
        command_id: CommandId::stored("test".to_owned()),
        audit: Audit { actor: "test".into(), cause: "test".into(), request_id: None },
        inbox: None,
        fence: None,
        replay: None,
    }
}
