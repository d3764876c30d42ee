//! What can become of a bill on its way: nobody signs the file, so it may arrive as anything.

use crate::world::World;
use flate2::bufread::MultiGzDecoder;
use std::io::Read as _;

/// In so many ways a download is falsified.
pub(super) const WAYS: u32 = 5;
/// Numbers of WeChat Pay's are longer than this, and nothing else in a bill is.
const NUMBER: usize = 20;

/// The file as it arrives, falsified in the `how`-th way. Those from the fourth on can be read.
pub(super) fn spoilt(world: &World, file: Vec<u8>, how: u32) -> Vec<u8> {
    match how {
        // The second half is missing.
        0 => torn(file),
        // One bit in the middle is another.
        1 => flipped(file),
        2 => super::transport::GARBAGE.to_vec(),
        // The file of another question, as a cache that is wrong would give it.
        3 => world.morning.other_file(&file).unwrap_or_else(|| flipped(file)),
        // Somebody on the way changed a number in it, and packs no more.
        _ => edited(&file).unwrap_or_else(|| torn(file)),
    }
}

fn torn(mut file: Vec<u8>) -> Vec<u8> {
    file.truncate(file.len() / 2);
    file
}

fn flipped(mut file: Vec<u8>) -> Vec<u8> {
    let middle = file.len() / 2;
    if let Some(byte) = file.get_mut(middle) {
        *byte ^= 1;
    }
    file
}

/// The bill unpacked, the first of WeChat Pay's numbers in it being another: its sums are right.
fn edited(file: &[u8]) -> Option<Vec<u8>> {
    let mut bill = Vec::new();
    MultiGzDecoder::new(file).read_to_end(&mut bill).ok()?;
    let mut digits = 0_usize;
    let last = bill.iter().position(|byte| {
        digits = if byte.is_ascii_digit() { digits.saturating_add(1) } else { 0 };
        digits > NUMBER
    })?;
    let digit = bill.get_mut(last)?;
    *digit = if *digit == b'9' { b'0' } else { digit.saturating_add(1) };
    Some(bill)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    #[test]
    fn who_edits_a_bill_changes_one_number_and_no_sum() {
        let bill = "交易时间,微信订单号,订单金额\n`2026-11-21 10:00:00,`4200001234202611211234567890,`99.00\n";
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bill.as_bytes()).unwrap();
        let file = packed.finish().unwrap();
        let edited = String::from_utf8(edited(&file).unwrap()).unwrap();
        assert_eq!(edited, bill.replace("420000123420261121123", "420000123420261121124"));
        assert_eq!(super::edited(bill.as_bytes()), None, "it is not packed");
        assert_ne!(flipped(file.clone()), file);
        assert_eq!(torn(file.clone()).len(), file.len() / 2);
    }
}
