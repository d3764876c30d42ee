//! Every story. To add one: a file beside the others, and its two lines here.

mod cash_on_delivery;
mod empty_wallet;
mod forged_and_replayed;
mod keys_replaced;
mod killed_before_payment;
mod last_item;
mod normal_purchase;
mod notification_never_comes;
mod paid_while_cancelling;
mod recharge_with_bonus;
mod refund_answer_lost;
mod ten_equal_notifications;
mod two_payments;
mod unknown_number;
mod wrong_amount;

use crate::demo::story::Story;

/// In the order in which they are played.
pub(super) const STORIES: &[Story] = &[
    normal_purchase::STORY,
    notification_never_comes::STORY,
    ten_equal_notifications::STORY,
    killed_before_payment::STORY,
    paid_while_cancelling::STORY,
    two_payments::STORY,
    unknown_number::STORY,
    wrong_amount::STORY,
    forged_and_replayed::STORY,
    cash_on_delivery::STORY,
    recharge_with_bonus::STORY,
    last_item::STORY,
    empty_wallet::STORY,
    refund_answer_lost::STORY,
    keys_replaced::STORY,
];
