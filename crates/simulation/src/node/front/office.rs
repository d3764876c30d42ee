//! What the back office asks: what is sold, for how much, and how much of it there is.

use super::{Outcome, Said};
use domain::catalogue::{SkuDraft, SkuId};
use domain::changeset::{Audit, ReplayRecord};
use domain::delivery::DeliveryRules;
use domain::ports::{StockAnswer, StockChange};
use domain::recharge::RechargePackage;
use usecases::{Keyed, Paydesk, PutError};

/// What the merchant sets, at the version that was seen; `None` for what is new.
#[derive(Clone)]
pub enum Setting {
    /// What a thing costs.
    Sku(SkuDraft, Option<u64>),
    /// What bringing it costs.
    Rules(DeliveryRules, Option<u64>),
    /// What can be paid ahead, and what for.
    Package(RechargePackage, Option<u64>),
}

/// Stock that is brought in, or taken out.
#[derive(Clone)]
pub struct Moving {
    /// Of what.
    pub sku_id: SkuId,
    /// How many; negative takes out.
    pub delta: i64,
    /// Who.
    pub audit: Audit,
}

/// Sets it.
pub(super) async fn set(desk: &Paydesk, setting: &Setting, audit: &Audit) -> Said {
    let put = match setting {
        Setting::Sku(draft, seen) => desk.put_sku(draft, *seen, audit).await.map(drop),
        Setting::Rules(rules, seen) => desk.put_delivery_rules(rules, *seen, audit).await.map(drop),
        Setting::Package(package, seen) => desk.put_package(package, *seen, audit).await.map(drop),
    };
    Said::plain(match put {
        Ok(()) => Outcome::Done,
        Err(PutError::VersionRequired) => Outcome::Refused("version_required"),
        Err(PutError::VersionMoved) => Outcome::Refused("version_moved"),
        Err(PutError::Store(_)) => Outcome::Busy,
    })
}

/// Moves it, once per key, as `http-api` does.
pub(super) async fn move_stock(desk: &Paydesk, moving: Moving, keyed: &Keyed) -> Said {
    let Moving { sku_id, delta, audit } = moving;
    let change = StockChange {
        sku_id,
        delta,
        reason: "counted".to_owned(),
        audit,
        replay: ReplayRecord {
            scope: keyed.scope.clone(),
            fingerprint: keyed.fingerprint.clone(),
            order: None,
            payment: None,
            reused: false,
            recorded_at: desk.clock.now(),
        },
    };
    Said::plain(match desk.catalogue.move_stock(&change).await {
        Ok(StockAnswer::Moved(_)) => Outcome::Done,
        Ok(StockAnswer::Replayed(record, _)) if record.fingerprint == keyed.fingerprint => {
            Outcome::Replayed
        }
        Ok(StockAnswer::Replayed(..)) => Outcome::Refused("idempotency_key_reused"),
        Ok(StockAnswer::NotFound) => Outcome::Refused("not_found"),
        Ok(StockAnswer::TooLittle) => Outcome::Refused("out_of_stock"),
        Err(_unavailable) => Outcome::Busy,
    })
}
