//! What is for sale, and what a buyer wants of it.

use crate::chance::Chance;
use crate::crowd::office::Office;
use crate::crowd::phone::Phone;
use crate::scene::Scene;
use anyhow::Result;

/// How many things.
const SKUS: usize = 10;
/// How many there are of each.
pub(super) const PIECES: i64 = 10;
/// The cheapest; each further one costs as much more.
const PRICE_FEN: i64 = 990;

/// Opens the shop.
pub(super) async fn stock_up(scene: &Scene) -> Result<()> {
    let chance = Chance::of(scene.plan.seed, "opening");
    let office = Office::of(&Phone::new(scene.stage.door.addr, &scene.outside, chance));
    let mut price_fen = 0_i64;
    for nth in 0..SKUS {
        price_fen = price_fen.saturating_add(PRICE_FEN);
        office.put_on_sale(&name(nth), price_fen).await?;
        office.bring(&name(nth), PIECES).await;
    }
    Ok(())
}

/// What somebody wants: who stands before the door one piece of what everybody wants; of the others most one
/// piece of one thing, some two of it, some one of two things each.
pub(super) fn wish(chance: &mut Chance, stands_before_the_door: bool) -> Vec<(String, u64)> {
    if stands_before_the_door {
        return vec![(name(0), 1)];
    }
    let first = chance.below(SKUS);
    let other = first.saturating_add(1).saturating_add(chance.below(SKUS - 1)) % SKUS;
    match chance.weighted(&[(65, 0), (15, 1), (20, 2)]) {
        Some(1) => vec![(name(first), 2)],
        Some(2) => vec![(name(first), 1), (name(other), 1)],
        Some(_) | None => vec![(name(first), 1)],
    }
}

fn name(nth: usize) -> String {
    format!("sale-{nth}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_wanted_and_nothing_twice_in_one_wish() {
        let mut chance = Chance::of(1, "wishes");
        let mut wanted = std::collections::BTreeSet::new();
        for _ in 0..1_000 {
            let wish = wish(&mut chance, false);
            assert!(wish.iter().map(|(_, quantity)| quantity).sum::<u64>() <= 2);
            assert!(wish.len() < 2 || wish[0].0 != wish[1].0);
            wanted.extend(wish.into_iter().map(|(sku, _)| sku));
        }
        assert_eq!(wanted.len(), SKUS);
        assert_eq!(wish(&mut chance, true), [(name(0), 1)]);
    }
}
