//! Whole numbers, however they are spelled: to JSON Schema `5`, `5.0`, `0.5e1` and `-0` are integers.
//!
//! May not round: digits are moved as text and never become a float, so `5.0000000000000000001`
//! stays what it is.

use std::borrow::Cow;

/// No integer that we take has more digits.
const DIGITS_MAX: usize = 19;

/// The same JSON with every number that is whole spelled as an integer. What is not JSON stays not
/// JSON.
pub(super) fn spelled_plainly(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut plain: Vec<u8> = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        match byte {
            b'"' => at = at.saturating_add(text_length(rest)),
            b'-' | b'0'..=b'9' => {
                let end = at.saturating_add(rest.iter().take_while(|b| is_of_number(**b)).count());
                if let Some(integer) = bytes.get(at..end).and_then(integer) {
                    plain.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
                    plain.extend_from_slice(integer.as_bytes());
                    copied = end;
                }
                at = end;
            }
            _other => at = at.saturating_add(1),
        }
    }
    if copied == 0 {
        return Cow::Borrowed(bytes);
    }
    plain.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    Cow::Owned(plain)
}

/// Of a text with both its quotes; of all that is left when it has no end.
fn text_length(bytes: &[u8]) -> usize {
    let mut is_escaped = false;
    for (index, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _any if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return index.saturating_add(1),
            _other => {}
        }
    }
    bytes.len()
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E')
}

/// The plain spelling of a whole number that has another one.
fn integer(number: &[u8]) -> Option<String> {
    let number = core::str::from_utf8(number).ok()?;
    let (sign, unsigned) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let is_spelled_otherwise = exponent.is_some() || fraction.is_some() || number == "-0";
    if !is_spelled_otherwise || !is_json(whole, fraction, exponent) {
        return None;
    }
    let fraction = fraction.unwrap_or_default();
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    // The places after the last digit that is not 0; negative when it stands behind the point.
    let zeros = i64::try_from(digits.len() - digits.trim_end_matches('0').len()).ok()?;
    let exponent: i64 = exponent.map_or(Some(0), |text| text.parse().ok())?;
    let places = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(zeros)?;
    let places = usize::try_from(places).ok().filter(|places| *places <= DIGITS_MAX)?;
    if significant.len().saturating_add(places) > DIGITS_MAX {
        return None;
    }
    Some(format!("{sign}{significant}{}", "0".repeat(places)))
}

/// Whether these are the parts of a number of JSON (RFC 8259, section 6).
fn is_json(whole: &str, fraction: Option<&str>, exponent: Option<&str>) -> bool {
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    are_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(are_digits)
        && exponent.is_none_or(|text| are_digits(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(json: &str, plain: &str) {
        assert_eq!(
            core::str::from_utf8(&spelled_plainly(json.as_bytes())).unwrap(),
            plain,
            "{json}"
        );
    }

    #[test]
    fn a_whole_number_is_spelled_as_an_integer() {
        check("5.0", "5");
        check("[-12.00,0.5e1,1E3,120e-1,-0,-0.0,0e99999999999]", "[-12,5,1000,12,0,0,0]");
        check("{\"a\":9223372036854775807.0}", "{\"a\":9223372036854775807}");
    }

    #[test]
    fn what_is_not_whole_or_too_long_or_no_number_stays() {
        for json in
            ["5", "5.5", "1e-1", "1e19", "5.0000000000000000001", "1e99999999999999999999", "0.10"]
        {
            check(json, json);
        }
        for broken in ["5.", ".0", "01.0", "5.e1", "5e", "5e+", "--5.0", "5.0.0", "-+5.0", "1-0.0"]
        {
            check(broken, broken);
        }
    }

    #[test]
    fn a_text_is_left_alone() {
        check(r#"{"5.0":"5.0\" 5.0","x":5.0}"#, r#"{"5.0":"5.0\" 5.0","x":5}"#);
        check(r#"["\\",5.0,"5.0"#, r#"["\\",5,"5.0"#);
    }

    proptest! {
        #[test]
        fn any_integer_with_zeros_behind_the_point_is_itself(
            number in any::<i64>(), zeros in 1usize..4,
        ) {
            let json = format!("{number}.{}", "0".repeat(zeros));
            let plain = spelled_plainly(json.as_bytes()).into_owned();
            prop_assert_eq!(plain, number.to_string().into_bytes());
        }

        #[test]
        fn no_bytes_make_it_panic_or_not_json_json(bytes in prop::collection::vec(
            prop::sample::select(b"0159-+.eE\"\\[], ".to_vec()), 0..24)) {
            let plain = spelled_plainly(&bytes);
            let is_json = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).is_ok();
            // A float out of range is the one thing that this makes readable: `0e999` is 0.
            prop_assert!(is_json(&plain) || !is_json(&bytes));
        }
    }
}
