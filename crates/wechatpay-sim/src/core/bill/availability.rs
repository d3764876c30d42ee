//! When there is a bill to be had (`v3.md` §7.8): of a day that is over, from ten o'clock of the next on, for three months.
//!
//! MAY NOT know what is in it.

use time::{Date, Duration, Month, OffsetDateTime};

use crate::core::bill::{BillDay, WRITTEN_AFTER};
use crate::core::refusal::Refusal;
use crate::core::settings::Settings;
use crate::core::settings::bills::BillBeforeNine;
use crate::core::wire_time::beijing_day;

/// How long after the end of a day its bill can be had.
pub(super) fn ready_after(settings: &Settings) -> Duration {
    Duration::seconds(i64::from(settings.bill_ready_s))
}

/// Refuses a day whose bill cannot be had now.
pub(super) fn check(day: BillDay, now: OffsetDateTime, settings: &Settings) -> Result<(), Refusal> {
    let today = beijing_day(now);
    if day.0 >= today {
        let issue = "there is a bill of a day from the next day on";
        return Err(Refusal::bill_date(day.0, issue, settings.bill_date_refused));
    }
    if day.0 < three_months_before(today) {
        let issue = "there are bills of the last three months";
        return Err(Refusal::bill_date(day.0, issue, settings.bill_date_refused));
    }
    if now >= day.end() + ready_after(settings) {
        return Ok(());
    }
    let begun = now >= day.end() + WRITTEN_AFTER;
    Err(match settings.bill_before_nine {
        BillBeforeNine::NoStatementExist if !begun => {
            Refusal::no_statement_exist(settings.bill_empty)
        }
        BillBeforeNine::NoStatementExist | BillBeforeNine::StatementCreating => {
            Refusal::statement_creating()
        }
    })
}

/// The same day of that month, or its last.
fn three_months_before(today: Date) -> Date {
    let month = today.month().previous().previous().previous();
    let into_last_year = matches!(month, Month::October | Month::November | Month::December);
    let year = if into_last_year { today.year().saturating_sub(1) } else { today.year() };
    let day = today.day().min(month.length(year));
    Date::from_calendar_date(year, month, day).unwrap_or(Date::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn three_months_are_counted_in_months() {
        for (today, first) in [
            (date!(2026 - 11 - 21), date!(2026 - 08 - 21)),
            (date!(2026 - 03 - 31), date!(2025 - 12 - 31)),
            (date!(2026 - 01 - 01), date!(2025 - 10 - 01)),
            (date!(2026 - 05 - 31), date!(2026 - 02 - 28)),
            (date!(2028 - 05 - 30), date!(2028 - 02 - 29)),
            (date!(2026 - 04 - 15), date!(2026 - 01 - 15)),
        ] {
            assert_eq!(three_months_before(today), first, "{today}");
        }
    }
}
