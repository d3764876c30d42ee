//! Numbers are for ever: the texts here may not change.

use super::*;
use proptest::prelude::*;
use uuid::Uuid;

fn at() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T02:00:00Z").unwrap()
}

#[test]
fn a_number_reads_aloud_as_its_time() {
    let number = OrderNumber::compose(at(), None, 0);
    assert!(number.as_str().starts_with("P20261121100000"));
    assert_eq!(number.as_str().len(), LENGTH);
}

#[test]
fn later_payments_append_their_number_within_thirty_two_characters() {
    let number = OrderNumber::compose(at(), None, u64::MAX);
    assert_eq!(OutTradeNo::of_payment(&number, 1).as_str(), number.as_str());
    let last = OutTradeNo::of_payment(&number, PAYMENTS_MAX);
    assert_eq!(last.as_str(), format!("{number}-99"));
    assert_eq!(OutTradeNo::parse(last.as_str()), Some(last));
}

#[test]
fn a_backend_cannot_give_the_number_of_a_refund_that_we_may_have_to_make() {
    let payment = OutTradeNo::of_payment(&OrderNumber::compose(at(), None, 7), 2);
    for ours in [OutRefundNo::of_surplus(&payment), OutRefundNo::of_request(&payment, "x")] {
        assert!(OutRefundNo::parse(ours.as_str()).is_some());
        assert_eq!(OutRefundNo::given(ours.as_str()), None, "{ours}");
    }
    for theirs in ["R-1", "P20261121", &"P".repeat(64)] {
        assert_eq!(OutRefundNo::given(theirs), OutRefundNo::parse(theirs));
        assert!(OutRefundNo::given(theirs).is_some(), "{theirs}");
    }
    assert_eq!(OutRefundNo::given("ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ"), None);
}

/// A number names its shard for ever: neither the hash of the buyer nor the alphabet may change.
#[test]
fn the_characters_of_a_number_are_what_they_always_were() {
    let buyer = UserId::new(Uuid::from_u128(7));
    let number = |buyer, entropy| OrderNumber::compose(at(), buyer, entropy).to_string();
    assert_eq!(number(None, 0), "P2026112110000035000000000000");
    assert_eq!(number(Some(buyer), 0x0123_4567_89AB_CDEF), "P202611211000004028T5CY4TQKFF");
}

#[test]
fn a_number_of_our_own_shape_is_read_and_no_other() {
    let number = OrderNumber::compose(at(), None, 7);
    let text = number.as_str();
    assert_eq!(OrderNumber::parse(text), Some(number.clone()));
    for strange in [
        "",
        "P",
        &text[1..],
        &text[..LENGTH - 1],
        &format!("{text}0"),
        &text.replace('P', "Q"),
        &format!("P2026112110000X{}", &text[15..]),
        &format!("{}I", &text[..LENGTH - 1]),
        &format!("{}U", &text[..LENGTH - 1]),
        &format!("{}a", &text[..LENGTH - 1]),
        "P2026112110000龙井00000000000",
    ] {
        assert_eq!(OrderNumber::parse(strange), None, "{strange}");
    }
}

#[test]
fn a_payments_number_tells_which_payment_of_which_order_it_is() {
    let number = OrderNumber::compose(at(), None, 7);
    for no in 1..=PAYMENTS_MAX {
        assert_eq!(OutTradeNo::of_payment(&number, no).payment_no_of(&number), Some(no));
    }
    assert_eq!(OutTradeNo::of_payment(&number, 0).as_str(), number.as_str());
    let other = OrderNumber::compose(at(), None, 8);
    assert_eq!(OutTradeNo::of_payment(&number, 2).payment_no_of(&other), None);
    for tail in ["-0", "-1", "-02", "-100", "-256", "-", "-x", "2", "-+2"] {
        let strange = OutTradeNo::stated(&format!("{number}{tail}")).unwrap();
        assert_eq!(strange.payment_no_of(&number), None, "{tail}");
    }
}

#[test]
fn numbers_that_are_given_are_short_and_harmless_in_addresses() {
    for text in ["abcdef", "A-Z_09", &"x".repeat(32)] {
        assert_eq!(OutTradeNo::parse(text).unwrap().as_str(), text);
    }
    for text in ["abcde", "", &"x".repeat(33), "abc|def", "abc*def", "abc def", "龙井茶叶"] {
        assert_eq!(OutTradeNo::parse(text), None, "{text}");
    }
    for text in ["a", "A-Z_09", &"x".repeat(64)] {
        assert_eq!(OutRefundNo::parse(text).unwrap().as_str(), text);
    }
    for text in ["", &"x".repeat(65), "a|b", "a*b", "a@b", "a b", "茶"] {
        assert_eq!(OutRefundNo::parse(text), None, "{text}");
    }
}

