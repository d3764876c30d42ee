//! What stands in logs when an order is printed: what helps to find out, and nothing personal.

use super::refund_samples::refund_states;
use super::samples::placement;
use crate::order::Checkout;

#[test]
fn an_address_in_a_log_says_only_that_there_is_one() {
    let Checkout { address, .. } = placement(1).checkout;
    assert_eq!(format!("{address:?}"), "Some(Address(…))");
}

/// Its reason, and how it was paid back otherwise, are somebody's words about somebody.
#[test]
fn a_refund_in_a_log_has_its_number_amount_and_state_and_nobodys_words() {
    for (name, order) in refund_states() {
        let refund = &order.refunds[0];
        let text = format!("{refund:?}");
        for part in [
            format!("{:?}", refund.out_refund_no),
            format!("{:?}", refund.amount),
            format!("{:?}", refund.state.status()),
        ] {
            assert!(text.contains(&part), "{name}: {part} is not in {text}");
        }
        for words in ["不想要了", "bank transfer"] {
            assert!(!text.contains(words), "{name}: {text}");
        }
    }
}

#[test]
fn the_state_of_a_refund_in_a_log_names_what_wechat_pay_said() {
    let text_of = |wanted: &str| {
        let (_, order) = refund_states().into_iter().find(|(name, _)| *name == wanted).unwrap();
        format!("{:?}", order.refunds[0].state)
    };
    assert_eq!(text_of("sending"), "Sending");
    assert_eq!(text_of("unknown, refused"), r#"Unknown("USER_ACCOUNT_ABNORMAL")"#);
    assert!(text_of("processing").contains("R-1"), "{}", text_of("processing"));
    assert_eq!(text_of("settled_offline"), "SettledOffline");
}
