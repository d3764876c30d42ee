//! Where a refund goes that could not reach its payer: a bank card of theirs, or the merchant's own account (v3 §7.7).
//!
//! What a person typed in is here for one call, and nowhere else: none of it has a `Display`, `Debug` hides it, nothing
//! copies it, and no order, event or changeset has a place for it. What is kept is whose card it was.

use core::fmt;

/// The most bytes of a name: what WeChat Pay's encryption takes (v3 §5.1, a key of 2048 bits).
const NAME_BYTES: usize = 214;
/// The figures of a card's number.
const FIGURES: core::ops::RangeInclusive<usize> = 12..=19;
/// The most characters of a bank's name (v3 §7.7).
const BANK_TYPE_MAX: usize = 16;
/// What the name of a bank's debit cards ends with.
const DEBIT: &str = "_DEBIT";

/// Where it goes. Not to be copied: see the module.
pub enum Card {
    /// `USER_BANK_CARD`: a debit card of the payer's.
    OfUser(UserCard),
    /// `MERCHANT_BANK_CARD`: the merchant's own account, from where a person pays the payer.
    OfMerchant,
}

/// Whose card it is: all that is kept of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CardOwner {
    /// The payer's.
    User,
    /// The merchant's.
    Merchant,
}

/// A debit card of the payer's.
pub struct UserCard {
    /// Which bank's.
    pub bank_type: BankType,
    /// Its number.
    pub account: CardNumber,
    /// Whose it is.
    pub name: CardHolder,
}

/// A bank's debit cards, as WeChat Pay calls them: `ICBC_DEBIT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankType(String);

/// The number of a card. Personal data.
pub struct CardNumber(String);

/// The name of a card's owner. Personal data.
pub struct CardHolder(String);

impl Card {
    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> CardOwner {
        match self {
            Card::OfUser(_) => CardOwner::User,
            Card::OfMerchant => CardOwner::Merchant,
        }
    }
}

impl CardOwner {
    /// WeChat Pay's word for it, which is the API's and the audit's.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CardOwner::User => "USER_BANK_CARD",
            CardOwner::Merchant => "MERCHANT_BANK_CARD",
        }
    }

    /// The owner of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<CardOwner> {
        [CardOwner::User, CardOwner::Merchant].into_iter().find(|owner| owner.name() == name)
    }
}

impl BankType {
    /// Reads the name of a bank's debit cards; `None` for anything else. Which banks there are is WeChat Pay's to say.
    #[must_use]
    pub fn parse(text: &str) -> Option<BankType> {
        let bank = text.strip_suffix(DEBIT)?;
        let is_name = !bank.is_empty() && bank.bytes().all(|byte| byte.is_ascii_uppercase());
        (is_name && text.len() <= BANK_TYPE_MAX).then(|| BankType(text.to_owned()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl CardNumber {
    /// Reads 12 to 19 figures, as they stand on the card without spaces.
    #[must_use]
    pub fn parse(text: &str) -> Option<CardNumber> {
        let is_number =
            FIGURES.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| CardNumber(text.to_owned()))
    }

    /// Its figures. For whoever encrypts them.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl CardHolder {
    /// Reads a name of 1 to 214 bytes of UTF-8 that is not blank.
    #[must_use]
    pub fn parse(text: &str) -> Option<CardHolder> {
        let is_name = !text.trim().is_empty()
            && text.len() <= NAME_BYTES
            && !text.chars().any(char::is_control);
        is_name.then(|| CardHolder(text.to_owned()))
    }

    /// Its text. For whoever encrypts it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.owner().name())
    }
}

impl fmt::Debug for UserCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCard(…)")
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardNumber(…)")
    }
}

impl fmt::Debug for CardHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardHolder(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_figures_of_a_bank_and_somebodys() {
        for text in ["622202100011", "6222021000112345678"] {
            assert!(CardNumber::parse(text).is_some_and(|number| number.reveal() == text));
        }
        for text in [
            "",
            "62220210001",
            "62220210001123456789",
            "6222 0210 0011",
            "６２２２０２１０００１１",
        ] {
            assert!(CardNumber::parse(text).is_none(), "{text}");
        }
        assert!(BankType::parse("ICBC_DEBIT").is_some_and(|bank| bank.as_str() == "ICBC_DEBIT"));
        for text in ["", "_DEBIT", "ICBC", "ICBC_CREDIT", "icbc_DEBIT", "ABCDEFGHIJK_DEBIT"] {
            assert!(BankType::parse(text).is_none(), "{text}");
        }
        let longest = "张".repeat(71);
        for text in ["张三", "Zhang San", longest.as_str()] {
            assert!(CardHolder::parse(text).is_some_and(|name| name.reveal() == text), "{text}");
        }
        for text in ["", " ", "张\n三", &"张".repeat(72)] {
            assert!(CardHolder::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn neither_number_nor_name_is_shown() {
        let (number, name) = ("6222021000112345678", "张三");
        let account = CardNumber::parse(number).unwrap();
        let name_ = CardHolder::parse(name).unwrap();
        let shown = format!("{account:?} {name_:?}");
        let bank_type = BankType::parse("ICBC_DEBIT").unwrap();
        let card = UserCard { bank_type, account, name: name_ };
        let shown = format!("{shown} {card:?}");
        let shown = format!("{shown} {:?}", Card::OfUser(card));
        assert_eq!(shown, "CardNumber(…) CardHolder(…) UserCard(…) USER_BANK_CARD");
        for owner in [CardOwner::User, CardOwner::Merchant] {
            assert_eq!(CardOwner::parse(owner.name()), Some(owner));
        }
        assert_eq!(CardOwner::parse("user"), None);
    }
}
