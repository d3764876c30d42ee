//! A shop with something in every state: what is drawn at random would never find an order.
//!
//! Set up through the public API, as a merchant and a buyer would. What is in it is written down in
//! dictionaries, from which schemathesis.toml draws: names in files, which hold nothing but texts, and
//! numbers in place of what `numbers.rs` looks for there.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::back_office::BackOffice;
use super::buyer::{Buyer, SKU, text};
use super::http::Caller;
use super::numbers::Numbers;

/// A buyer can have five; the others are for those that are drawn.
const UNPAID: usize = 2;
/// The same, whose payment nobody has asked for.
const PLACED: usize = 1;
/// An order is shipped or completed once, and a number that is drawn meets it once.
const PAID: usize = 8;
const SHIPPED: usize = 8;
const DELIVERED: usize = 8;
/// To be paid at the door, on their way or there: each is taken or refused once. They are unpaid, so
/// that each of the two kinds has a buyer of its own.
const AT_THE_DOOR: usize = 5;
/// Refunds of one shipped order that wait for somebody's yes: each is decided once.
const WAITING: usize = 40;
/// Refunds of one order that go on: WeChat Pay takes one a minute.
const MOVING: usize = 8;
/// Refunds that WeChat Pay cannot bring: each is settled once.
const STUCK: usize = 3;
/// Refunds that could not reach their payer: each is sent to a card once.
const ABNORMAL: usize = 6;
/// Cases of each kind of drawing: each is over once.
const CASES: usize = 4;

/// Who sets it up.
pub(super) struct Opening<'a> {
    pub(super) everybody: &'a Caller,
    pub(super) sandbox: &'a Caller,
    pub(super) operator: &'a Caller,
    /// The folder of the dictionaries.
    pub(super) folder: &'a Path,
}

/// What can be called for.
pub(super) struct Opened {
    /// The buyer's.
    pub(super) token: String,
    pub(super) numbers: Numbers,
}

/// An opening on its way.
struct Shop<'a> {
    buyer: Buyer,
    office: BackOffice<'a>,
    folder: &'a Path,
    numbers: RefCell<Numbers>,
}

impl Opening<'_> {
    /// A new buyer with addresses, a purchase list, a full wallet, and orders that are unpaid, paid,
    /// shipped, delivered and cancelled; coupons, packages and cases.
    pub(super) fn open(&self, part: &str) -> Result<Opened> {
        let (buyer, token) = Buyer::arrive(part, self.everybody, self.sandbox)?;
        let office = BackOffice { operator: self.operator, sandbox: self.sandbox, part };
        let (folder, numbers) = (self.folder, RefCell::default());
        let shop = Shop { buyer, office, folder, numbers };
        shop.offer()?;
        shop.refunds()?;
        shop.orders()?;
        shop.orders_at_the_door(self.everybody, self.sandbox)?;
        shop.list()?;
        for name in ["accepted", "resolved", "retried"] {
            shop.write(name, &shop.office.cases(name, CASES)?)?;
        }
        Ok(Opened { token, numbers: shop.numbers.into_inner() })
    }
}

