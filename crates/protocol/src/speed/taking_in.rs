//! One notification of a payment: the client verifies, opens and reads it, beside bare `ring` and `serde_json` with the same bytes.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use domain::Timestamp;
use domain::ports::{NoticeBody, NoticeOpener as _, RawNotice};

use super::bare::{TakeIn, each, public_key};
use super::{Plan, middle, thousandths};
use crate::fuzz::{Target, corpus};
use crate::wechat::{NOW, SIGNERS, key, now, strict};

/// What one notification costs, in CPU time of one thread.
#[derive(Debug, Clone, Copy)]
pub struct TakingIn {
    /// By the client, in the middle turn.
    pub ours: Duration,
    /// By `ring` and `serde_json` alone.
    pub bare: Duration,
    /// Ours by bare of the middle turn, in thousandths.
    pub ratio: u64,
}

/// Measures both in turns.
///
/// # Errors
/// When one of them does not read the notification: a fast wrong answer is no figure.
pub fn measure(plan: Plan) -> Result<TakingIn> {
    let raw = genuine()?;
    let at = Timestamp::from_seconds(NOW);
    let bare = TakeIn::new(public_key(&key(SIGNERS[0], "public_key_spki_pem"))?)?;
    let mut turns = Vec::new();
    for _ in 0..plan.turns {
        let limit = each(plan.turn, || bare.take_in(&raw).map(|payment| drop(black_box(payment))))?;
        let ours = each(plan.turn, || {
            let notice = now(strict().open(black_box(&raw), at))?;
            ensure!(matches!(notice.body, NoticeBody::Payment(_)), "no payment");
            Ok(())
        })?;
        turns.push((thousandths(ours, limit), ours, limit));
    }
    let (ratio, ours, bare) = middle(turns).context("no turn")?;
    Ok(TakingIn { ours, bare, ratio })
}

/// The payment of the vectors that is signed by the public key.
fn genuine() -> Result<RawNotice> {
    let serial = key(SIGNERS[0], "serial_no");
    let at = Timestamp::from_seconds(NOW);
    let inputs = corpus(Target::Notification)?;
    let opens = |raw: &RawNotice| {
        raw.serial.as_deref() == Some(serial.as_str())
            && now(strict().open(raw, at))
                .is_ok_and(|notice| matches!(notice.body, NoticeBody::Payment(_)))
    };
    inputs.iter().map(|input| crate::fuzz::raw_notice(input)).find(opens).context("no such vector")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_read_the_same_payment_and_neither_reads_another() {
        let mut raw = genuine().unwrap();
        let pem = key(SIGNERS[0], "public_key_spki_pem");
        let bare = TakeIn::new(public_key(&pem).unwrap()).unwrap();
        let payment = bare.take_in(&raw).unwrap();
        let at = Timestamp::from_seconds(NOW);
        let NoticeBody::Payment(fact) = now(strict().open(&raw, at)).unwrap().body else {
            panic!("no payment")
        };
        assert_eq!(payment["out_trade_no"], fact.out_trade_no().as_str());
        raw.body.push(b' ');
        assert!(bare.take_in(&raw).is_err());
        assert!(now(strict().open(&raw, at)).is_err());
    }

    #[test]
    fn a_measurement_has_figures() {
        let plan = Plan { turns: 1, turn: Duration::from_millis(1) };
        let measured = measure(plan).unwrap();
        assert!(
            measured.ours > Duration::ZERO && measured.bare > Duration::ZERO && measured.ratio > 0
        );
    }
}
