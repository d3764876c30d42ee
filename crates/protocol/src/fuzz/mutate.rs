//! Changes an input into another one.
//!
//! Knows no format: bytes, pieces, words that were seen somewhere in the corpus, and numbers that readers dislike.

use std::collections::BTreeSet;

use super::random::Random;

/// Bytes that mean something to JSON, CSV, headers or gzip.
const BYTES: &[u8] = b"\0\x01\x08\x1f\x7f\x80\x8b\xc2\xe5\xff\"\\{}[]:,;=|`'+-. \r\n\t0aA/%";
/// Numbers at the edge of what a reader takes.
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1.0",
    "1e9",
    "1E400",
    "00",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "99999999999999999999",
    "0.005",
];
/// So many words of the corpus are remembered, and so long are they.
const WORDS_MAX: usize = 4_096;
const WORD_MAX: usize = 48;
/// So many changes at once, at most.
const CHANGES_MAX: usize = 6;
/// A piece is put down again so often, at most.
const COPIES_MAX: usize = 300;

/// Makes inputs out of others, by chance from a seed.
#[derive(Debug)]
pub struct Mutator {
    random: Random,
    words: Vec<Vec<u8>>,
}

impl Mutator {
    /// One that has read the corpus.
    #[must_use]
    pub fn new(seed: u64, corpus: &[Vec<u8>]) -> Self {
        let is_edge = |byte: &u8| byte.is_ascii_punctuation() && *byte != b'_' && *byte != b'.';
        let words: BTreeSet<&[u8]> = corpus
            .iter()
            .flat_map(|input| input.split(|byte| is_edge(byte) || byte.is_ascii_whitespace()))
            .filter(|word| (1..=WORD_MAX).contains(&word.len()))
            .collect();
        let words = words.into_iter().take(WORDS_MAX).map(<[u8]>::to_vec).collect();
        Self { random: Random::of(seed), words }
    }

    /// Another input, made of one or two of these; never longer than `max`.
    pub fn another(&mut self, of: &[Vec<u8>], max: usize) -> Vec<u8> {
        let mut input = self.random.pick(of).cloned().unwrap_or_default();
        let was_text = std::str::from_utf8(&input).is_ok();
        for _ in 0..=self.random.below(CHANGES_MAX) {
            self.change(&mut input, of);
            input.truncate(max);
        }
        // Half a character ends most readers at once: text mostly stays text.
        if was_text && self.random.below(4) > 0 {
            return whole_characters(&input);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, of: &[Vec<u8>]) {
        match self.random.below(12) {
            0 => self.flip(input),
            1 => self.overwrite(input),
            2 => {
                let bytes: Vec<u8> =
                    (0..=self.random.below(8)).map(|_| self.random.byte()).collect();
                self.insert(input, &bytes);
            }
            3 => {
                let piece = self.piece(input.len());
                input.drain(piece);
            }
            4 => self.copy(input),
            5 => self.cross(input, of),
            6 | 7 => {
                let word = self.random.pick(&self.words).cloned().unwrap_or_default();
                self.insert(input, &word);
            }
            8 => {
                let word = self.random.pick(&self.words).cloned().unwrap_or_default();
                let piece = self.piece(input.len());
                input.splice(piece, word);
            }
            9 => self.number(input),
            10 => self.repeat(input),
            _ => {
                let bytes = [*self.random.pick(BYTES).unwrap_or(&0)];
                self.insert(input, &bytes);
            }
        }
    }

    fn flip(&mut self, input: &mut [u8]) {
        let (at, bit) = (self.random.below(input.len()), self.random.below(8));
        if let Some(byte) = input.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }

    fn overwrite(&mut self, input: &mut [u8]) {
        let (at, with) = (self.random.below(input.len()), *self.random.pick(BYTES).unwrap_or(&0));
        if let Some(byte) = input.get_mut(at) {
            *byte = with;
        }
    }

    fn insert(&mut self, input: &mut Vec<u8>, bytes: &[u8]) {
        let at = self.random.below(input.len().saturating_add(1));
        input.splice(at..at, bytes.iter().copied());
    }

    /// A piece, short more often than long.
    fn piece(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.random.below(length);
        let rest = length.saturating_sub(from);
        let most = if self.random.below(4) == 0 { rest } else { rest.min(24) };
        from..from.saturating_add(self.random.below(most.saturating_add(1))).min(length)
    }

    fn copy(&mut self, input: &mut Vec<u8>) {
        let range = self.piece(input.len());
        let piece = input.get(range).unwrap_or_default().to_vec();
        let copies = if self.random.below(8) == 0 { self.random.below(COPIES_MAX) } else { 1 };
        let all = piece.repeat(copies);
        self.insert(input, &all);
    }

    /// The beginning of this one and the end of another.
    fn cross(&mut self, input: &mut Vec<u8>, of: &[Vec<u8>]) {
        let other = self.random.pick(of).cloned().unwrap_or_default();
        let (cut, from) =
            (self.random.below(input.len().saturating_add(1)), self.random.below(other.len()));
        input.truncate(cut);
        input.extend_from_slice(other.get(from..).unwrap_or_default());
    }

    /// Another number where there is one.
    fn number(&mut self, input: &mut Vec<u8>) {
        let from = self.random.below(input.len());
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        let rest = input.get(from..).unwrap_or_default();
        let Some(found) = rest.iter().position(is_digit) else { return };
        let start = from.saturating_add(found);
        let digits = input.get(start..).unwrap_or_default();
        let length = digits.iter().position(|byte| !is_digit(byte)).unwrap_or(digits.len());
        let number = self.random.pick(&NUMBERS).copied().unwrap_or("0");
        input.splice(start..start.saturating_add(length), number.bytes());
    }

    /// One byte, many times: depth, width, length.
    fn repeat(&mut self, input: &mut Vec<u8>) {
        let byte = *self.random.pick(BYTES).unwrap_or(&0);
        let length = 1_usize << self.random.below(13);
        self.insert(input, &vec![byte; length]);
    }
}

/// The same without what is no UTF-8.
fn whole_characters(input: &[u8]) -> Vec<u8> {
    input.utf8_chunks().flat_map(|chunk| chunk.valid().bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs_and_none_is_too_long() {
        let corpus = vec![b"{\"a\": 12, \"b\": [\"word\"]}".to_vec(), Vec::new()];
        let made = |seed| -> Vec<Vec<u8>> {
            let mut mutator = Mutator::new(seed, &corpus);
            (0..500).map(|_| mutator.another(&corpus, 100)).collect()
        };
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
        assert!(made(3).iter().all(|input| input.len() <= 100));
        assert!(made(3).iter().collect::<BTreeSet<_>>().len() > 350, "they differ");
    }
}
