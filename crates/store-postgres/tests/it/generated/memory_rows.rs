//! The rows of the memory store, one line each, as `postgres_rows.rs` shows those of Postgres.

use domain::{OrderId, Timestamp};
use store_memory::View;

fn micros(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.micros().to_string())
}

fn text(text: Option<&str>) -> &str {
    text.unwrap_or("-")
}

pub fn all(view: View<'_>) -> Vec<String> {
    let number = |id: OrderId| {
        let order = view.order(&domain::ports::OrderKey::Id(id));
        order.map_or_else(|| "?".to_owned(), |order| order.number.as_str().to_owned())
    };
    let mut rows: Vec<String> = view.effects().map(|name| format!("effect {name}")).collect();
    rows.extend(view.inbox().map(|entry| {
        let number = entry.out_trade_no.as_ref().map(domain::OutTradeNo::as_str);
        let status = format!("{:?}", entry.status).to_lowercase();
        let (source, id, hash) = (entry.source, &entry.event_id, &entry.fact_hash);
        format!("inbox {source} {id} {} {hash} {status} {}", entry.event_type, text(number))
    }));
    let (mut version, mut nth) = ((None, 0), 0);
    rows.extend(view.outbox().iter().map(|(order, of, told)| {
        nth = if version == (Some(*order), *of) { nth + 1 } else { 0 };
        version = (Some(*order), *of);
        let subject = text(told.subject.as_deref());
        format!("outbox {} {of} {nth} {} {subject}", number(*order), told.kind.name())
    }));
    rows.extend(view.audit().iter().map(|(order, version, audit)| {
        let order = order.map_or_else(|| "-".to_owned(), number);
        let request = text(audit.request_id.as_deref());
        format!("audit {order} {version} {} {} {request}", audit.actor, audit.cause)
    }));
    rows.extend(view.cases().map(|case| {
        let order = case.order.as_ref().map(domain::OrderNumber::as_str);
        // The time of a case of stuck work is the store's own.
        let stuck = case.kind == domain::case::CaseKind::Stuck;
        let opened = micros(Some(case.opened_at).filter(|_| !stuck));
        let (kind, status) = (case.kind.name(), case.status.name());
        format!("case {kind} {} {status} {opened} {} {}", case.subject, text(order), case.detail)
    }));
    rows.extend(view.jobs().map(|job| {
        let (due, hastened) = (micros(Some(job.due_at)), micros(job.hastened_at));
        let (leased, wanted) = (job.leased_until.is_some(), job.wanted);
        let (attempts, parked) = (job.attempts, text(job.parked));
        format!("job {} due {due} {attempts} {leased} {hastened} {wanted} {parked}", job.id)
    }));
    rows.extend(view.stock_moves().iter().map(|(order, moved)| {
        let kind = format!("{:?}", moved.kind).to_lowercase();
        let (order, line) = (number(*order), moved.line_no);
        format!("move {order} {line} {kind} {} {}", moved.sku_id.as_str(), moved.quantity)
    }));
    rows.extend(view.skus().map(|sku| {
        let (id, level, version) = (sku.id.as_str(), sku.stock, sku.price_version);
        let (stocked, available) = (level.stocked, level.available);
        let (held, sold, price) = (level.held, level.sold, sku.price.get());
        format!("sku {id} {price} {version} {stocked} {available} {held} {sold}")
    }));
    rows.extend(view.items().map(|(buyer, id, sku, quantity, captured)| {
        let captured = captured.map_or_else(|| "-".to_owned(), number);
        format!("item {buyer} {id} {} {quantity} {captured}", sku.as_str())
    }));
    rows.extend(view.replays().map(|record| {
        let order = record.order.map_or_else(|| "-".to_owned(), |id| id.to_string());
        let payment = record.payment.map_or_else(|| "-".to_owned(), |no| no.to_string());
        let (scope, print) = (&record.scope, &record.fingerprint);
        format!("key {} {} {order} {payment} {} {print}", scope.principal, scope.key, record.reused)
    }));
    rows.extend(ledger(view));
    rows.extend(view.grants().map(|(buyer, coupon, no, with)| {
        let status = match with {
            None => "issued",
            Some((_, false)) => "held",
            Some((_, true)) => "used",
        };
        let order = with.map_or_else(|| "-".to_owned(), |(order, _)| number(order));
        format!("grant {buyer} {coupon} {no} {status} {order}")
    }));
    rows
}

/// Transfers with all their entries, what buyers' accounts hold, and the entries that led there.
fn ledger(view: View<'_>) -> Vec<String> {
    let mut rows = Vec::new();
    for transfer in view.transfers() {
        let order = view.order_of_transfer(transfer.name()).map(domain::OrderNumber::as_str);
        rows.push(format!(
            "transfer {} {} {}",
            transfer.name(),
            transfer.kind().name(),
            text(order)
        ));
        rows.extend(transfer.entries().iter().map(|entry| {
            let (account, unit) = (entry.account.name(), entry.account.unit().name());
            let buyer = entry.account.buyer().map_or_else(|| "-".to_owned(), |b| b.to_string());
            format!("posted {} {account} {unit} {buyer} {}", transfer.name(), entry.amount)
        }));
    }
    rows.extend(view.accounts().map(|(buyer, account, balance, entries)| {
        let (account, unit) = (account.name(), account.unit().name());
        format!("account {buyer} {account} {unit} {balance} {entries}")
    }));
    rows.extend(view.entries().map(|(buyer, account, seq, amount, after)| {
        let (account, unit) = (account.name(), account.unit().name());
        format!("entry {buyer} {account} {unit} {seq} {amount} {after}")
    }));
    rows
}
