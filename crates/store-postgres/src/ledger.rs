//! Reads the ledger. It is written by `paydesk_post`, with everything else of a commit.

use crate::rows::{corrupt, number};
use crate::{PostgresStore, invariants, whole};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use domain::ledger::{Balances, BuyerAccount, TransferKind, Unit};
use domain::ports::{
    EntryList, EntryListing, EntryRecord, Ledger, PortFuture, StoreError, TrialBalance, TrialLine,
};
use domain::{OrderNumber, Timestamp, UserId};

impl Ledger for PostgresStore {
    fn balances(&self, buyer: UserId) -> PortFuture<'_, Result<Option<Balances>, StoreError>> {
        Box::pin(async move {
            let statement = sql_query(BALANCES).bind::<SqlUuid, _>(buyer.get());
            let rows: Vec<AccountRow> = self.rows(statement).await?;
            if rows.is_empty() {
                return Ok(None);
            }
            let mut balances = Balances::default();
            for row in rows {
                let (Some(account), Some(unit)) = (row.account, row.unit) else { continue };
                let row = HeldRow { account, unit, balance: row.balance.unwrap_or_default() };
                let unit = Unit::parse(&row.unit).ok_or_else(|| corrupt("accounts.unit"))?;
                match BuyerAccount::parse(&row.account, unit) {
                    Some(BuyerAccount::Wallet) => balances.wallet = row.balance,
                    Some(BuyerAccount::Points) => balances.points = row.balance,
                    Some(BuyerAccount::Receivable(Unit::Fen)) => {
                        balances.receivable_fen = row.balance;
                    }
                    Some(BuyerAccount::Receivable(Unit::Points)) => {
                        balances.receivable_points = row.balance;
                    }
                    None => return Err(corrupt("accounts.account")),
                }
            }
            Ok(Some(balances))
        })
    }

    fn entry<'a>(
        &'a self,
        buyer: UserId,
        account: BuyerAccount,
        transfer: &'a str,
    ) -> PortFuture<'a, Result<Option<EntryRecord>, StoreError>> {
        Box::pin(async move {
            let statement = sql_query(ENTRY)
                .bind::<SqlUuid, _>(buyer.get())
                .bind::<Text, _>(account.name())
                .bind::<Text, _>(account.unit().name())
                .bind::<Text, _>(transfer);
            let row: Option<EntryRow> = self.rows(statement).await.map(whole::maybe)?;
            row.map(EntryRow::into_record).transpose()
        })
    }

    fn entries<'a>(
        &'a self,
        query: &'a EntryList,
    ) -> PortFuture<'a, Result<EntryListing, StoreError>> {
        Box::pin(async move {
            let limit = i64::from(query.limit);
            let before = query.before.map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
            let statement = sql_query(ENTRIES)
                .bind::<SqlUuid, _>(query.buyer.get())
                .bind::<Text, _>(query.account.name())
                .bind::<Text, _>(query.account.unit().name())
                .bind::<Nullable<BigInt>, _>(before)
                .bind::<Nullable<Timestamptz>, _>(query.created_from.map(Timestamp::to_offset))
                .bind::<Nullable<Timestamptz>, _>(query.created_to.map(Timestamp::to_offset))
                .bind::<BigInt, _>(limit.saturating_add(1));
            let rows: Vec<EntryRow> = self.rows(statement).await?;
            let mut entries: Vec<EntryRecord> =
                rows.into_iter().map(EntryRow::into_record).collect::<Result<_, _>>()?;
            let page = usize::try_from(query.limit).unwrap_or(usize::MAX);
            let more = entries.len() > page;
            entries.truncate(page);
            Ok(EntryListing { entries, more })
        })
    }

    fn trial_balance(&self) -> PortFuture<'_, Result<TrialBalance, StoreError>> {
        Box::pin(self.sum_up())
    }
}

