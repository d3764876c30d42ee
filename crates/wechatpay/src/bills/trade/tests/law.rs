//! What holds of every trade bill.

use proptest::prelude::*;

use super::*;

/// A line as somebody would write it down.
#[derive(Clone, Debug)]
struct Written {
    seconds: i64,
    number: String,
    is_refund: bool,
    amount: i64,
    coupon: i64,
    fee: i64,
    goods: String,
}

fn written() -> impl Strategy<Value = Written> {
    let what = (any::<bool>(), 1..=99_999_999_i64, 0..=100_000_i64, 0..=1_000_000_i64);
    let texts = ("[0-9A-Za-z_*|-]{1,32}", "[香蕉a`%/.\\\\]{0,8}");
    (0..2_000_000_000_i64, what, texts).prop_map(|(seconds, what, (number, goods))| {
        let (is_refund, amount, coupon, fee) = what;
        Written { seconds, number, is_refund, amount, coupon, fee, goods }
    })
}

impl Written {
    fn settled(&self) -> i64 {
        (self.amount - self.coupon).max(0)
    }

    fn signed_fee(&self) -> i64 {
        if self.is_refund { -self.fee } else { self.fee }
    }

    fn row(&self) -> String {
        let at = Timestamp::from_seconds(self.seconds).to_beijing_rfc3339();
        let at = at.replace('T', " ").replace("+08:00", "");
        let Written { number, goods, .. } = self;
        let yuan = |fen: i64| Fen::new(fen).yuan();
        let (amount, settled, coupon) =
            (yuan(self.amount), yuan(self.settled()), yuan(self.coupon));
        let fee = Fee::new(self.signed_fee());
        let what = if self.is_refund {
            format!(
                "`REFUND,`OTHERS,`CNY,`0.00,`0.00,`50,`{number},`{settled},`0.00,`ORIGINAL,`SUCCESS"
            )
        } else {
            format!("`SUCCESS,`OTHERS,`CNY,`{settled},`{coupon},`0,`0,`0.00,`0.00,`,`")
        };
        let sums =
            if self.is_refund { format!("`0.00,`{amount}") } else { format!("`{amount},`0.00") };
        format!(
            "`{at},`wx1,`{MCHID},`0,`,`42,`{number},`o1,`JSAPI,{what},`{goods},`,`{fee},`0.60%,{sums},`"
        )
    }

    fn is_read_as(&self, line: &TradeLine) -> bool {
        let entry = match &line.entry {
            TradeEntry::Payment(said) => {
                let settled = said.settled.map(Fen::get) == Some(self.settled());
                !self.is_refund
                    && said.total.get() == self.amount
                    && settled
                    && said.coupon.map(Fen::get) == Some(self.coupon)
            }
            TradeEntry::Refund(said) => {
                let number = said.out_refund_no.as_ref().map(OutRefundNo::as_str);
                // `0` is how a bill writes that there is none.
                self.is_refund
                    && said.amount.get() == self.amount
                    && said.settled.map(Fen::get) == Some(self.settled())
                    && number == Some(self.number.as_str()).filter(|number| *number != "0")
            }
            TradeEntry::Revoked(_) => false,
        };
        entry
            && line.at.seconds() == self.seconds
            && line.out_trade_no.as_str() == self.number
            && line.fee.get() == self.signed_fee()
    }
}

fn bill_of(lines: &[Written], end: &str) -> String {
    let mut bare = DOCUMENTED.lines().filter(|line| !line.starts_with('`'));
    let (header, summary) = (bare.next().unwrap(), bare.next().unwrap());
    let rows: String = lines.iter().map(|line| line.row() + end).collect();
    let sum = |of: fn(&Written) -> i64| Fen::new(lines.iter().map(of).sum()).yuan();
    let settled = sum(|l| if l.is_refund { 0 } else { l.settled() });
    let given_back = sum(|l| if l.is_refund { l.settled() } else { 0 });
    let paid = sum(|l| if l.is_refund { 0 } else { l.amount });
    let asked = sum(|l| if l.is_refund { l.amount } else { 0 });
    let fees = Fee::new(lines.iter().map(Written::signed_fee).sum());
    let count = lines.len();
    format!(
        "\u{feff}{header}{end}{rows}{summary}{end}\
         `{count},`{settled},`{given_back},`0.00,`{fees},`{paid},`{asked}{end}"
    )
}

