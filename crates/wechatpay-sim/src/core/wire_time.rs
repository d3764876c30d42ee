//! Times as WeChat Pay writes them: Beijing, seconds, RFC 3339.
//!
//! MAY NOT be lenient: `time_expire` has one documented form.

use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// Beijing time.
pub fn beijing_offset() -> UtcOffset {
    time::macros::offset!(+8)
}

/// `2026-11-21T10:00:05+08:00`.
pub fn beijing(at: OffsetDateTime) -> String {
    let local = at.to_offset(beijing_offset());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+08:00",
        local.year(),
        u8::from(local.month()),
        local.day(),
        local.hour(),
        local.minute(),
        local.second()
    )
}

/// The day in Beijing.
pub fn beijing_day(at: OffsetDateTime) -> Date {
    at.to_offset(beijing_offset()).date()
}

/// `yyyyMMdd`, Beijing.
pub fn beijing_date(at: OffsetDateTime) -> String {
    let local = at.to_offset(beijing_offset());
    format!("{:04}{:02}{:02}", local.year(), u8::from(local.month()), local.day())
}

/// `yyyyMMddHHmmss`, Beijing.
pub fn beijing_digits(at: OffsetDateTime) -> String {
    let local = at.to_offset(beijing_offset());
    format!("{}{:02}{:02}{:02}", beijing_date(at), local.hour(), local.minute(), local.second())
}

/// Exactly `yyyy-MM-DDTHH:mm:ss+08:00`; anything else is `None`.
pub fn parse_beijing(text: &str) -> Option<OffsetDateTime> {
    let local = text.strip_suffix("+08:00")?;
    if local.len() != "yyyy-MM-DDTHH:mm:ss".len() {
        return None;
    }
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let parsed = PrimitiveDateTime::parse(local, &form).ok()?;
    Some(parsed.assume_offset(beijing_offset()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_time_survives_the_round_trip() {
        let at = datetime!(2026-11-21 02:00:05 UTC);
        assert_eq!(beijing(at), "2026-11-21T10:00:05+08:00");
        assert_eq!(parse_beijing("2026-11-21T10:00:05+08:00"), Some(at));
        assert_eq!(beijing_digits(at), "20261121100005");
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "2026-11-21T10:00:05Z",
            "2026-11-21T10:00:05+00:00",
            "2026-11-21 10:00:05+08:00",
            "2026-11-21T10:00:05.000+08:00",
            "2026-13-21T10:00:05+08:00",
            "2026-11-21T10:00+08:00",
            "",
        ] {
            assert_eq!(parse_beijing(text), None, "{text}");
        }
    }
}
