//! What an order costs, and what is refused.

use super::*;
use crate::catalogue::StockLevel;
use crate::coupon::{CouponId, Cut};
use proptest::prelude::*;

fn sku(price: i64, cost: i64) -> Sku {
    Sku {
        id: SkuId::parse("tea").unwrap(),
        title: "茶".to_owned(),
        price: Fen::new(price),
        cost_price: Fen::new(cost),
        status: SkuStatus::OnSale,
        price_version: 7,
        stock: StockLevel::default(),
        created_at: Timestamp::from_seconds(0),
    }
}

#[test]
fn a_price_below_cost_is_refused() {
    let tea = sku(99, 100);
    let got = price(&input(vec![(&tea, 1)], &DeliveryRules::default()));
    assert_eq!(got, Err(PricingRefusal::BelowCost(tea.id)));
}

#[test]
fn a_hidden_sku_is_not_sold() {
    let tea = Sku { status: SkuStatus::OffSale, ..sku(100, 1) };
    let got = price(&input(vec![(&tea, 1)], &DeliveryRules::default()));
    assert_eq!(got, Err(PricingRefusal::NotOnSale(tea.id)));
}

fn input<'a>(lines: Vec<(&'a Sku, u32)>, rules: &'a DeliveryRules) -> PricingInput<'a> {
    PricingInput { lines, rules, region: "上海市", rush: true, coupon: None }
}

fn rules(delivery: i64, rush: i64) -> DeliveryRules {
    DeliveryRules { base: Fen::new(delivery), rush: Fen::new(rush), ..DeliveryRules::default() }
}

fn priced(lines: Vec<(&Sku, u32)>, delivery: i64, rush: i64) -> Result<Breakdown, PricingRefusal> {
    price(&input(lines, &rules(delivery, rush)))
}

#[test]
fn what_costs_what_it_cost_is_sold() {
    assert!(priced(vec![(&sku(100, 100), 1)], 0, 0).is_ok());
}

#[test]
fn nothing_is_not_priced() {
    assert_eq!(priced(vec![], 0, 0), Err(PricingRefusal::Empty));
}

#[test]
fn neither_a_line_nor_the_sum_of_all_is_more_than_we_handle() {
    let most = sku(Fen::LIMIT.get(), 0);
    assert!(priced(vec![(&most, 1)], 0, 0).is_ok());
    assert_eq!(priced(vec![(&most, 2)], 0, 0), Err(PricingRefusal::TooLarge));
    let one = sku(1, 0);
    assert_eq!(priced(vec![(&most, 1), (&one, 1)], 0, 0), Err(PricingRefusal::TooLarge));
    assert_eq!(priced(vec![(&most, 1)], 1, 0), Err(PricingRefusal::TooLarge));
    assert_eq!(priced(vec![(&most, 1)], 0, 1), Err(PricingRefusal::TooLarge));
    assert_eq!(priced(vec![(&sku(i64::MAX, 0), 2)], 0, 0), Err(PricingRefusal::TooLarge));
}

#[test]
fn a_line_keeps_what_was_priced() {
    let breakdown = priced(vec![(&sku(300, 1), 2)], 5, 7).unwrap();
    let expected = PricedLine {
        sku_id: SkuId::parse("tea").unwrap(),
        title: "茶".to_owned(),
        quantity: 2,
        unit_price: Fen::new(300),
        amount: Fen::new(600),
        discount: Fen::ZERO,
        price_version: 7,
    };
    assert_eq!(breakdown.lines, [expected]);
    let amounts = Amounts {
        items: Fen::new(600),
        discount: Fen::ZERO,
        delivery: Fen::new(5),
        rush: Fen::new(7),
        total: Fen::new(612),
    };
    assert_eq!(breakdown.amounts, amounts);
}

fn coupon(cut: Cut, threshold: i64) -> CouponTerms {
    CouponTerms {
        id: CouponId::parse("new-year").unwrap(),
        title: "新年".to_owned(),
        cut,
        threshold: Fen::new(threshold),
        valid_from: Timestamp::from_seconds(0),
        valid_to: Timestamp::from_seconds(100),
        per_user_limit: 1,
    }
}

fn now() -> Timestamp {
    Timestamp::from_seconds(50)
}

#[test]
fn a_coupon_comes_off_the_goods_and_not_off_the_fees() {
    let (tea, rules) = (sku(300, 1), rules(500, 70));
    let all = coupon(Cut::Amount(Fen::new(10_000)), 0);
    let got =
        price(&PricingInput { coupon: Some((&all, now())), ..input(vec![(&tea, 2)], &rules) });
    let amounts = got.unwrap().amounts;
    assert_eq!((amounts.discount, amounts.total), (Fen::new(600), Fen::new(570)));
}

