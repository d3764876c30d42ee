//! The names of what can happen, and how a story tells them.

use crate::{Answer, Deed, Phase, Refunding, Says, Which};
use core::fmt;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Time goes on.
    Reaches(Phase),
    /// A command takes effect.
    Commits(Deed),
    /// A command finds nothing to do.
    FindsNothing(Deed),
    /// A command is decided; its worker hears no answer of the store, and its commit may come late.
    IsCutOff(Deed),
    /// The commit that was cut off arrives.
    LateCommitLands,
    /// A request is about to order a number at WeChat Pay.
    TurnsTo(Which),
    /// A request sends the close of what its payment replaces.
    SendsClose(Which),
    /// The prepay call of a request ends.
    Calls(Which, CallEnds),
    /// The follower is answered.
    Asks(Which, Says),
    /// The call of a refund ends.
    CallsRefund(Which, RefundEnds),
    /// A query about a refund is answered.
    AsksAboutRefund(Which, Refunding),
    /// A prepay that nobody waits for arrives at WeChat Pay.
    PrepayArrives(Which),
    /// A refund request that nobody waits for arrives at WeChat Pay.
    RefundArrives(Which),
    /// A close arrives at WeChat Pay.
    CloseArrives(Which),
    /// The payer pays.
    Pays(Which),
    /// A worker dies, or its lease ends.
    Forgets(Which),
    /// The store loses this many of the last commits.
    FailsOver(i8),
}

/// How a prepay call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnds {
    /// With an answer.
    Answered(Answer),
    /// It was executed, and the answer is lost.
    AnswerLost,
    /// The request is lost, or will arrive late.
    Unheard,
}

/// How the call of a refund ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundEnds {
    /// It is accepted, now or before.
    Accepted,
    /// It is accepted, and the answer is lost.
    AnswerLost,
    /// The request is lost, or will arrive late.
    Unheard,
    /// It is refused.
    Refused,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Reaches(Phase::Open) => write!(f, "the order can be paid"),
            Step::Reaches(Phase::Overdue) => write!(f, "the deadline passes"),
            Step::Reaches(Phase::PastHorizon) => write!(f, "the horizon passes"),
            Step::Commits(deed) => write!(f, "{deed}"),
            Step::FindsNothing(deed) => write!(f, "{deed}; that changes nothing"),
            Step::IsCutOff(deed) => write!(f, "{deed}; no answer, the commit may come late"),
            Step::LateCommitLands => write!(f, "the late commit reaches the store"),
            Step::TurnsTo(which) => write!(f, "{which}: a request takes it in hand"),
            Step::SendsClose(which) => write!(f, "{which}: its close is sent"),
            Step::Calls(which, ends) => write!(f, "{which}: prepay {ends}"),
            Step::Asks(which, says) => write!(f, "{which}: a query is answered {says}"),
            Step::PrepayArrives(which) => write!(f, "{which}: a late prepay reaches WeChat Pay"),
            Step::CallsRefund(which, ends) => write!(f, "{which}: its refund {ends}"),
            Step::AsksAboutRefund(which, refunding) => {
                write!(f, "{which}: a query is answered that its refund {refunding}")
            }
            Step::RefundArrives(which) => write!(f, "{which}: a late refund reaches WeChat Pay"),
            Step::CloseArrives(which) => write!(f, "{which}: a close reaches WeChat Pay"),
            Step::Pays(which) => write!(f, "{which}: the payer pays"),
            Step::Forgets(which) => write!(f, "{which}: a worker dies"),
            Step::FailsOver(lost) => write!(f, "the store fails over and loses {lost} commits"),
        }
    }
}

impl fmt::Display for CallEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallEnds::Answered(answer) => write!(f, "is {answer}"),
            CallEnds::AnswerLost => write!(f, "is executed, the answer is lost"),
            CallEnds::Unheard => write!(f, "is given up and may arrive late"),
        }
    }
}

impl fmt::Display for RefundEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RefundEnds::Accepted => "is accepted",
            RefundEnds::AnswerLost => "is accepted, the answer is lost",
            RefundEnds::Unheard => "is given up and may arrive late",
            RefundEnds::Refused => "is refused",
        })
    }
}
