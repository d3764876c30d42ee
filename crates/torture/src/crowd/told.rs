//! What clients were told, which has to be true ever after.
//!
//! I41: once an answer showed an order paid, no later one shows it unpaid. Cancelled is final. One key is
//! about one order.

use crate::clock::Stopwatch;
use crate::findings::Findings;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All that was told so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    orders: BTreeMap<String, Order>,
    /// Which refunds were named, and how they were said to have ended.
    refunds: BTreeMap<String, Ending>,
    /// Which refunds are the answers to requests for one.
    asks: BTreeSet<String>,
    /// Which order each key is about.
    keys: BTreeMap<String, String>,
    /// What else was said to be done, by the table in which the books look for it.
    deeds: BTreeMap<&'static str, Vec<Value>>,
}

/// A refund's last word, and when it was first said.
type Ending = Option<(&'static str, Stopwatch)>;

/// From these nothing leads on.
const LAST_WORDS: [&str; 4] = ["succeeded", "declined", "withdrawn", "settled_offline"];

#[derive(Clone, Copy, Debug, Default)]
struct Order {
    /// When it was first said.
    paid: Option<Stopwatch>,
    cancelled: Option<Stopwatch>,
}

impl Told {
    /// Notes an answer to a request that was sent at `asked` under `key` (empty when it has none).
    pub(crate) fn hear(&self, asked: Stopwatch, key: &str, answer: &Value, findings: &Findings) {
        let mut inside = self.lock();
        // A refund that was asked for, or those of an order.
        let of_order = answer["refunds"].as_array().into_iter().flatten();
        for refund in std::iter::once(answer).chain(of_order) {
            inside.hear_of_refund(asked, refund, findings);
        }
        let Some(number) = answer["order_number"].as_str() else { return };
        if !key.is_empty() {
            let first = inside.keys.entry(key.to_owned()).or_insert_with(|| number.to_owned());
            if first != number {
                let what = format!("key {key} was about {first}, and then about {number}");
                findings.add("one key is about one order", what);
            }
        }
        let order = inside.orders.entry(number.to_owned()).or_default();
        let before = |first: Option<Stopwatch>| first.is_some_and(|first| first.is_before(asked));
        let is_paid = match answer["payment_status"].as_str() {
            None => None,
            Some("unpaid") => Some(false),
            Some(_) => Some(true),
        };
        if is_paid == Some(false) && before(order.paid) {
            let what = format!("{number} was said to be paid, and later to be unpaid");
            findings.add("I41 once paid, always paid", what);
        }
        // An offer has no status of the order.
        let status = answer["status"].as_str();
        if status.is_some_and(|status| status != "cancelled") && before(order.cancelled) {
            let what = format!("{number} was said to be cancelled, and later {status:?}");
            findings.add("I7 cancelled is final", what);
        }
        let now = Stopwatch::start();
        if is_paid == Some(true) {
            order.paid.get_or_insert(now);
        }
        if status == Some("cancelled") {
            order.cancelled.get_or_insert(now);
        }
    }

    /// Notes which refund a request for one has come to, after however many tries.
    pub(crate) fn note_ask(&self, out_refund_no: &str) {
        self.lock().asks.insert(out_refund_no.to_owned());
    }

    /// Every refund that a request came to.
    pub(crate) fn asks(&self) -> Value {
        self.lock().asks.iter().map(|number| json!({"out_refund_no": number})).collect()
    }

    /// Notes something that an answer said is done.
    pub(crate) fn note_deed(&self, table: &'static str, deed: Value) {
        self.lock().deeds.entry(table).or_default().push(deed);
    }

    /// All of that table.
    pub(crate) fn deeds(&self, table: &str) -> Value {
        self.lock().deeds.get(table).cloned().unwrap_or_default().into()
    }

    /// Every order that was named, for the check at the end.
    pub(crate) fn orders(&self) -> Value {
        let row = |(number, order): (&String, &Order)| {
            json!({"order_number": number, "said_paid": order.paid.is_some(),
                "said_cancelled": order.cancelled.is_some()})
        };
        self.lock().orders.iter().map(row).collect()
    }

    /// Every refund that was named.
    pub(crate) fn refunds(&self) -> Value {
        let row = |(number, ending): (&String, &Ending)| json!({"out_refund_no": number, "said": ending.map(|(word, _)| word)});
        self.lock().refunds.iter().map(row).collect()
    }

    /// Every key that had an order.
    pub(crate) fn keys(&self) -> Value {
        let row = |(key, number): (&String, &String)| json!({"key": key, "order_number": number});
        self.lock().keys.iter().map(row).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn hear_of_refund(&mut self, asked: Stopwatch, refund: &Value, findings: &Findings) {
        let Some(number) = refund["out_refund_no"].as_str() else { return };
        let ending = self.refunds.entry(number.to_owned()).or_default();
        let status = refund["status"].as_str().unwrap_or_default();
        let last_word = LAST_WORDS.into_iter().find(|word| *word == status);
        match *ending {
            Some((before, since)) if since.is_before(asked) && before != status => {
                let what = format!("{number} was said to be {before}, and later {status}");
                findings.add("I14 a refund ends once", what);
            }
            Some(_) => {}
            None => *ending = last_word.map(|word| (word, Stopwatch::start())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(status: &str, payment_status: &str) -> Value {
        json!({"order_number": "P1", "status": status, "payment_status": payment_status})
    }

    fn heard(answers: &[(Stopwatch, &str, Value)]) -> Vec<String> {
        let (told, findings) = (Told::default(), Findings::default());
        for (asked, key, answer) in answers {
            told.hear(*asked, key, answer, &findings);
        }
        findings.all()
    }

    fn later() -> Stopwatch {
        // The clock has to move between two.
        let first = Stopwatch::start();
        loop {
            let next = Stopwatch::start();
            if first.is_before(next) {
                return next;
            }
        }
    }

    #[test]
    fn paid_and_then_unpaid_is_a_difference_unless_it_was_asked_before() {
        let early = later();
        let said =
            [(early, "", order("ready", "paid")), (early, "", order("pending_payment", "unpaid"))];
        assert!(heard(&said).is_empty(), "the second question was as old as the first");
        let (told, findings) = (Told::default(), Findings::default());
        told.hear(early, "", &order("ready", "paid"), &findings);
        told.hear(later(), "", &order("pending_payment", "unpaid"), &findings);
        assert_eq!(findings.all().len(), 1);
        assert!(findings.all()[0].contains("I41"));
    }

    #[test]
    fn a_key_with_two_orders_is_a_difference() {
        let one = json!({"order_number": "P1"});
        let other = json!({"order_number": "P2"});
        let at = later();
        assert!(heard(&[(at, "k", one.clone()), (at, "k", one.clone())]).is_empty());
        assert!(heard(&[(at, "", one.clone()), (at, "", other.clone())]).is_empty());
        assert_eq!(heard(&[(at, "k", one), (at, "k", other)]).len(), 1);
    }

    #[test]
    fn a_refund_that_was_declined_is_never_sent() {
        let refund = |status: &str| json!({"out_refund_no": "R1", "status": status});
        let (told, findings) = (Told::default(), Findings::default());
        for status in ["awaiting_approval", "declined", "declined"] {
            told.hear(later(), "", &refund(status), &findings);
        }
        assert!(findings.all().is_empty());
        told.hear(later(), "", &json!({"refunds": [refund("processing")]}), &findings);
        assert_eq!(findings.all().len(), 1);
        assert_eq!(told.refunds(), json!([{"out_refund_no": "R1", "said": "declined"}]));
    }

    #[test]
    fn cancelled_is_final() {
        let (told, findings) = (Told::default(), Findings::default());
        told.hear(later(), "", &order("cancelled", "unpaid"), &findings);
        told.hear(
            later(),
            "",
            &json!({"order_number": "P1", "payment_status": "unpaid"}),
            &findings,
        );
        assert!(findings.all().is_empty(), "an offer says nothing about the order's status");
        told.hear(later(), "", &order("ready", "paid"), &findings);
        assert_eq!(findings.all().len(), 1);
    }
}