impl Shop<'_> {
    /// What a buyer can be given or pay ahead, and this one has.
    fn offer(&self) -> Result<()> {
        self.write("rules_tags", &[self.office.make_ready()?])?;
        let packages = [self.office.package("wallet")?, self.office.package("points")?];
        for package in &packages {
            self.buyer.recharge(package)?;
        }
        self.write("packages", &packages)?;
        let gift = self.office.coupon("gift")?;
        self.office.issue(&gift, &self.buyer.id)?;
        self.write("coupons", &[gift])?;
        // Apart, because what is changed may not be given any more.
        self.write("changed_coupons", &[self.office.coupon("changed")?])?;
        self.write("users", std::slice::from_ref(&self.buyer.id))
    }

    /// Orders that are paid online, in every state.
    fn orders(&self) -> Result<()> {
        let buyer = &self.buyer;
        let cancelled = buyer.cancelled()?;
        let paid = many("paid", PAID, |name| buyer.paid(name))?;
        let shipped = many("shipped", SHIPPED, |name| buyer.paid(name))?;
        let delivered = many("delivered", DELIVERED, |name| buyer.paid(name))?;
        for number in shipped.iter().chain(&delivered) {
            self.office.ship(number)?;
        }
        for number in &delivered {
            self.office.deliver(number)?;
        }
        let unpaid = many("unpaid", UNPAID, |name| buyer.unpaid(name))?;
        let placed =
            many("placed", PLACED, |name| text(&buyer.placed(name, "wechat")?, "order_number"))?;
        let all = [&unpaid[..], &placed, &paid, &shipped, &delivered, &[cancelled]].concat();
        self.write("orders", &all)?;
        self.write_with_tags("unpaid", &unpaid, buyer)?;
        self.write_with_tags("placed", &placed, buyer)?;
        self.write_with_tags("paid", &paid, buyer)?;
        self.write_with_tags("shipped", &shipped, buyer)?;
        self.write_with_tags("delivered", &delivered, buyer)
    }

    /// What the buyer wants, after everything else that goes through the list, and where to. Of both
    /// there is one to spare: without a line and an address nothing can be checked out.
    fn list(&self) -> Result<()> {
        let (buyer, spare) = (&self.buyer, self.office.spare_goods()?);
        for (name, number) in [
            ("items", buyer.want(SKU, 3)?),
            ("spare_items", buyer.want(&spare, 1)?),
            ("addresses", buyer.address_id),
            ("spare_addresses", buyer.book()?),
        ] {
            self.numbers.borrow_mut().insert(name, number);
        }
        Ok(())
    }

    /// Orders whose cash a courier is to bring, and what all of them cost.
    fn orders_at_the_door(&self, everybody: &Caller, sandbox: &Caller) -> Result<()> {
        for state in ["on_delivery", "at_the_door"] {
            let name = format!("{}-{state}", self.office.part);
            let (buyer, _) = Buyer::arrive(&name, everybody, sandbox)?;
            let orders = many("cod", AT_THE_DOOR, |name| buyer.placed(name, "cod"))?;
            let numbers = orders.iter().map(|order| text(order, "order_number"));
            let numbers = numbers.collect::<Result<Vec<_>>>()?;
            for number in &numbers {
                self.office.ship(number)?;
                if state == "at_the_door" {
                    self.office.deliver(number)?;
                }
            }
            self.write_with_tags(state, &numbers, &buyer)?;
            let cash = orders.first().and_then(|order| order["amounts"]["total_fen"].as_i64());
            self.numbers.borrow_mut().insert("cash", cash.context("an order without its total")?);
        }
        Ok(())
    }

    /// Refunds to which somebody can say something.
    fn refunds(&self) -> Result<()> {
        let buyer = &self.buyer;
        let (sent, moving) = (buyer.paid("refunds-wait")?, buyer.paid("refunds-move")?);
        self.office.ship(&sent)?;
        let many = |order: &str, count: usize| {
            (0..count).map(|number| buyer.refund(order, number)).collect::<Result<Vec<_>>>()
        };
        self.write("waiting", &many(&sent, WAITING)?)?;
        self.write("moving", &many(&moving, MOVING)?)?;
        self.write("waiting_orders", &[sent])?;
        let stuck = (0..STUCK).map(|number| buyer.stuck_refund(&format!("refund-stuck-{number}")));
        self.write("stuck", &stuck.collect::<Result<Vec<_>>>()?)?;
        let abnormal =
            (0..ABNORMAL).map(|number| buyer.abnormal_refund(&format!("refund-abnormal-{number}")));
        self.write("abnormal", &abnormal.collect::<Result<Vec<_>>>()?)
    }

    /// Orders, and beside them their ETags.
    fn write_with_tags(&self, name: &str, numbers: &[String], buyer: &Buyer) -> Result<()> {
        self.write(name, numbers)?;
        let tags = numbers.iter().map(|number| buyer.tag_of(number));
        self.write(&format!("{name}_tags"), &tags.collect::<Result<Vec<_>>>()?)
    }

    /// In libFuzzer's form, which schemathesis reads: a quoted text a line.
    fn write(&self, name: &str, words: &[String]) -> Result<()> {
        let file = self.folder.join(format!("{name}.dict"));
        let lines: Vec<String> =
            words.iter().map(|word| format!("{}\n", Value::from(word.as_str()))).collect();
        fs::write(&file, lines.concat()).with_context(|| format!("cannot write {}", file.display()))
    }
}

/// So many of one kind, each under a name of its own.
fn many<T>(kind: &str, count: usize, make: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    (0..count).map(|number| make(&format!("{kind}-{number}"))).collect()
}