impl PostgresStore {
    async fn sum_up(&self) -> Result<TrialBalance, StoreError> {
        let rows: Vec<Vec<LineRow>> =
            self.snapshot("SET lock_timeout = 1000", vec![TRIAL], invariants::PATIENCE_MS).await?;
        let lines: Vec<TrialLine> =
            rows.into_iter().flatten().map(LineRow::into_line).collect::<Result<_, _>>()?;
        let mut differences = Vec::new();
        for unit in [Unit::Fen, Unit::Points] {
            let of_unit = lines.iter().filter(|line| line.unit == unit);
            let sum: i128 = of_unit.map(|line| i128::from(line.sum)).sum();
            if sum != 0 {
                differences.push(format!("all accounts together hold {sum} {}", unit.name()));
            }
        }
        for report in self.check_ledger().await? {
            if !report.holds() {
                let (count, sample) = (report.violations, report.sample.join(", "));
                differences.push(format!("{}: not {}: {count} ({sample})", report.id, report.says));
            }
        }
        Ok(TrialBalance { lines, differences })
    }
}

/// A buyer with an account, or with none.
#[derive(QueryableByName)]
struct AccountRow {
    #[diesel(sql_type = Nullable<Text>)]
    account: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    unit: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    balance: Option<i64>,
}

struct HeldRow {
    account: String,
    unit: String,
    balance: i64,
}

#[derive(QueryableByName)]
struct EntryRow {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = BigInt)]
    balance_after: i64,
    #[diesel(sql_type = Nullable<Text>)]
    order_number: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    moved_at: time::OffsetDateTime,
}

impl EntryRow {
    fn into_record(self) -> Result<EntryRecord, StoreError> {
        let read =
            |text: String| OrderNumber::parse(&text).ok_or_else(|| corrupt("orders.order_number"));
        Ok(EntryRecord {
            seq: number(self.seq, "seq")?,
            kind: TransferKind::parse(&self.kind).ok_or_else(|| corrupt("transfers.kind"))?,
            amount: self.amount,
            balance_after: self.balance_after,
            order: self.order_number.map(read).transpose()?,
            created_at: Timestamp::from_offset(self.moved_at),
        })
    }
}

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = Text)]
    account: String,
    #[diesel(sql_type = Text)]
    unit: String,
    #[diesel(sql_type = BigInt)]
    accounts: i64,
    #[diesel(sql_type = BigInt)]
    entries: i64,
    #[diesel(sql_type = BigInt)]
    sum: i64,
}

impl LineRow {
    fn into_line(self) -> Result<TrialLine, StoreError> {
        Ok(TrialLine {
            account: self.account,
            unit: Unit::parse(&self.unit).ok_or_else(|| corrupt("entries.unit"))?,
            accounts: number(self.accounts, "accounts")?,
            entries: number(self.entries, "entries")?,
            sum: self.sum,
        })
    }
}

const BALANCES: &str = "\
    SELECT a.account, a.unit, a.balance FROM buyers b LEFT JOIN accounts a ON a.buyer_id = b.id \
    WHERE b.id = $1";

const ENTRY: &str = "\
    SELECT e.seq, t.kind, e.amount, e.balance_after, o.order_number, e.moved_at \
    FROM entries e JOIN transfers t ON t.name = e.transfer LEFT JOIN orders o ON o.id = t.order_id \
    WHERE e.transfer = $4 AND e.buyer_id = $1 AND e.account = $2 AND e.unit = $3";

const ENTRIES: &str = "\
    SELECT e.seq, t.kind, e.amount, e.balance_after, o.order_number, e.moved_at \
    FROM entries e JOIN transfers t ON t.name = e.transfer LEFT JOIN orders o ON o.id = t.order_id \
    WHERE e.buyer_id = $1 AND e.account = $2 AND e.unit = $3 \
      AND ($4::bigint IS NULL OR e.seq < $4) \
      AND ($5::timestamptz IS NULL OR e.moved_at >= $5) \
      AND ($6::timestamptz IS NULL OR e.moved_at < $6) \
    ORDER BY e.seq DESC LIMIT $7";

const TRIAL: &str = "\
    SELECT e.account, e.unit, count(DISTINCT coalesce(e.buyer_id::text, '')) AS accounts, \
           count(*) AS entries, sum(e.amount)::bigint AS sum \
    FROM entries e GROUP BY e.account, e.unit \
    ORDER BY e.account COLLATE \"C\", e.unit COLLATE \"C\"";
