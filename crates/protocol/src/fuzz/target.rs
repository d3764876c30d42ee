//! What can be fuzzed.

use std::borrow::Cow;
use std::fmt;

use super::targets::{authorization, bill, notification, resource};

/// One reader of what others send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Headers and body of a notification, through the client's opener.
    Notification,
    /// What a notification holds once it is decrypted: payments, refunds, anything.
    Resource,
    /// The file of a bill, plain and packed, trades and fund flows.
    Bill,
    /// `Authorization`: the sandbox's reader, and the client's writer.
    Authorization,
}

/// What came of an input, in words without numbers: two inputs with the same words are taken for alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verdict {
    /// Whether it was taken for what it says that it is.
    pub is_taken: bool,
    /// Why not, or as what.
    pub why: Cow<'static, str>,
}

/// Gives an input to a reader.
///
/// It panics when the reader does, or when what the reader says cannot be true.
pub type Reader = fn(&[u8]) -> Verdict;

impl Target {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Notification, Self::Resource, Self::Bill, Self::Authorization];

    /// As on the command line, and as the folder of its corpus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Notification => "notification",
            Self::Resource => "resource",
            Self::Bill => "bill",
            Self::Authorization => "authorization",
        }
    }

    /// The function itself.
    #[must_use]
    pub fn reader(self) -> Reader {
        match self {
            Self::Notification => notification::run,
            Self::Resource => resource::run,
            Self::Bill => bill::run,
            Self::Authorization => authorization::run,
        }
    }

    /// The longest input that is tried, in bytes. A packed bill grows a thousandfold at most.
    #[must_use]
    pub fn input_max(self) -> usize {
        match self {
            Self::Notification | Self::Resource => 65_536,
            Self::Bill => 32_768,
            Self::Authorization => 16_384,
        }
    }
}

impl Verdict {
    /// It was taken, as this.
    pub fn taken(why: impl Into<Cow<'static, str>>) -> Self {
        Self { is_taken: true, why: why.into() }
    }

    /// It was refused, for this.
    pub fn refused(why: impl fmt::Display) -> Self {
        // Numbers of lines and the like would make each input another one.
        let why: String = why.to_string().chars().filter(|letter| !letter.is_numeric()).collect();
        Self { is_taken: false, why: why.into() }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", if self.is_taken { "taken" } else { "refused" }, self.why)
    }
}
