//! What bringing goods costs: the merchant's delivery rules (`PUT /api/admin/delivery-rules`).

use crate::Fen;

/// Fees of delivery and of hurry. All zero until the merchant sets them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryRules {
    /// What delivery costs where no region says otherwise.
    pub base: Fen,
    /// From so much of goods on, before any discount, the base fee is waived.
    pub free_above: Option<Fen>,
    /// Places with a fee of their own.
    pub regions: Vec<RegionFee>,
    /// Rush fee (加急费), when it is asked for. Never waived: it pays for something that is done.
    pub rush: Fen,
}

/// A place with a fee of its own, in the base fee's stead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionFee {
    /// How the regions of addresses there begin, such as `新疆` or `浙江省杭州市`.
    pub region: String,
    /// What delivery costs there.
    pub fee: Fen,
    /// From so much of goods on it is waived; never without this. What is far away stays
    /// expensive when the rest of the country gets it for nothing.
    pub free_above: Option<Fen>,
}

impl DeliveryRules {
    /// Before the merchant has set any: nothing costs extra.
    pub const NONE: &'static DeliveryRules =
        &DeliveryRules { base: Fen::ZERO, free_above: None, regions: Vec::new(), rush: Fen::ZERO };

    /// What it costs to bring goods worth `items` to `region`. Of several places the one that
    /// says most wins; spaces do not count, since every form writes them elsewhere.
    #[must_use]
    pub fn fee(&self, region: &str, items: Fen) -> Fen {
        let place = squeezed(region);
        let of_place = self.regions.iter().filter(|rule| rule.covers(&place));
        let (fee, free_above) = of_place
            .max_by_key(|rule| squeezed(&rule.region).len())
            .map_or((self.base, self.free_above), |rule| (rule.fee, rule.free_above));
        match free_above {
            Some(enough) if items >= enough => Fen::ZERO,
            Some(_) | None => fee,
        }
    }
}

impl RegionFee {
    fn covers(&self, place: &str) -> bool {
        let region = squeezed(&self.region);
        !region.is_empty() && place.starts_with(&region)
    }
}

fn squeezed(region: &str) -> String {
    region.chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules() -> DeliveryRules {
        let at = |region: &str, fee, free_above: Option<i64>| RegionFee {
            region: region.to_owned(),
            fee: Fen::new(fee),
            free_above: free_above.map(Fen::new),
        };
        DeliveryRules {
            base: Fen::new(800),
            free_above: Some(Fen::new(9_900)),
            regions: vec![
                at("新疆", 2_500, None),
                at("浙江省", 500, Some(5_000)),
                at("浙江省 杭州市", 0, None),
                at(" ", 7, None),
            ],
            rush: Fen::new(300),
        }
    }

    fn fee(region: &str, items: i64) -> i64 {
        rules().fee(region, Fen::new(items)).get()
    }

    #[test]
    fn without_rules_delivery_is_free() {
        assert_eq!(DeliveryRules::default().fee("上海市", Fen::new(1)), Fen::ZERO);
    }

    #[test]
    fn from_the_threshold_on_the_base_fee_is_waived() {
        assert_eq!([fee("上海市", 0), fee("上海市", 9_899), fee("上海市", 9_900)], [800, 800, 0]);
    }

    #[test]
    fn a_region_has_its_own_fee_and_its_own_threshold() {
        assert_eq!(
            [fee("新疆维吾尔自治区", 1), fee("新疆维吾尔自治区", 1_000_000)],
            [2_500, 2_500]
        );
        assert_eq!([fee("浙江省宁波市", 4_999), fee("浙江省宁波市", 5_000)], [500, 0]);
    }

    #[test]
    fn the_region_that_says_most_wins_and_spaces_do_not_count() {
        for place in ["浙江省杭州市西湖区", "浙江省 杭州市 西湖区", " 浙江省　杭州市"]
        {
            assert_eq!(fee(place, 1), 0, "{place}");
        }
        assert_eq!(fee("杭州市", 1), 800, "a region is how an address begins");
        assert_eq!(fee("", 1), 800, "a rule without a place covers none");
    }
    fn place() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "浙江省",
            "浙江省杭州市",
            "浙江省杭州市西湖区",
            "新疆",
            "上海市",
            "",
        ])
        .prop_map(str::to_owned)
    }

    proptest! {
        /// A fee is one that somebody wrote down, or none; and it changes at its own threshold alone: the
        /// last fen below it pays, the threshold itself does not.
        #[test]
        fn a_fee_is_waived_from_its_own_threshold_on_and_nowhere_else(
            base in 0i64..10_000, above in prop::option::of(1i64..1_000_000),
            regions in prop::collection::vec((place(), 0i64..10_000, prop::option::of(1i64..1_000_000)), 0..5),
            to in place(), items in 0i64..=1_000_000,
        ) {
            let rules = DeliveryRules {
                base: Fen::new(base),
                free_above: above.map(Fen::new),
                regions: regions.iter().map(|(region, fee, above)| RegionFee {
                    region: region.clone(),
                    fee: Fen::new(*fee),
                    free_above: above.map(Fen::new),
                }).collect(),
                rush: Fen::ZERO,
            };
            // Of equal places the last that was written.
            let mut says = (base, above, 0);
            for (region, fee, above) in &regions {
                if !region.is_empty() && to.starts_with(region) && region.len() >= says.2 {
                    says = (*fee, *above, region.len());
                }
            }
            let (fee, above, _) = says;
            let asked = |items: i64| rules.fee(&to, Fen::new(items)).get();
            prop_assert_eq!(asked(items), if above.is_some_and(|above| items >= above) { 0 } else { fee });
            if let Some(above) = above {
                prop_assert_eq!((asked(above - 1), asked(above)), (fee, 0));
            }
        }
    }
}
