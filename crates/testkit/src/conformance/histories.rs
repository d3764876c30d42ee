//! Random histories, committed step by step, read back exactly.

use super::Stores;
use crate::TestIds;
use crate::sample;
use domain::fact::Trade;
use domain::order::{CancelCause, Command, Decision, Order, PrepayAnswer};
use domain::payment::Credential;
use domain::ports::{CommitAnswer, IdSource as _};

fn command(order: &Order, choice: u64) -> Command {
    let out_trade_no = sample::out_trade_no(order);
    let prepay = |answer| Command::RecordPrepay { out_trade_no: out_trade_no.clone(), answer };
    let transaction = format!("T-{}", order.number);
    match choice % 12 {
        0 => prepay(PrepayAnswer::Accepted(Credential::PrepayId("wx-1".to_owned()))),
        1 => prepay(PrepayAnswer::Accepted(Credential::CodeUrl("weixin://1".to_owned()))),
        2 => prepay(PrepayAnswer::Refused { code: "NO_AUTH".to_owned() }),
        3 => prepay(PrepayAnswer::Unknown),
        4 => sample::says(order, Trade::NotPaid),
        5 => sample::says(order, Trade::Closed),
        6 => sample::says(order, Trade::NotExist),
        7 => sample::says(order, Trade::Refunded),
        8 => sample::success(order, &transaction),
        9 => {
            let other = sample::receipt(&transaction, domain::Fen::new(1));
            sample::says(order, Trade::Success(other))
        }
        10 => Command::Cancel(CancelCause::Buyer),
        _ => Command::ClosePayment { out_trade_no },
    }
}

pub async fn what_is_loaded_is_what_was_committed(stores: &Stores) {
    let chance = TestIds::seeded(7);
    let mut steps = 0;
    for n in 1..=40 {
        let mut order = stores.open_order(n).await;
        for step in 0..8 {
            let command = command(&order, chance.order_entropy());
            let Ok(Decision::Record(events)) = order.decide(&command, sample::start()) else {
                continue;
            };
            let expected = order.clone().after(&events);
            let intent = sample::intent(&format!("{n}-{step}"));
            let answer = stores.give(&order, &command, intent).await;
            assert_eq!(answer, CommitAnswer::Committed, "{command:?}");
            order = stores.again(&order).await;
            assert_eq!(order, expected);
            steps += 1;
        }
        let sku = &order.lines[0].sku_id;
        let level = stores.catalogue.sku(sku).await.unwrap().unwrap().stock;
        assert_eq!(level.stocked, level.available + level.held + level.sold);
    }
    assert!(steps > 60, "only {steps} steps: the histories say too little");
}