proptest! {
    #[test]
    fn what_is_written_in_the_documented_form_is_read_back_exactly(
        lines in proptest::collection::vec(written(), 0..30), end in prop_oneof!["\n", "\r\n"],
    ) {
        let bill = read(&bill_of(&lines, &end)).unwrap();
        prop_assert_eq!(bill.lines.len(), lines.len());
        for (said, line) in lines.iter().zip(&bill.lines) {
            prop_assert!(said.is_read_as(line), "{:?} {:?}", said, line);
        }
    }

    /// A line lost, doubled or changed by a fen never goes unnoticed.
    #[test]
    fn a_bill_that_is_not_its_summary_is_refused(
        lines in proptest::collection::vec(written(), 1..10), at in any::<prop::sample::Index>(), how in 0..3,
    ) {
        let place = at.index(lines.len());
        let text = bill_of(&lines, "\n");
        let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
        match how {
            0 => drop(rows.remove(place + 1)),
            1 => rows.insert(place + 1, rows[place + 1].clone()),
            _ => rows[place + 1] = Written { amount: lines[place].amount + 1, ..lines[place].clone() }.row(),
        }
        prop_assert!(read(&rows.join("\n")).is_err());
    }

    #[test]
    fn any_bytes_are_a_bill_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _answer = super::super::read(&bytes, &Mchid::new(MCHID));
    }

    #[test]
    fn a_changed_bill_is_read_or_refused_and_never_panics(
        at in any::<prop::sample::Index>(), by in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = DOCUMENTED.as_bytes().to_vec();
        let place = at.index(bytes.len());
        bytes[place] = by;
        let _answer = super::super::read(&bytes, &Mchid::new(MCHID));
        // A bill without its end is never taken for a whole one.
        let torn = &DOCUMENTED[..DOCUMENTED.floor_char_boundary(cut.index(DOCUMENTED.len() - 30))];
        prop_assert!(read(torn).is_err());
    }
}

/// Bills of every cent from `first` to `last`, some thousand lines each. That every cent there is is read
/// exactly is shown where cells become amounts: `Fen::from_yuan`, of `domain`.
fn every_cent(first: i64, last: i64) {
    let mut bare = DOCUMENTED.lines().filter(|line| !line.starts_with('`'));
    let (header, summary) = (bare.next().unwrap(), bare.next().unwrap());
    let mut from = first;
    while from <= last {
        let to = last.min(from + 9_999);
        let mut text = format!("{header}\n");
        for fen in from..=to {
            // Written in digits alone, so that nothing of it is the arithmetic that is tested.
            let digits = format!("{fen:03}");
            let (yuan, cents) = digits.split_at(digits.len() - 2);
            text += &format!(
                "`2026-09-24 10:00:00,`wx1,`{MCHID},`0,`,`42,`pay_1,`o1,`JSAPI,`SUCCESS,`OTHERS,`CNY,\
                 `{yuan}.{cents},`0.00,`0,`0,`0.00,`0.00,`,`,`Lily,`,`0.00000,`0.60%,`{yuan}.{cents},`0.00,`\n"
            );
        }
        let count = to - from + 1;
        let sum = (i128::from(from + to) * i128::from(count) / 2).to_string();
        let sum = format!("{sum:0>3}");
        let (yuan, cents) = sum.split_at(sum.len() - 2);
        let all = format!("{yuan}.{cents}");
        text += &format!("{summary}\n`{count},`{all},`0.00,`0.00,`0.00000,`{all},`0.00\n");
        let bill = read(&text).unwrap();
        assert_eq!(bill.lines.len(), usize::try_from(count).unwrap());
        for (fen, line) in (from..=to).zip(&bill.lines) {
            let amount = BilledAmount {
                total: Fen::new(fen),
                settled: Some(Fen::new(fen)),
                coupon: Some(Fen::ZERO),
            };
            assert_eq!(line.entry, TradeEntry::Payment(amount));
        }
        from = to + 1;
    }
}

#[test]
fn every_cent_in_a_bill_is_read_exactly() {
    every_cent(1, 20_000);
    every_cent(99_995, 100_005);
    every_cent(9_999_995, 10_000_005);
    every_cent(99_990_000, 99_999_999);
}
