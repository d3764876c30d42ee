//! A QR code as a drawing: one path in an SVG, sharp at every size.
//!
//! MAY NOT know what it says.

use qrcode::{Color, EcLevel, QrCode};

/// Light modules around the code, as many as readers need (ISO/IEC 18004).
const QUIET: usize = 4;

/// The drawing, a unit a module; `None` for what no code can hold.
pub(crate) fn svg(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let side = width.saturating_add(2 * QUIET);
    let mut path = String::new();
    for (row, line) in modules.chunks(width).enumerate() {
        for (begin, length) in runs(line) {
            let (x, y) = (begin.saturating_add(QUIET), row.saturating_add(QUIET));
            path.push_str(&format!("M{x} {y}h{length}v1h-{length}z"));
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/>\
         <path d=\"{path}\"/></svg>"
    ))
}

/// Where the dark stretches of a line begin, and how long they are.
fn runs(line: &[Color]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, _) in line.iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        match found.last_mut() {
            Some((begin, length)) if begin.saturating_add(*length) == at => {
                *length = length.saturating_add(1);
            }
            _ => found.push((at, 1)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "weixin://wxpay/bizpayurl?pr=p4lpSuKzz";

    /// The drawing's modules, read back from its path: `true` is dark.
    fn drawn(svg: &str) -> Vec<Vec<bool>> {
        let (_, rest) = svg.split_once("viewBox=\"0 0 ").unwrap();
        let side: usize = rest.split(' ').next().unwrap().parse().unwrap();
        let mut modules = vec![vec![false; side]; side];
        let path = svg.rsplit_once("d=\"").unwrap().1;
        for run in path.split('M').skip(1) {
            let (x, rest) = run.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let length: usize = rest.split('v').next().unwrap().parse().unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            modules[y][x..x + length].fill(true);
        }
        modules
    }

    #[test]
    fn every_module_is_where_the_code_has_it() {
        let code = QrCode::with_error_correction_level(CODE, EcLevel::M).unwrap();
        let (width, modules) = (code.width(), drawn(&svg(CODE).unwrap()));
        assert_eq!(modules.len(), width + 2 * QUIET);
        for (y, line) in modules.iter().enumerate() {
            for (x, dark) in line.iter().enumerate() {
                let inside =
                    (QUIET..QUIET + width).contains(&x) && (QUIET..QUIET + width).contains(&y);
                let wanted = inside && code[(x - QUIET, y - QUIET)] == Color::Dark;
                assert_eq!(*dark, wanted, "at {x}, {y}");
            }
        }
        // A finder pattern stands in the corner.
        let corner: Vec<bool> = (0..7).map(|x| modules[QUIET + 1][QUIET + x]).collect();
        assert_eq!(corner, [true, false, false, false, false, false, true]);
    }

    #[test]
    fn what_no_code_holds_is_not_drawn() {
        assert!(svg(&"x".repeat(3_000)).is_none());
    }
}
