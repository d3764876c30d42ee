//! The ledger of stock, for people to look at. Reads only: commits and restocking write it.

use crate::PostgresStore;
use crate::rows::{corrupt, number};
use crate::words::Word as _;
use diesel::sql_types::{BigInt, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use domain::ports::{StockEntryList, StockEntryListing, StoreError};
use domain::stock::{StockEntry, StockEntryKind, StockMoveKind};
use domain::{OrderNumber, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

/// What was moved by hand, as it is stored.
const BY_HAND: &str = "restock";

/// Planned for what is asked, like the page of cases.
const PAGE: &str = "\
    SELECT m.id, m.kind, m.quantity, o.order_number, m.line_no, m.reason, m.actor, m.moved_at \
    FROM stock_moves m LEFT JOIN orders o ON o.id = m.order_id \
    WHERE m.sku_id = $1 \
      AND ($2::timestamptz IS NULL OR m.moved_at >= $2) \
      AND ($3::timestamptz IS NULL OR m.moved_at < $3) \
      AND ($4::timestamptz IS NULL OR (m.moved_at, m.id) < ($4, $5)) \
    ORDER BY m.moved_at DESC, m.id DESC LIMIT $6";

#[derive(QueryableByName)]
struct EntryRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    quantity: i64,
    #[diesel(sql_type = Nullable<Text>)]
    order_number: Option<String>,
    #[diesel(sql_type = Nullable<SmallInt>)]
    line_no: Option<i16>,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Timestamptz)]
    moved_at: OffsetDateTime,
}

impl PostgresStore {
    pub(crate) async fn list_stock_entries(
        &self,
        query: &StockEntryList,
    ) -> Result<Option<StockEntryListing>, StoreError> {
        if self.find_sku(&query.sku_id).await?.is_none() {
            return Ok(None);
        }
        let (after_at, after_id) = match query.after {
            Some((at, id)) => (Some(at.to_offset()), Some(id)),
            None => (None, None),
        };
        let statement = sql_query(PAGE)
            .bind::<Text, _>(query.sku_id.as_str())
            .bind::<Nullable<Timestamptz>, _>(query.from.map(Timestamp::to_offset))
            .bind::<Nullable<Timestamptz>, _>(query.to.map(Timestamp::to_offset))
            .bind::<Nullable<Timestamptz>, _>(after_at)
            .bind::<Nullable<SqlUuid>, _>(after_id)
            .bind::<BigInt, _>(i64::from(query.limit).saturating_add(1));
        let rows: Vec<EntryRow> = self.rows(statement).await?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        let shown = rows.into_iter().take(limit).map(EntryRow::into_entry);
        Ok(Some(StockEntryListing { entries: shown.collect::<Result<_, _>>()?, more }))
    }
}

impl EntryRow {
    fn into_entry(self) -> Result<StockEntry, StoreError> {
        let kind = match self.kind.as_str() {
            BY_HAND => StockEntryKind::ByHand,
            word => StockEntryKind::Order(StockMoveKind::read(word)?),
        };
        let line = match (self.order_number, self.line_no) {
            (Some(text), Some(line_no)) => {
                let order = OrderNumber::parse(&text)
                    .ok_or_else(|| corrupt("orders.order_number has an impossible shape"))?;
                Some((order, number(i64::from(line_no), "line_no")?))
            }
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err(corrupt("a move of stock has half of an order's line"));
            }
        };
        Ok(StockEntry {
            id: self.id,
            kind,
            quantity: self.quantity,
            line,
            reason: self.reason,
            actor: self.actor,
            at: Timestamp::from_offset(self.moved_at),
        })
    }
}
