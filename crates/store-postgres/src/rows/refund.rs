//! The row of a refund. Personal data: how one was paid back another way may name somebody.

use super::{Instant, corrupt, number};
use crate::words::Word as _;
use domain::card::CardOwner;
use domain::names::RefundId;
use domain::order::Order;
use domain::ports::StoreError;
use domain::refund::{
    Application, Asked, Asker, Destination, Refund, RefundKind, RefundState, RefundStatus,
    RefundedLine,
};
use domain::{Fen, OutRefundNo};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One row of `refunds`.
#[derive(Deserialize, Serialize)]
pub(crate) struct RefundRow {
    mchid: String,
    out_refund_no: String,
    order_id: Uuid,
    refund_no: u16,
    payment_no: i64,
    amount_fen: i64,
    #[serde(default)]
    lines: Vec<PartRow>,
    #[serde(default)]
    asked_fen: Option<i64>,
    #[serde(default)]
    asked_lines: Option<Vec<PartRow>>,
    #[serde(default)]
    owed_fen: Option<i64>,
    reason: String,
    kind: String,
    status: String,
    created_at: Instant,
    refund_id: Option<String>,
    refused_code: Option<String>,
    succeeded_at: Option<Instant>,
    note: Option<String>,
    settled_at: Option<Instant>,
    asked_by: String,
    actor: String,
    replaces: Option<String>,
    sent_at: Option<Instant>,
    #[serde(default)]
    applied_to: Option<String>,
    #[serde(default)]
    applied_at: Option<Instant>,
    /// The `applied_at` of the application that was refused: the last one, or one before.
    #[serde(default)]
    refused_applied_at: Option<Instant>,
    #[serde(default)]
    applied_before: Option<String>,
}

/// So many of one line, in `refunds.lines`.
#[derive(Debug, Deserialize, Serialize)]
struct PartRow {
    line_no: u16,
    quantity: u32,
    amount_fen: i64,
}

impl PartRow {
    fn of(part: &RefundedLine) -> PartRow {
        let RefundedLine { line_no, quantity, amount } = *part;
        PartRow { line_no, quantity, amount_fen: amount.get() }
    }

    fn into_part(self) -> RefundedLine {
        let PartRow { line_no, quantity, amount_fen } = self;
        RefundedLine { line_no, quantity, amount: Fen::new(amount_fen) }
    }
}

fn parts(rows: Vec<PartRow>) -> Vec<RefundedLine> {
    rows.into_iter().map(PartRow::into_part).collect()
}

