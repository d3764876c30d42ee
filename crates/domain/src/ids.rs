//! Names of our own things that are not numbers shown to people.

use crate::changeset::InboxEntry;
use core::fmt;
use std::sync::Arc;
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with this value.
            #[must_use]
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// Its value.
            #[must_use]
            pub const fn get(self) -> Uuid {
                self.0
            }

            /// Reads the hyphenated form.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

uuid_id! {
    /// One order, inside. People see its [`crate::OrderNumber`].
    OrderId
}
uuid_id! {
    /// One buyer.
    UserId
}
uuid_id! {
    /// One case.
    CaseId
}

/// One life of the database. A promotion or a restored dump may have lost acknowledged commits and
/// begins another; what was known before it has to be asked for again (product ruling 20).
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(String);

impl Epoch {
    /// The epoch of this name: Postgres' timeline, and a count that an operator may raise.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Epoch {
        Epoch(name.into())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of one intention, written in the same commit as its effect.
///
/// After an unknown commit the store is asked for this name before anything is decided again:
/// deciding twice would repeat a command that is legal twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(Arc<str>);

impl CommandId {
    /// A command asked for under an idempotency key.
    #[must_use]
    pub fn of_request(scope: &crate::changeset::ReplayScope) -> CommandId {
        CommandId(format!("request:{}:{}:{}", scope.principal, scope.route, scope.key).into())
    }

    /// What a notification says. Its re-sends say the same; another fact under its id is another
    /// intention.
    #[must_use]
    pub fn of_notice(entry: &InboxEntry) -> CommandId {
        CommandId(format!("notice:{}:{}:{}", entry.source, entry.event_id, entry.fact_hash).into())
    }

    /// Storing a notification that could not be applied, with what became of it. Its own name:
    /// the same notification must still be applicable later, and be filed anew when something
    /// else becomes of it.
    #[must_use]
    pub fn of_unapplied_notice(entry: &InboxEntry) -> CommandId {
        let InboxEntry { source, event_id, fact_hash, status, .. } = entry;
        CommandId(format!("unapplied:{source}:{event_id}:{fact_hash}:{status:?}").into())
    }

    /// One step about one subject in one state; `revision` names that state.
    #[must_use]
    pub fn of_step(step: &str, subject: &str, revision: u64) -> CommandId {
        CommandId(format!("step:{step}:{subject}:{revision}").into())
    }

    /// The name as it was stored.
    #[must_use]
    pub fn stored(text: String) -> CommandId {
        CommandId(text.into())
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_and_written_with_hyphens() {
        let text = "00000000-0000-0000-0000-00000000000a";
        let id = OrderId::parse(text).unwrap();
        assert_eq!((id.get(), id.to_string()), (Uuid::from_u128(10), text.to_owned()));
        assert_eq!(OrderId::parse("a"), None);
    }

    #[test]
    fn an_epoch_is_its_name() {
        let epoch = Epoch::new("00000001.0");
        assert_eq!((epoch.as_str(), epoch.to_string()), ("00000001.0", "00000001.0".to_owned()));
        assert_eq!(format!("{epoch:?}"), "00000001.0");
        assert_ne!(epoch, Epoch::default());
    }

    #[test]
    fn an_intention_is_named_by_what_it_is_about() {
        let scope = crate::changeset::ReplayScope {
            principal: "buyer:1".to_owned(),
            route: "POST /x".to_owned(),
            key: "k".to_owned(),
        };
        let name = CommandId::of_request(&scope);
        assert_eq!(
            (name.as_str(), name.to_string()),
            ("request:buyer:1:POST /x:k", name.as_str().to_owned())
        );
        assert_eq!(CommandId::of_step("query", "P1", 3).as_str(), "step:query:P1:3");
        assert_eq!(CommandId::stored("as it was".to_owned()).as_str(), "as it was");
        let notice = |status| InboxEntry {
            source: "wechat_pay_v3",
            event_id: "EV-1".to_owned(),
            event_type: "TRANSACTION.SUCCESS".to_owned(),
            fact_hash: "ab".to_owned(),
            status,
            out_trade_no: None,
        };
        let verified = notice(crate::changeset::InboxStatus::Verified);
        let orphan = notice(crate::changeset::InboxStatus::Orphan);
        assert_eq!(CommandId::of_notice(&verified).as_str(), "notice:wechat_pay_v3:EV-1:ab");
        assert_eq!(CommandId::of_notice(&verified), CommandId::of_notice(&orphan));
        let unapplied = CommandId::of_unapplied_notice(&verified);
        assert_eq!(unapplied.as_str(), "unapplied:wechat_pay_v3:EV-1:ab:Verified");
        assert_ne!(unapplied, CommandId::of_unapplied_notice(&orphan));
    }
}
