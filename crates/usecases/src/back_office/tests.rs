//! Which version of a SKU, or of the rules, the merchant meant.

use super::PutError;
use crate::mocks::{MockGateway, MockOrders, MockSheet, MockShelf, desk, ready};
use crate::samples::{now, sku};
use domain::Fen;
use domain::catalogue::{Sku, SkuDraft};
use domain::changeset::Audit;
use domain::delivery::DeliveryRules;
use domain::ports::{PutAnswer, RulesInForce};
use std::sync::Arc;

async fn put(expected: Option<u64>, answer: PutAnswer<Sku>) -> Result<(Sku, bool), PutError> {
    let tea = sku(100);
    let draft = SkuDraft {
        id: tea.id,
        title: tea.title,
        price: tea.price,
        cost_price: Fen::ZERO,
        status: tea.status,
    };
    let audit = Audit { actor: "operator:1".into(), cause: "price".into(), request_id: None };
    let mut shelf = MockShelf::new();
    shelf
        .expect_put_sku()
        .times(1)
        .withf(move |_, asked, _, _| *asked == expected)
        .return_once(move |_, _, _, _| ready(Ok(answer)));
    let mut desk = desk(MockOrders::new(), MockGateway::new(), now());
    desk.catalogue = Arc::new(shelf);
    desk.put_sku(&draft, expected, &audit).await
}

#[tokio::test]
async fn the_merchant_is_told_whether_the_sku_is_new() {
    assert_eq!(put(None, PutAnswer::Created(sku(100))).await.unwrap(), (sku(100), true));
    assert_eq!(put(Some(1), PutAnswer::Changed(sku(120))).await.unwrap(), (sku(120), false));
}

#[tokio::test]
async fn who_names_no_version_of_a_sku_that_exists_is_asked_which_one_is_meant() {
    let refused = put(None, PutAnswer::VersionMoved).await;
    assert!(matches!(refused, Err(PutError::VersionRequired)), "{refused:?}");
}

#[tokio::test]
async fn who_names_a_version_that_is_over_or_never_was_is_told_that_it_moved() {
    for answer in [PutAnswer::VersionMoved, PutAnswer::NotFound] {
        let refused = put(Some(3), answer).await;
        assert!(matches!(refused, Err(PutError::VersionMoved)), "{refused:?}");
    }
}

/// Before the first rules there is a version 0 to be shown, and none to be changed.
#[tokio::test]
async fn rules_of_delivery_are_set_for_the_first_time_or_at_the_version_that_was_shown() {
    let audit = Audit { actor: "operator:1".into(), cause: "rules".into(), request_id: None };
    let in_force = |version| RulesInForce { rules: DeliveryRules::default(), version };
    for (expected, meant, answer, new) in [
        (None, None, PutAnswer::Created(in_force(1)), true),
        (Some(0), None, PutAnswer::Created(in_force(1)), true),
        (Some(1), Some(1), PutAnswer::Changed(in_force(2)), false),
    ] {
        let mut rules = MockSheet::new();
        let answered = answer.clone();
        rules
            .expect_put_delivery_rules()
            .times(1)
            .withf(move |_, asked, _, _| *asked == meant)
            .return_once(move |_, _, _, _| ready(Ok(answered)));
        let mut desk = desk(MockOrders::new(), MockGateway::new(), now());
        desk.rules = Arc::new(rules);
        let put = desk.put_delivery_rules(&DeliveryRules::default(), expected, &audit).await;
        assert_eq!(put.unwrap(), (in_force(if new { 1 } else { 2 }), new));
    }
}