impl std::fmt::Debug for RefundRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefundRow")
            .field("out_refund_no", &self.out_refund_no)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl RefundRow {
    /// `None` for a refund of a payment that the order does not have.
    pub(super) fn of(order: &Order, refund_no: u16, refund: &Refund) -> Option<RefundRow> {
        let payment = order.payment_of(refund)?;
        let mut row = RefundRow {
            mchid: payment.terms.mchid.as_str().to_owned(),
            out_refund_no: refund.out_refund_no.as_str().to_owned(),
            order_id: order.id.get(),
            refund_no,
            payment_no: i64::from(refund.payment_no),
            amount_fen: refund.amount.get(),
            lines: refund.lines.iter().map(PartRow::of).collect(),
            asked_fen: refund.asked.as_ref().map(|asked| asked.amount.get()),
            asked_lines: refund
                .asked
                .as_ref()
                .map(|asked| asked.lines.iter().map(PartRow::of).collect()),
            owed_fen: refund.owed.map(Fen::get),
            reason: refund.reason.clone(),
            kind: refund.kind.word().to_owned(),
            status: refund.state.status().word().to_owned(),
            created_at: Instant(refund.created_at),
            refund_id: refund.refund_id().map(|id| id.as_str().to_owned()),
            refused_code: None,
            succeeded_at: None,
            note: None,
            settled_at: None,
            asked_by: refund.asked_by.word().to_owned(),
            actor: refund.actor.clone(),
            replaces: refund.replaces.as_ref().map(|number| number.as_str().to_owned()),
            sent_at: refund.sent_at.map(Instant),
            applied_to: refund.applied.map(|applied| applied.to.name().to_owned()),
            applied_at: refund.applied.map(|applied| Instant(applied.at)),
            refused_applied_at: refund
                .applied
                .filter(|applied| applied.is_refused)
                .map(|applied| Instant(applied.at)),
            applied_before: refund
                .applied
                .and_then(|applied| applied.others)
                .map(|others| others.name().to_owned()),
        };
        row.put_state(&refund.state);
        Some(row)
    }

    fn put_state(&mut self, state: &RefundState) {
        match state {
            RefundState::Unknown { refused } => self.refused_code.clone_from(refused),
            RefundState::Rejected { code } => self.refused_code = Some(code.clone()),
            RefundState::Succeeded { at, .. } => self.succeeded_at = Some(Instant(*at)),
            RefundState::SettledOffline { note, at } => {
                self.note = Some(note.clone());
                self.settled_at = Some(Instant(*at));
            }
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Requested
            | RefundState::Sending
            | RefundState::Processing { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Closed { .. } => {}
        }
    }

    pub(super) fn into_refund(self) -> Result<Refund, StoreError> {
        let state = self.state()?;
        let applied = self.applied()?;
        Ok(Refund {
            out_refund_no: OutRefundNo::stored(self.out_refund_no),
            payment_no: number(self.payment_no, "payment_no")?,
            amount: Fen::new(self.amount_fen),
            lines: parts(self.lines),
            asked: self.asked_fen.map(|fen| Asked {
                amount: Fen::new(fen),
                lines: parts(self.asked_lines.unwrap_or_default()),
            }),
            owed: self.owed_fen.map(Fen::new),
            reason: self.reason,
            kind: RefundKind::read(&self.kind)?,
            asked_by: Asker::read(&self.asked_by)?,
            actor: self.actor,
            replaces: self.replaces.map(OutRefundNo::stored),
            state,
            sent_at: self.sent_at.map(|at| at.0),
            applied,
            created_at: self.created_at.0,
        })
    }

    fn state(&self) -> Result<RefundState, StoreError> {
        Ok(match RefundStatus::read(&self.status)? {
            RefundStatus::AwaitingApproval => RefundState::AwaitingApproval,
            RefundStatus::Declined => RefundState::Declined,
            RefundStatus::Withdrawn => RefundState::Withdrawn,
            RefundStatus::Requested => RefundState::Requested,
            RefundStatus::Sending => RefundState::Sending,
            RefundStatus::Unknown => RefundState::Unknown { refused: self.refused_code.clone() },
            RefundStatus::Processing => RefundState::Processing { refund_id: self.refund_id()? },
            RefundStatus::Succeeded => RefundState::Succeeded {
                refund_id: self.refund_id()?,
                at: self.succeeded_at.ok_or_else(|| corrupt("succeeded without succeeded_at"))?.0,
            },
            RefundStatus::Abnormal => RefundState::Abnormal { refund_id: self.refund_id()? },
            RefundStatus::Closed => RefundState::Closed { refund_id: self.refund_id()? },
            RefundStatus::Rejected => RefundState::Rejected {
                code: self
                    .refused_code
                    .clone()
                    .ok_or_else(|| corrupt("rejected without a code"))?,
            },
            RefundStatus::SettledOffline => RefundState::SettledOffline {
                note: self.note.clone().ok_or_else(|| corrupt("settled offline without a note"))?,
                at: self.settled_at.ok_or_else(|| corrupt("settled offline at no time"))?.0,
            },
        })
    }

    fn applied(&self) -> Result<Option<Application>, StoreError> {
        let (Some(to), Some(at)) = (&self.applied_to, &self.applied_at) else { return Ok(None) };
        let to = CardOwner::parse(to).ok_or_else(|| corrupt("applied for to nobody's card"))?;
        let is_refused = self.refused_applied_at.as_ref().is_some_and(|refused| refused.0 == at.0);
        let others = self.applied_before.as_deref().map(|others| {
            Destination::parse(others).ok_or_else(|| corrupt("applied for to nobody's card before"))
        });
        Ok(Some(Application { to, at: at.0, is_refused, others: others.transpose()? }))
    }

    fn refund_id(&self) -> Result<RefundId, StoreError> {
        let id = self.refund_id.clone();
        id.map(RefundId::new).ok_or_else(|| corrupt("an accepted refund without its refund_id"))
    }
}