#[test]
fn free_delivery_is_not_lost_by_using_a_coupon() {
    let tea = sku(10_000, 1);
    let rules = DeliveryRules { free_above: Some(Fen::new(10_000)), ..rules(500, 0) };
    let ten_off = coupon(Cut::Amount(Fen::new(1_000)), 0);
    let got =
        price(&PricingInput { coupon: Some((&ten_off, now())), ..input(vec![(&tea, 1)], &rules) });
    assert_eq!(got.unwrap().amounts.total, Fen::new(9_000));
}

#[test]
fn a_coupon_that_does_not_apply_is_refused_with_its_reason() {
    let (tea, rules) = (sku(300, 1), rules(500, 0));
    let dear = coupon(Cut::Amount(Fen::new(1)), 601);
    let of = |terms: &CouponTerms, at: i64| {
        let coupon = Some((terms, Timestamp::from_seconds(at)));
        price(&PricingInput { coupon, ..input(vec![(&tea, 2)], &rules) })
    };
    assert_eq!(of(&dear, 50), Err(PricingRefusal::Coupon(CouponRefusal::Below(Fen::new(601)))));
    assert_eq!(of(&dear, 100), Err(PricingRefusal::Coupon(CouponRefusal::Over)));
}

#[test]
fn who_is_in_no_hurry_pays_no_rush_fee() {
    let (tea, rules) = (sku(300, 1), rules(500, 70));
    let got = price(&PricingInput { rush: false, ..input(vec![(&tea, 1)], &rules) }).unwrap();
    assert_eq!((got.amounts.rush, got.amounts.total), (Fen::ZERO, Fen::new(800)));
}

proptest! {
    #[test]
    fn the_breakdown_sums_exactly(
        lines in prop::collection::vec((0i64..1_000_000, 1u32..100), 1..10),
        delivery in 0i64..10_000,
        rush in 0i64..10_000,
        cut in prop::option::of(prop_oneof![
            (1i64..10_000_000).prop_map(|fen| Cut::Amount(Fen::new(fen))),
            (1u8..=100, prop::option::of(1i64..100_000))
                .prop_map(|(percent, cap)| Cut::Percent { percent, cap: cap.map(Fen::new) }),
        ]),
    ) {
        let skus: Vec<(Sku, u32)> = lines.iter().map(|(p, q)| (sku(*p, 0), *q)).collect();
        let rules = rules(delivery, rush);
        let terms = cut.map(|cut| coupon(cut, 0));
        let input = PricingInput {
            coupon: terms.as_ref().map(|terms| (terms, now())),
            ..input(skus.iter().map(|(s, q)| (s, *q)).collect(), &rules)
        };
        let Breakdown { lines: priced, amounts } = price(&input).unwrap();
        let items: i64 = lines.iter().map(|(p, q)| p * i64::from(*q)).sum();
        prop_assert_eq!(amounts.items.get(), items);
        prop_assert_eq!(priced.iter().map(|l| l.amount.get()).sum::<i64>(), items);
        prop_assert_eq!(priced.iter().map(|l| l.discount.get()).sum::<i64>(), amounts.discount.get());
        prop_assert!(priced.iter().all(|l| Fen::ZERO <= l.discount && l.discount <= l.amount));
        let fees = (amounts.delivery.get(), amounts.rush.get());
        prop_assert_eq!(fees, (delivery, rush));
        prop_assert_eq!(amounts.total.get(), items - amounts.discount.get() + delivery + rush);
    }
}

/// Every price from 0.01 to 999,999.99 yuan: what comes off is the largest whole number of fen that is
/// within what was promised. A hundred million of them: seven seconds without optimisation.
#[test]
fn every_cent_is_discounted_to_the_fen() {
    let part = coupon(Cut::Percent { percent: 15, cap: None }, 0);
    let fixed = coupon(Cut::Amount(Fen::new(1_000)), 0);
    for items in 1..=99_999_999_i64 {
        let off = part.discount(Fen::new(items), now()).unwrap().get();
        assert!(off * 100 <= items * 15 && items * 15 < (off + 1) * 100, "{off} of {items}");
        let off = fixed.discount(Fen::new(items), now()).unwrap().get();
        assert_eq!(off, items.min(1_000));
    }
}
