//! I48a of fund-flow bills: every movement, the balance after each, and the fees.

use super::{same, second};
use crate::actors::clerk::Wanted;
use crate::world::World;
use domain::bill::{BillDay, FlowDirection, FundAccount, FundFlowBill};
use wechatpay_sim::core::settings::bills::BillFeesFrom;

/// The bill says what moved, and what fees were taken.
pub(super) fn agree(
    world: &World,
    day: BillDay,
    wanted: Wanted,
    bill: &FundFlowBill,
) -> Result<(), String> {
    let mut lines = Vec::new();
    let mut balance: Option<i64> = None;
    for line in &bill.lines {
        let fen = match line.direction {
            FlowDirection::Income => line.amount.get(),
            FlowDirection::Expense => line.amount.get().saturating_neg(),
        };
        let expected = balance.map_or(line.balance.get(), |before| before.saturating_add(fen));
        if line.balance.get() != expected {
            return Err(format!("after line {} the balance is not {expected}", line.line));
        }
        balance = Some(expected);
        let voucher = line.voucher.as_deref().unwrap_or_default();
        lines.push((
            format!("{} {voucher} at {}", line.business_no, second(line.at)),
            is_fee(&line.business_type),
            fen,
        ));
    }
    let told = |fees: bool| lines.iter().filter(move |(_, is_fee, _)| *is_fee == fees);
    let is_basic = wanted == Wanted::Funds(FundAccount::Basic);
    let expected = movements(world, day);
    let moved = told(false).map(|(of, _, fen)| format!("{of}, {fen} fen")).collect();
    let true_moves = expected.iter().filter(|_| is_basic);
    same(moved, true_moves.map(|(of, fen)| format!("{of}, {fen} fen")).collect())?;
    let pays_fees = is_basic != has_own_account_for_fees(world);
    let taken: Vec<(String, i64)> = told(true).map(|(of, _, fen)| (of.clone(), *fen)).collect();
    fees_agree(&taken, &expected, pays_fees)?;
    let sum = |direction| {
        let lines = bill.lines.iter().filter(move |line| line.direction == direction);
        lines.map(|line| line.amount.get()).sum::<i64>()
    };
    let totals = (bill.totals.income.get(), bill.totals.expense.get());
    let summed = (sum(FlowDirection::Income), sum(FlowDirection::Expense));
    if totals == summed {
        Ok(())
    } else {
        Err(format!("its totals are {totals:?} instead of {summed:?}"))
    }
}

/// Of each payment its fee is taken, to the fen; of what goes back no more comes back than was taken.
fn fees_agree(
    taken: &[(String, i64)],
    movements: &[(String, i64)],
    pays_fees: bool,
) -> Result<(), String> {
    let payments = movements.iter().filter(|(_, fen)| pays_fees && *fen > 0);
    let fees = payments.map(|(of, fen)| (of, fee_fen(*fen))).filter(|(_, fee)| *fee > 0);
    let words = |(of, fee): (&String, i64)| format!("a fee of {fee} fen of {of}");
    let told = taken.iter().filter(|(_, fen)| *fen < 0).map(|(of, fen)| (of, fen.saturating_neg()));
    same(told.map(words).collect(), fees.map(words).collect())?;
    for (of, fen) in taken.iter().filter(|(_, fen)| *fen > 0) {
        let refund = movements.iter().find(|(known, fen)| known == of && *fen < 0);
        // Two roundings are between them.
        let most = refund.map_or(0, |(_, back)| fee_fen(back.abs()).saturating_add(1));
        if !pays_fees || *fen > most {
            return Err(format!("{fen} fen of a fee come back with {of}"));
        }
    }
    Ok(())
}

/// 0.60 %, to the whole fen; half a fen is one.
fn fee_fen(fen: i64) -> i64 {
    fen.saturating_mul(60).saturating_add(5_000) / 10_000
}

fn has_own_account_for_fees(world: &World) -> bool {
    let bills = world.setup.bills.unwrap_or_default();
    bills.fees_from == BillFeesFrom::Fees
}

/// 扣除交易手续费 and 退回交易手续费.
fn is_fee(business_type: &str) -> bool {
    business_type.contains("手续费")
}

/// What a flow of this account cannot be without, in words.
pub(super) fn moved(world: &World, day: BillDay, account: FundAccount) -> Vec<String> {
    let moved = movements(world, day).into_iter();
    match account {
        FundAccount::Basic => moved.map(|(of, fen)| format!("{of}, {fen} fen")).collect(),
        FundAccount::Fees if has_own_account_for_fees(world) => {
            moved.filter(|(_, fen)| *fen > 0 && fee_fen(*fen) > 0).map(|(of, _)| of).collect()
        }
        FundAccount::Fees | FundAccount::Operation => Vec::new(),
    }
}

/// What came into the basic account on the day, and what left it, in fen; without fees.
fn movements(world: &World, day: BillDay) -> Vec<(String, i64)> {
    let mut movements: Vec<(String, i64)> = world.wechat.truth(|truth| {
        let paid = truth.took.values().filter(|paid| BillDay::of(paid.at) == day);
        let came = paid.map(|paid| {
            let (id, number, at) = (&paid.transaction_id, &paid.out_trade_no, second(paid.at));
            (format!("{id} {number} at {at}"), paid.payer_fen)
        });
        came.collect()
    });
    for refund in world.wechat.booked_refunds() {
        let Some(at) = refund.left_at.filter(|at| BillDay::of(*at) == day) else { continue };
        let of = format!("{} {} at {}", refund.refund_id, refund.out_refund_no, second(at));
        movements.push((of, refund.payer_fen.saturating_neg()));
    }
    movements.retain(|(_, fen)| *fen != 0);
    movements
}