#[test]
fn numbers_of_other_systems_are_read_as_wechat_pay_states_them() {
    for text in ["a", "a|b*c@d", &"x".repeat(64)] {
        assert_eq!(OutTradeNo::stated(text).unwrap().as_str(), text);
        assert_eq!(OutRefundNo::stated(text).unwrap().as_str(), text);
    }
    for text in ["", "a b", "茶", "a\n", &"x".repeat(65)] {
        assert_eq!((OutTradeNo::stated(text), OutRefundNo::stated(text)), (None, None));
    }
    assert_eq!(OutRefundNo::stored("as it was".to_owned()).as_str(), "as it was");
}

/// What is derived again after the database has lost the first must be the same for ever.
#[test]
fn the_numbers_of_refunds_are_derived_from_what_they_are_for() {
    let number = OrderNumber::compose(at(), None, 0);
    let payment = OutTradeNo::of_payment(&number, 2);
    let surplus = OutRefundNo::of_surplus(&payment);
    assert_eq!(surplus.as_str(), "P2026112110000035000000000000-2-S");
    let asked = OutRefundNo::of_request(&payment, "request:buyer:1:POST /refunds:k");
    assert_eq!(asked.as_str(), "P2026112110000035000000000000-2-RQEZ8VWKD");
    assert_ne!(asked, OutRefundNo::of_request(&payment, "request:buyer:1:POST /refunds:l"));
    for (closed, tail) in [(1, "-2"), (2, "-3"), (9, "-10")] {
        let next = surplus.replacement(&payment, closed);
        assert_eq!(next.as_str(), format!("{surplus}{tail}"));
    }
    let given = OutRefundNo::parse(&"x".repeat(64)).unwrap();
    let [second, third] = [1, 2].map(|closed| given.replacement(&payment, closed));
    assert!(second.is_of_our_shape() && third.is_of_our_shape() && second != third);
    let longest = OutTradeNo::of_payment(&number, PAYMENTS_MAX);
    let longest = OutRefundNo::of_request(&longest, "x").replacement(&longest, 99);
    assert!(OutRefundNo::parse(longest.as_str()).is_some(), "WeChat Pay's limit");
}

#[test]
fn what_is_derived_from_a_payment_is_known_by_its_form() {
    let number = OrderNumber::compose(at(), None, 0);
    let [first, second] = [1, 2].map(|no| OutTradeNo::of_payment(&number, no));
    for begun in [OutRefundNo::of_surplus(&second), OutRefundNo::of_request(&second, "x")] {
        let replaced = begun.replacement(&second, 1);
        assert!(begun.is_derived_from(&second) && replaced.is_derived_from(&second));
        assert!(!begun.is_derived_from(&first) && !replaced.is_derived_from(&first));
    }
    for other in [
        "",
        "-",
        "-C01",
        "-S1",
        "-S-1",
        "-S-x",
        "-RQEZ8VWK",
        "-RQEZ8VWKDD",
        "-Rqez8vwkd",
        "-S-2-3",
        "-S-02",
        "-S-+2",
    ] {
        let typed = OutRefundNo::stated(&format!("{first}{other}")).unwrap();
        assert!(!typed.is_derived_from(&first), "{typed}");
    }
}

#[test]
fn a_number_is_shown_as_it_is() {
    let number = OrderNumber::compose(at(), None, 0);
    let (payment, refund) = (OutTradeNo::of_payment(&number, 1), OutRefundNo("R".into()));
    assert_eq!(format!("{number:?} {number}"), format!("{} {}", number.0, number.0));
    assert_eq!(format!("{payment:?} {payment}"), format!("{} {}", number.0, number.0));
    assert_eq!(format!("{refund:?} {refund}"), "R R");
}

proptest! {
    #[test]
    fn every_composed_number_parses(micros in 0i64..250_000_000_000_000_000, buyer in any::<u128>(), entropy in any::<u64>()) {
        let user = UserId::new(Uuid::from_u128(buyer));
        let number = OrderNumber::compose(Timestamp::from_micros(micros), Some(user), entropy);
        prop_assert_eq!(OrderNumber::parse(number.as_str()), Some(number.clone()));
        prop_assert!(OutTradeNo::parse(number.as_str()).is_some());
    }

    #[test]
    fn sixty_bits_stay_sixty_bits(a in any::<u64>(), b in any::<u64>()) {
        let mask = (1u64 << 60) - 1;
        let same = OrderNumber::compose(at(), None, a) == OrderNumber::compose(at(), None, b);
        prop_assert_eq!(same, a & mask == b & mask);
    }
}
